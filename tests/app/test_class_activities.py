"""Every prepared activity on the pages of a class: before anything is measured, in the middle, and at the end."""

import re
from urllib.parse import parse_qsl

import numpy as np
import pytest

from core.classroom.activities import BY_NAME
from core.classroom.measurement import NOISE_STEP, trial_of
from core.classroom.phase import Phase
from core.experiments.messages import to_dict
from core.experiments.noise.messages import BatchGradients, NoiseScale
from core.experiments.registry import kind_of, to_json
from core.experiments.step_cost.messages import Round, StepTime
from core.ui.lab import server
from tests.app.pages import STARTED, text_of
from tests.app.test_class import desk, join, look, press

__all__ = ["desk"]
pytestmark = pytest.mark.usefixtures("routed")

MEMBERS = 2


def race_messages(spec) -> list[dict]:
    rows = []
    for b in spec.train.batch_sizes:
        last = spec.train.num_steps(b, spec.block_size)
        for step, level in ((0, 4.0), (last, 2.0)):
            losses = tuple(level + 0.1 / b + 0.01 * seed for seed in spec.train.seeds)
            rows.append({"kind": "eval", "batch_size": b, "step": step, "losses": losses})
        rows.append({"kind": "speed", "batch_size": b, "step_seconds": 0.001 * b})
        more = {"steps": last, "final_val_loss": 2.0 + 0.1 / b, "loss_noise": 0.4 / b**0.5, "tokens_per_second": 1.0}
        rows += [{"kind": "summary", "batch_size": b, "seed": seed} | more for seed in spec.train.seeds]
    return rows


def time_messages(spec) -> list[dict]:
    splits = [*((b, b) for b in spec.batch_sizes), *((spec.split_size, m) for m in spec.micro_batch_sizes)]
    rounds = [tuple(StepTime(b, m, (1 + k / 9) * (b + 3 * b / m)) for b, m in splits) for k in range(4)]
    return [to_dict(Round(steps, 1e9, None)) for steps in rounds]


def noise_messages(spec) -> list[dict]:
    known = {"step": NOISE_STEP, "grad_sq_norm": 1.0, "trace_cov": 40.0, "whole_grad_sq_norm": 1.0}
    scale = NoiseScale(**known, simple_noise_scale=40.0, low=35.0, high=45.0, resolved=True)
    batches = {b: np.column_stack([np.ones(5), np.full(5, (1 + 40 / b) ** -0.5)]) for b in spec.batch_sizes}
    drawn = [
        BatchGradients(step=NOISE_STEP, batch_size=b, data=np.float32(two).tobytes()) for b, two in batches.items()
    ]
    return [to_dict(message) for message in (*drawn, scale)]


def draw_messages(spec) -> list[dict]:
    return [to_dict(message) for message in kind_of(spec).run(spec)][1:]


MESSAGES = {"race": race_messages, "step_cost": time_messages, "noise": noise_messages, "draws": draw_messages}
MORE = {  # in the first message of a kind
    "step_cost": {"device_name": "a processor", "num_threads": 2, "flops_per_window": 1_000},
    "noise": {"num_windows": 900, "all_windows": True, "gradient_batches": 5, "loss_batches": 5},
}


@pytest.mark.parametrize("name", BY_NAME)
def test_desk_board_and_seats_show_it_from_the_beginning_to_the_end(app, desk, name):
    teacher, code = desk
    members = [join(app, code) for _ in range(MEMBERS)]
    board = app("hold_a_class", class_code=code, class_role="board", present="1")
    teacher.run()
    teacher.radio[0].set_value(name)
    press(teacher, "Begin")
    activity, spec = BY_NAME[name], trial_of(BY_NAME[name], MEMBERS)
    found = MESSAGES[spec.kind](spec)
    desk_in = server().classes.desk(teacher.session_state["_class_desk"])
    desk_in.move(Phase.PREDICT, Phase.MEASURE)
    experiment_id = server().store.create(to_json(spec), spec.text)
    server().store.set_status(experiment_id, "running")
    desk_in.measure(1, experiment_id)
    for part in ([STARTED | MORE.get(spec.kind, {})], found[: len(found) // 2], found[len(found) // 2 :]):
        server().store.append(experiment_id, part)
        for page in (teacher, board, *members):
            assert not page.run().exception and not page.error
    server().store.set_status(experiment_id, "done")
    desk_in.move(Phase.MEASURE, Phase.COMPARE)
    said = [text_of(page.run()) for page in (teacher, board, *members)]
    for page, text in zip((teacher, board, *members), said, strict=True):
        assert not page.exception and not page.error
        assert "Measured: **" in text or "leads, by" in text or "Too close to call" in text
    assert all(activity.why[1].split(".")[0] in text for text in said[1:])
    assert look(code).phase == Phase.COMPARE
    links = [re.search(r"\(race_batch_sizes\?(.*?)\)", text) for text in said]
    assert [bool(link) for link in links] == [activity.is_race, False, *MEMBERS * [activity.is_race]]
    if activity.is_race:
        race = app("race_batch_sizes", **dict(parse_qsl(links[0][1])))
        assert not race.exception and "the race of a class" in text_of(race) and not race.warning
