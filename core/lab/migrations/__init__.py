"""How a database of an earlier version becomes one of this: a file a change in `versions/`, run by alembic.

To change a table: change it in `tables.py`, add a file in `versions/` with the same change, and set HEAD to its
revision.
"""

from pathlib import Path

import sqlalchemy as sa

from core.lab.database import OTHER, StoreError

HEAD = "0003"  # the newest of `versions/`
FIRST = "0001"
VERSION_TABLE = "batchscope_version"  # not alembic's own name: the database may be another program's too
COLUMNS_OF_FIRST = {
    "experiments": {"id", "number", "settings", "text", "status", "sentence", "created_at", "seen_at"},
    "records": {"number", "experiment_id", "message", "data"},
}
ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(1648443236)"}  # one server at a time


def migrate(db: sa.Connection) -> None:
    """Bring the tables up to date. Raises StoreError, with a sentence, for tables that are not ours."""
    if version_of(db) == HEAD:
        return  # a server's usual start need not load alembic, a quarter of a second
    if alone := ALONE.get(db.dialect.name):
        db.exec_driver_sql(alone)
    version = version_of(db)  # another server may have done it meanwhile
    if version is not None and not FIRST <= version <= HEAD:
        raise StoreError(f"The database is of a newer version of Batchscope: update Batchscope, or {OTHER}.")
    upgrade(db, is_first=version is None and has_tables_of_first(db))


def version_of(db: sa.Connection) -> str | None:
    """None where alembic has not been."""
    if not sa.inspect(db).has_table(VERSION_TABLE):
        return None
    return db.scalar(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE)))


def has_tables_of_first(db: sa.Connection) -> bool:
    """Whether our tables are there as they were before there were migrations. Raises StoreError for others."""
    inspector = sa.inspect(db)
    found = {
        name: {column["name"] for column in inspector.get_columns(name)}
        for name in COLUMNS_OF_FIRST
        if inspector.has_table(name)
    }
    if found and found != COLUMNS_OF_FIRST:
        raise StoreError(f"The database has tables of another program, or of a very old Batchscope: {OTHER}.")
    return bool(found)


def upgrade(db: sa.Connection, is_first: bool) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": db})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    if is_first:
        command.stamp(config, FIRST)
    command.upgrade(config, HEAD)
