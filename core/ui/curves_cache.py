"""The curves of the races that are being looked at."""

import threading
from collections import OrderedDict
from functools import partial

from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.lab.store import Store


class CurvesCache:
    """The curves of the races that are looked at now, shared by all who look; the least recently seen go first."""

    def __init__(self, store: Store, max_races: int = 32):
        self.store, self.max_races = store, max_races
        self.kept: OrderedDict[tuple, RaceResults] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, experiment_id: str, spec: RaceSpec, half_life_tokens: int = 0) -> RaceResults:
        key = (experiment_id, half_life_tokens)
        with self.lock:
            if key not in self.kept:
                self.kept[key] = RaceResults(partial(self.store.read, experiment_id), spec, half_life_tokens)
            self.kept.move_to_end(key)
            while len(self.kept) > self.max_races:
                self.kept.popitem(last=False)
            return self.kept[key]
