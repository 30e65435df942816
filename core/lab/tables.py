"""The tables of the store. A change here is also a file in `migrations/versions`; a test compares the two."""

import re

import sqlalchemy as sa


class AnyText(sa.types.TypeDecorator):
    """Text of any characters. PostgreSQL takes all but the one of number 0, which is written as a backslash and a 0."""

    impl, cache_ok = sa.Text, True

    def process_bind_param(self, value, dialect):
        escapes = dialect.name == "postgresql" and value is not None
        return value.replace("\\", "\\\\").replace("\0", "\\0") if escapes else value

    def process_result_value(self, value, dialect):
        escaped = dialect.name == "postgresql" and value is not None
        return re.sub(r"\\([\\0])", lambda found: found[1].replace("0", "\0"), value) if escaped else value


metadata = sa.MetaData()
experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, index=True),  # grows from one to the next: the order of the line
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("text", AnyText, nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("sentence", AnyText, nullable=False, default=""),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("server", sa.String(32), nullable=False, server_default=""),  # the id of the one that runs it
    sa.Column("digest", sa.String(64), nullable=True, index=True),  # of what it is: equal ones have equal digests
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
servers = sa.Table(
    "servers",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),  # on that host
    sa.Column("started_at", sa.Float, nullable=False),  # the process, for numbers are given again
    sa.Column("seen_at", sa.Float, nullable=False),  # its last sign of life
)
classes = sa.Table(
    "classes",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("code", sa.String(8), nullable=False, unique=True),
    sa.Column("teacher", sa.String(64), nullable=False, unique=True),  # the hash of the teacher's secret
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # grows with every change, of its members and answers too
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),  # of its activities, from 1; 0 before the first
)
rounds = sa.Table(
    "rounds",
    metadata,
    sa.Column("class_id", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("activity", AnyText, nullable=False),  # JSON
    sa.Column("experiment_id", sa.String(32), nullable=False),  # empty until it is measured
)
members = sa.Table(
    "members",
    metadata,
    sa.Column("class_id", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # from 1, as they came
    sa.Column("secret", sa.String(64), nullable=False, unique=True),  # the hash of the member's
    sa.Column("name", AnyText, nullable=False),
    sa.Column("hidden", sa.Integer, nullable=False),  # 1 where the teacher has hidden name and answers
)
answers = sa.Table(
    "answers",
    metadata,
    sa.Column("class_id", sa.String(32), primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    sa.Column("phase", sa.String(16), primary_key=True),  # of the two in which answers are given
    sa.Column("member", sa.Integer, primary_key=True),
    sa.Column("value", sa.Float, nullable=False),  # a number on the scale, or the place of an option, from 0
)
