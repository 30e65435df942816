"""What is different with PostgreSQL: its own refusals, a server that goes away and comes back, tables of before."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.lab import database, migrations, writer
from core.lab.database import StoreError
from core.lab.store import Status, Store
from core.lab.tables import metadata
from core.lab.writer import Writer

pytestmark = pytest.mark.waits


@pytest.fixture
def store(postgres, monkeypatch):
    monkeypatch.setattr(database, "RETRY_SECONDS", 0)
    monkeypatch.setattr(writer, "RETRY_SECONDS", 0.02)
    made = Store(postgres.url)
    yield made
    made.close()


def differences(store: Store) -> list:
    with store.database.begin() as db:
        context = MigrationContext.configure(db, opts={"version_table": migrations.VERSION_TABLE})
        return compare_metadata(context, metadata)


def test_a_new_database_has_the_tables_of_the_program(store):
    assert differences(store) == []


def test_one_of_before_there_were_migrations_is_brought_up_to_date(store, postgres):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "HEAD", migrations.FIRST)
        store.check()
    postgres.execute(f"DROP TABLE {migrations.VERSION_TABLE}")
    postgres.execute("INSERT INTO experiments VALUES ('done', 1, '{}', 'a text', 'done', '', 1, 1)")
    store.close()
    assert store.experiment("done").text == "a text" and differences(store) == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_its_address_may_name_the_driver_or_not(postgres, scheme):
    made = Store(postgres.url.replace("postgresql", scheme))
    made.check()
    made.close()


def test_a_database_that_is_not_there_is_a_sentence(postgres):
    with pytest.raises(StoreError, match="The database nosuch cannot be used: it does not answer, or refuses"):
        Store(postgres.url.replace("/postgres?", "/nosuch?")).check()


def test_what_it_refuses_to_a_user_is_a_sentence_without_the_text(store, postgres):
    store.check()
    postgres.execute("DROP TABLE records, experiments")
    with pytest.raises(StoreError, match="its tables are not those of Batchscope") as refused:
        store.create("{}", "a secret")
    assert "secret" not in str(refused.value)


def test_a_database_that_takes_no_writes_is_a_sentence(store, postgres):
    experiment = store.create("{}", "x")
    postgres.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
    try:
        store.close()
        assert store.experiment(experiment).text == "x"
        with pytest.raises(StoreError, match="it is read-only"):
            store.create("{}", "x")
    finally:
        store.close()
        with postgres.connect() as db:
            db.execute("SET default_transaction_read_only = off")
            db.execute("ALTER DATABASE postgres RESET default_transaction_read_only")


def test_a_server_that_stops_loses_no_record_and_is_used_again_when_it_is_back(store, postgres):
    experiment, kept = store.create("{}", "x"), Writer(store)
    postgres.stop()
    try:
        with pytest.raises(StoreError, match="cannot be used"):
            store.status(experiment)
        for step in range(20):
            kept.append(experiment, [{"kind": "text", "step": step}])
        kept.set_status(experiment, Status.DONE)
        assert not kept.flush(0.2)
    finally:
        postgres.start()
    assert kept.flush(60) and store.status(experiment) == ("done", "")
    assert [message["step"] for message in store.read(experiment)[0]] == list(range(20))
    kept.close()
