"""Alembic runs this file; the connection is given by `migrate`, which is also where the transaction begins and ends."""

from alembic import context

from core.lab.migrations import VERSION_TABLE
from core.lab.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
