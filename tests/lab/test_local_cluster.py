"""How the memory of a machine is shared among workers, and what a cluster that is not ours is asked for."""

from types import SimpleNamespace

import pytest

from core.lab.calls import MAX_EXTERNAL, external_resources
from core.lab.local_cluster import FILES_BYTES, IDLE_BYTES, SERVER_BYTES, worker_plans
from core.lab.worker import REFUSED_AT, USED_AT_MOST
from core.settings.limits import LOADED_BYTES, SHARING_RANK_BYTES

MB, GB = 2**20, 2**30


@pytest.mark.parametrize("total", [600 * MB, 690 * MB, GB, 2 * GB, 4 * GB, 24 * GB, 512 * GB])
@pytest.mark.parametrize("cores", [1, 2, 16])
def test_what_workers_may_take_fits_beside_the_server(total, cores):
    plans = worker_plans(total, cores)
    alone = [plan.memory_bytes - FILES_BYTES for plan in plans.values()]  # program files are there once
    assert sum(alone) <= total - SERVER_BYTES
    assert {"race", "call-0"} <= {kind for plan in plans.values() for kind in plan.resources}
    assert min(alone) >= IDLE_BYTES + 70 * MB and plans["race"].memory_bytes - FILES_BYTES == max(alone)


@pytest.mark.parametrize(("total", "alone"), [(690, 490), (1024, 824)])
def test_where_two_do_not_fit_beside_ranks_one_worker_does_both(total, alone):
    plans = worker_plans(total * MB, 1)
    assert list(plans) == ["race"] and plans["race"].resources == {"race": 1, "call-0": 1}
    assert plans["race"].memory_bytes == (alone + 140) * MB


def test_two_workers_leave_room_for_two_ranks():
    smallest = next(total for total in range(700, 2048) if len(worker_plans(total * MB, 1)) == 2)
    race = worker_plans(smallest * MB, 1)["race"].memory_bytes - IDLE_BYTES - FILES_BYTES
    assert USED_AT_MOST * REFUSED_AT * race >= LOADED_BYTES + 2 * SHARING_RANK_BYTES


def test_a_second_worker_for_calls_where_cores_and_memory_allow():
    assert len(worker_plans(24 * GB, 2)) == len(worker_plans(4 * GB, 16)) == 2
    assert len(worker_plans(24 * GB, 4)) == 3


def test_a_cluster_that_is_not_ours_is_asked_by_the_names_that_its_workers_have():
    def client(*resources: dict) -> SimpleNamespace:
        found = {"workers": {f"tcp://{place}": {"resources": r} for place, r in enumerate(resources)}}
        return SimpleNamespace(scheduler_info=lambda n_workers: found)

    assert external_resources(client({"race": 1.0}, {"call-0": 1.0}, {"call-1": 1.0})) == ["call-0", "call-1"]
    assert external_resources(client({"race": 1.0, "call": 2.0})) == ["call"] * 2
    assert external_resources(client({"call": 100.0})) == ["call"] * MAX_EXTERNAL
    assert external_resources(client({"race": 1.0})) == ["call"]  # one that is started later may take it
