"""A feed gives all viewers of an experiment the same results, which none of them can change."""

import numpy as np
import pytest

from core.experiments import feed as feed_module
from core.experiments.feed import Feed
from core.experiments.race.spec import RaceSpec
from core.experiments.results import READ_AT_ONCE
from core.training import TrainConfig

PLAN = TrainConfig(batch_sizes=(2, 4), num_seeds=2, max_tokens=8 * 4 * 100)
SPEC = RaceSpec(text="", block_size=8, train=PLAN)


def losses(first: int, num_steps: int = 1, value: float = 1.0) -> dict:
    data = np.full((num_steps, 2), value, np.float32).tobytes()
    return {"kind": "losses", "batch_size": 2, "step": first, "num_runs": 2, "data": data}


def feed_of(messages: list[dict]) -> Feed:
    def read(cursor):
        part = messages[cursor : cursor + READ_AT_ONCE]
        return part, cursor + len(part)

    return Feed(read, SPEC)


def test_a_snapshot_stays_as_it_was():
    messages = [losses(1)]
    feed = feed_of(messages)
    before = feed.look()
    messages += [losses(2), {"kind": "diverged", "batch_size": 2, "seed": 0, "step": 3}]
    after = feed.look()
    assert (before.steps[2], after.steps[2]) == (1, 2) and len(before.divergences) < len(after.divergences)
    assert [len(each.training_columns("steps", 2)["x"]) for each in (before, after)] == [1, 2]


def test_a_snapshot_is_read_only():
    seen = feed_of([losses(1)]).look()
    with pytest.raises(AttributeError, match="shared"):
        seen.started = {}
    with pytest.raises(TypeError):
        seen.steps[2] = 9
    with pytest.raises(AttributeError, match="shared"):
        seen.envelopes[2].low = np.empty(0)


def test_all_viewers_get_the_same_snapshot_until_a_message_comes():
    messages = [losses(1)]
    feed = feed_of(messages)
    first = feed.look()
    assert all(feed.look() is first for _ in range(30))
    messages.append(losses(2))
    assert feed.look() is not first


def test_all_is_read_however_many_messages_wait():
    waiting = [losses(step) for step in range(1, READ_AT_ONCE + 3)]
    assert feed_of(waiting).look().steps[2] == len(waiting) > READ_AT_ONCE


@pytest.mark.parametrize("num_viewers", [1, 30])
def test_the_rest_takes_as_long_as_the_pace_says_however_many_look(monkeypatch, num_viewers):
    now = [100.0]
    monkeypatch.setattr(feed_module.time, "monotonic", lambda: now[0])
    messages = [losses(1, 20)]
    feed = feed_of(messages)
    feed.look()
    assert feed.remaining_seconds() is None  # one look tells no pace
    for tick in range(20):
        messages.append(losses(21 + tick, 1))
        now[0] += 1.5
        for _ in range(num_viewers):
            feed.look()
    # 5% of all tokens at first, 10% thirty seconds later: the other 90% take 540 s
    assert feed.remaining_seconds() == pytest.approx(540.0)
