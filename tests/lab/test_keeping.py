"""An experiment of a shell's own process, in the store."""

import pytest
from kept_experiments import DRAWS

from core.experiments.draws.messages import Drawn
from core.experiments.messages import Started, to_dict
from core.experiments.registry import KINDS, from_json
from core.lab import keeping
from core.lab.database import StoreError
from core.lab.digest import digest_of_experiment
from core.lab.keeping import kept
from core.lab.store import Status, Store

MESSAGES = [Started(vocab_size=2, num_parameters=0), *(Drawn(draw, 10.0 * draw) for draw in range(4))]


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path}/kept.db")
    yield made
    made.close()


@pytest.fixture
def ids():
    return []


def test_what_goes_by_is_in_the_store_with_its_settings_and_text(store, ids):
    assert list(kept(store, DRAWS, MESSAGES, ids.append)) == MESSAGES
    experiment = store.experiment(ids[0])
    assert (experiment.status, experiment.here) == (Status.DONE, True)
    assert from_json(experiment.settings, experiment.text) == DRAWS
    assert store.read(ids[0])[0] == list(map(to_dict, MESSAGES))


def test_the_app_finds_it_as_an_experiment_of_its_own(store, ids):
    list(kept(store, DRAWS, MESSAGES, ids.append))
    assert store.find(digest_of_experiment(DRAWS)) == ids[0]


def test_its_id_is_told_before_anything_is_done(store, ids):
    passed_on = kept(store, DRAWS, iter(MESSAGES), ids.append)
    next(passed_on)
    assert store.status(ids[0])[0].active
    passed_on.close()


def test_one_that_is_closed_early_was_stopped_and_keeps_what_came_by(store, ids):
    passed_on = kept(store, DRAWS, MESSAGES, ids.append)
    assert [next(passed_on), next(passed_on)] == MESSAGES[:2]
    passed_on.close()
    assert store.status(ids[0]) == (Status.STOPPED, "")
    assert len(store.read(ids[0])[0]) == 2


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(ValueError("All windows are alike."), "All windows are alike."), (KeyError("x"), "KeyError")],
)
def test_one_that_fails_says_why_and_the_error_goes_on(store, ids, error, sentence):
    def messages():
        yield MESSAGES[0]
        raise error

    with pytest.raises(type(error)):
        list(kept(store, DRAWS, messages(), ids.append))
    status, why = store.status(ids[0])
    assert status == Status.FAILED and sentence in why


def test_a_database_that_is_away_ends_it_before_anything_is_done(ids):
    def nothing():
        raise AssertionError("it was run")
        yield

    with pytest.raises(StoreError, match="cannot be opened"):
        list(kept(Store("sqlite:////no/such/folder/x.db"), DRAWS, nothing(), ids.append))
    assert ids == []


def test_what_the_database_does_not_take_in_the_end_is_reported(store, ids, monkeypatch):
    monkeypatch.setattr(keeping, "LAST_SECONDS", 0.05)

    def away(changes):
        raise StoreError("away")

    monkeypatch.setattr(store, "write", away)
    with pytest.raises(StoreError, match="could not keep all of experiment"):
        list(kept(store, DRAWS, MESSAGES, ids.append))


def test_while_it_runs_it_gives_signs_of_life(store, ids, monkeypatch):
    signed = []
    monkeypatch.setattr(keeping, "HEARTBEAT_SECONDS", -1)
    still_here = store.still_here
    monkeypatch.setattr(store, "still_here", lambda: signed.append(still_here()))
    list(kept(store, DRAWS, MESSAGES, ids.append))
    assert len(signed) == 1 + len(MESSAGES)  # the first of them as it is made


def test_a_kind_s_own_run_says_what_it_runs_with(store, ids):
    first = next(iter(KINDS["draws"].run(DRAWS)))
    assert KINDS["draws"].message(to_dict(first)) == first and first.versions is not None
