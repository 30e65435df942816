"""The tables of the store. A change here is also a file in `migrations/versions`; a test compares the two."""

import sqlalchemy as sa

metadata = sa.MetaData()
experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, index=True),  # grows from one to the next: the order of the line
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("sentence", sa.Text, nullable=False, default=""),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),  # the last sign of life of the server that runs it
)
records = sa.Table(
    "records",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("experiment_id", sa.String(32), nullable=False),
    sa.Column("message", sa.Text, nullable=False),  # JSON, without `data`
    sa.Column("data", sa.LargeBinary, nullable=True),
    sa.Index("by_experiment", "experiment_id", "number"),
)
