"""An experiment of every kind, as it is kept: what was recorded with the app, and draws, which no page shows."""

from functools import cache

from core.experiments.draws.run import run
from core.experiments.draws.spec import Counted, DrawsSpec
from core.experiments.messages import to_dict
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import to_json
from core.lab.recording import RECORDINGS, Recording, read_recording
from core.lab.store import Status, Store
from core.training import TrainConfig

RECORDED = {"race": "race", "noise": "noise", "sweep": "sweep", "orders": "orders", "parallel": "parallel"}
RECORDED |= {"step_cost": "speed"}
PLAN = TrainConfig(batch_sizes=(2,), num_seeds=1, first_seed=5, max_tokens=1000)
DRAWS = DrawsSpec(
    race=RaceSpec(text="To be or not to be. " * 40, block_size=8, train=PLAN), counted=Counted.UNREAD, num_draws=4
)


@cache
def recording_of(kind: str) -> Recording:
    if kind == "draws":
        return Recording(DRAWS, list(map(to_dict, run(DRAWS))), "")
    return read_recording(RECORDINGS[RECORDED[kind]])


def keep(store: Store, kind: str) -> str:
    """The same in a store. Returns its id."""
    recording = recording_of(kind)
    experiment_id = store.create(to_json(recording.spec), recording.spec.text)
    store.append(experiment_id, recording.messages)
    store.set_status(experiment_id, Status.DONE)
    return experiment_id
