"""Classes: their members, the activities that they went through, and what was answered."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    op.create_table(
        "classes",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("code", sa.String(8), nullable=False, unique=True),
        sa.Column("teacher", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
    )
    op.create_table(
        "rounds",
        sa.Column("class_id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("activity", sa.Text, nullable=False),
        sa.Column("experiment_id", sa.String(32), nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("class_id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hidden", sa.Integer, nullable=False),
    )
    op.create_table(
        "answers",
        sa.Column("class_id", sa.String(32), primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
        sa.Column("phase", sa.String(16), primary_key=True),
        sa.Column("member", sa.Integer, primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
    )
