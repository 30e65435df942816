"""Every page that shows an experiment, with one whose measured numbers are degenerate: it may say little, not throw."""

import math

import numpy as np
import pytest

from core.experiments.registry import to_json
from core.lab.recording import RECORDINGS, read_recording
from core.lab.store import Status, Store
from tests.app.pages import unfold

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]  # numpy may warn of NaN

PAGES = {  # and what is unfolded there
    "race": ("race_batch_sizes", ("race_leads", "race_numbers", "race_speed")),
    "noise": ("measure_the_noise", ("noise_gradients", "noise_design", "noise_scale", "noise_numbers")),
    "sweep": ("tune_the_rate", ("sweep_best", "sweep_fit", "sweep_numbers")),
    "orders": ("choose_the_order", ("order_numbers", "order_unread")),
    "parallel": ("distribute_the_batch", ("parallel_numbers",)),
    "splits": ("accumulate_gradients", ("split_numbers",)),
    "speed": ("speed_and_memory", ("speed_knee", "speed_memory", "speed_numbers", "speed_target")),
}
NUMBERS = {
    "zeros": lambda value: 0.0,
    "equal": lambda value: 1.0,
    "tiny": lambda value: 1e-30,
    "huge": lambda value: 3e38,
    "lost": lambda value: math.nan,
    "endless": lambda value: math.inf,
}


def changed(value, change):
    """A message with other numbers: every float in it, also those in bytes."""
    match value:
        case float():
            return change(value)
        case bytes():
            return np.full(len(value) // 4, change(1.0), dtype=np.float32).tobytes()
        case list():
            return [changed(each, change) for each in value]
        case dict():
            return {key: changed(each, change) for key, each in value.items()}
    return value


@pytest.mark.parametrize("change", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_any_numbers(app, tmp_path, name, change):
    recording = read_recording(RECORDINGS[name])
    store = Store(f"sqlite:///{tmp_path}/app.db")
    kept = store.create(to_json(recording.spec), "To be or not to be, that is the question.\n" * 200)
    store.append(kept, [changed(message, change) for message in recording.messages])
    store.set_status(kept, Status.DONE)
    page, folds = PAGES[name]
    test = unfold(app(page, **{name: kept}), *folds)
    assert not test.exception
    assert not app("summary", **{name: kept}).exception
