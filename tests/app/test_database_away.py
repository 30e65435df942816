"""Pages while the database cannot be used: what explains is there, recorded runs are shown, and a sentence says why
nothing can be started."""

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.lab
from core.corpus import samples
from core.experiments.race.offers import race_of
from core.experiments.registry import to_json
from core.lab import database
from core.lab.store import Store
from core.settings.values import Settings
from tests.app.browsing import TITLES
from tests.app.pages import STARTED

PAGES = [name or "start" for name in TITLES]
START = {  # the key of the button that starts each one's experiment
    "measure_the_noise": "noise_start",
    "race_batch_sizes": "race_start",
    "tune_the_rate": "sweep_start",
    "speed_and_memory": "speed_start",
    "check_the_claims": "claim_race_start",
    "choose_the_order": "orders_start",
    "accumulate_gradients": "splits_start",
    "distribute_the_batch": "parallel_start",
}
SENTENCE = (
    r"The database /no/such/folder/x.db cannot be opened: No such file or directory. Check its folder and rights."
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(database, "RETRY_SECONDS", 0)
    monkeypatch.setattr(database, "LOOK_SECONDS", 0)


@pytest.fixture
def away(app, monkeypatch):
    monkeypatch.setenv("BATCHSCOPE_DATABASE_URL", "sqlite:////no/such/folder/x.db")
    return app


def errors(test) -> list[str]:
    assert not test.exception, test.exception
    return [each.value.replace("\\", "") for each in test.error]


def shown(test) -> str:
    return " ".join(each.value for each in (*test.markdown, *test.caption, *test.warning)).replace("\\", "")


def keys(test) -> set[str]:
    return {button.key for button in test.button}


def race_in(store: Store) -> str:
    race = race_of(Settings(), samples()["bees"].text)
    race_id = store.create(to_json(race), race.text)
    store.append(race_id, [STARTED])
    return race_id


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_there_and_says_why_nothing_can_be_started(away, page):
    test = away(page, race="some", noise="thing")
    assert test.title[0].value
    assert set(errors(test)) == ({SENTENCE} if page in START else set())
    assert not {key for key in keys(test) if key in START.values()}
    assert SENTENCE in shown(test)  # in the sidebar: there are experiments in the address


def test_a_text_that_is_only_in_an_experiment_is_asked_for_again(away):
    test = away("make_a_batch", race="some", text="pasted")
    assert errors(test) == [] and test.text_area[0].value == ""


@pytest.mark.parametrize("page", START)
def test_the_button_is_there_with_a_database_and_the_recording_without_one_too(app, monkeypatch, page):
    assert START[page] in keys(app(page))
    monkeypatch.setenv("BATCHSCOPE_DATABASE_URL", "sqlite:////no/such/folder/x.db")
    core.ui.lab.server.clear()
    test = app(page)
    assert errors(test) and "recorded on" in shown(test)
    assert "Click **" not in shown(test)


def start_a_race():
    from core.ui.choices import Choices
    from core.ui.controls import submit

    submit(Choices(), "race")


@pytest.mark.usefixtures("app")
def test_a_start_that_finds_the_disk_full_says_so(monkeypatch):
    def full(self, *values):
        raise database.StoreError("The database x.db cannot be used: its disk is full: free some space.")

    monkeypatch.setattr(Store, "create", full)
    assert "its disk is full: free some space." in errors(AppTest.from_function(start_a_race).run(timeout=30))[0]


def test_an_empty_variable_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("BATCHSCOPE_DATABASE_URL", "")
    monkeypatch.setattr(database, "USUAL_FILE", tmp_path / "usual.db")
    core.ui.lab.Server().store.check()
    assert (tmp_path / "usual.db").exists()


def test_the_experiment_comes_back_with_the_database(app, tmp_path):
    race_id = race_in(Store(f"sqlite:///{tmp_path}/app.db"))
    tmp_path.joinpath("app.db").rename(tmp_path / "elsewhere.db")
    tmp_path.joinpath("app.db").mkdir()
    test = app("race_batch_sizes", race=race_id)
    assert "Is a directory" in errors(test)[0]
    tmp_path.joinpath("app.db").rmdir()
    tmp_path.joinpath("elsewhere.db").rename(tmp_path / "app.db")
    test.run()
    assert errors(test) == [] and test.query_params["race"] == race_id
    assert "Your race is waiting" in shown(test)


def test_a_file_that_was_deleted_under_way_is_reported(app, tmp_path):
    race_id = race_in(Store(f"sqlite:///{tmp_path}/app.db"))
    test = app("race_batch_sizes", race=race_id)
    assert "not here" not in shown(test)
    for each in tmp_path.glob("app.db*"):
        each.unlink()
    test.run()
    assert "is not here" in shown(test) and "was deleted or replaced while this server ran" in shown(test)
    assert errors(test) == [] and "race_start" in keys(test)


def test_a_run_whose_database_goes_away_says_so_and_shows_what_is_known(app, monkeypatch):
    def away(self, *values):
        raise database.StoreError("The database x.db cannot be used: another program has locked it.")

    app("race_batch_sizes")
    race_id = race_in(core.ui.lab.server().store)
    monkeypatch.setattr(Store, "status", away)  # what the parts of a page ask that tick by themselves
    monkeypatch.setattr(Store, "read", away)
    test = app("race_batch_sizes", race=race_id)
    assert errors(test) == ["The database x.db cannot be used: another program has locked it."]
    assert "race_stop" in keys(test)


def test_a_run_of_another_server_says_so_and_can_be_left(app, tmp_path):
    race_id = race_in(Store(f"sqlite:///{tmp_path}/app.db"))  # this process, but not the page's server
    test = app("race_batch_sizes", race=race_id)
    assert "This run belongs to another server on the same database. Only that one can stop it." in shown(test)
    assert keys(test) & {"race_start", "race_stop", "race_pause"} == {"race_start"}


def test_ones_own_run_has_its_buttons(app):
    test = app("race_batch_sizes")
    race_id = race_in(core.ui.lab.server().store)
    test = app("race_batch_sizes", race=race_id)
    assert "another server" not in shown(test)
    assert keys(test) & {"race_start", "race_stop", "race_pause"} == {"race_stop", "race_pause"}
