"""Servers have a table, for the life of an experiment is that of its server; equal experiments have equal digests."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    op.create_table(
        "servers",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.add_column("experiments", sa.Column("server", sa.String(32), nullable=False, server_default=""))
    op.add_column("experiments", sa.Column("digest", sa.String(64), nullable=True, index=True))
    op.drop_column("experiments", "seen_at")
