"""A race that was cut off has a button that has it go on."""

import pytest

from core.experiments.race.offers import race_of
from core.experiments.registry import to_json
from core.lab.cluster import Lab
from core.lab.remote import LabError
from core.lab.store import Status
from core.settings.values import Settings
from core.ui.lab import server
from tests.app.pages import STARTED

pytestmark = pytest.mark.usefixtures("routed")

MARK = {"kind": "checkpoint", "name": "a1"}


def cut_off(status: Status, *messages: dict) -> str:
    race = server().store.create(to_json(race_of(Settings(), "")), "A text. " * 400)
    server().store.append(race, [STARTED, *messages])
    server().store.set_status(race, status, "It was cut off.")
    return race


def buttons(test) -> list[str]:
    assert not test.exception, test.exception
    return [button.label for button in test.button]


@pytest.mark.parametrize("status", [Status.FAILED, Status.STOPPED, Status.INTERRUPTED])
def test_it_goes_on_where_there_is_a_checkpoint(app, monkeypatch, status):
    asked = []
    monkeypatch.setattr(Lab, "go_on", lambda self, experiment_id, visitor: asked.append(experiment_id))
    race = cut_off(status, MARK)
    test = app("race_batch_sizes", race=race)
    assert "Continue" in buttons(test)
    test.button(key="race_continue").click().run()
    assert asked == [race]


def test_it_does_not_where_there_is_none_or_where_it_is_done(app):
    assert "Continue" not in buttons(app("race_batch_sizes", race=cut_off(Status.FAILED)))
    assert "Continue" not in buttons(app("race_batch_sizes", race=cut_off(Status.DONE, MARK)))


@pytest.mark.parametrize("error", [LabError("It goes on already."), ValueError("It needs memory."), OSError("bucket")])
def test_why_it_cannot_is_a_sentence(app, monkeypatch, error):
    def go_on(self, experiment_id, visitor):
        raise error

    monkeypatch.setattr(Lab, "go_on", go_on)
    test = app("race_batch_sizes", race=cut_off(Status.STOPPED, MARK))
    test.button(key="race_continue").click().run()
    said = "Its checkpoint cannot be read now" if isinstance(error, OSError) else str(error)[:-1]
    assert said in test.error[0].value
