"""Races for a cluster to run, and how a test waits for them."""

import time

import pytest

from core.experiments.race.spec import RaceSpec
from core.training import TrainConfig

TEXT = "To be or not to be, that is the question. " * 40


def spec(max_tokens: int) -> RaceSpec:
    plan = TrainConfig(batch_sizes=(2, 8), num_seeds=2, max_tokens=max_tokens)
    return RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=plan)


SHORT, LONG = spec(4_000), spec(20_000_000)


def wait_for(lab, race_id: str, *statuses: str, seconds: float = 30) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (status := lab.store.status(race_id)[0]) in statuses:
            return status
        time.sleep(0.02)
    pytest.fail(f"{race_id} is {status}, not {statuses}")


def num_records(lab, race_id: str) -> int:
    return len(lab.store.read(race_id, at_most=100_000)[0])


def wait_for_records(lab, race_id: str, more_than: int) -> int:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if (found := num_records(lab, race_id)) > more_than:
            return found
        time.sleep(0.05)
    pytest.fail("no new records")
