"""A measurement of a text whose windows are nearly all alike, in the address: no page throws, and none claims much."""

import math

import pytest
import torch

from core.experiments.messages import to_dict
from core.experiments.noise.run import run
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import to_json
from core.lab.store import Status, Store
from core.training import TrainConfig
from tests.app.pages import text_of, unfold

pytestmark = pytest.mark.slow
TEXTS = {"one": "0" * 6000 + "1" + "0" * 6000, "four": "ab" * 4000 + "zq9!" + "ab" * 4000}
FOLDED = ("noise_gradients", "noise_design", "noise_scale", "noise_numbers")


def measure(text: str) -> tuple[NoiseSpec, list[dict]]:
    torch.set_num_threads(1)
    plan = TrainConfig(batch_sizes=(16,), num_seeds=1, max_tokens=1000, device="cpu")
    race = RaceSpec(text=text, block_size=8, n_layer=1, n_head=1, n_embd=8, train=plan)
    spec = NoiseSpec.of(race, (0, 3), (1, 4), 4)
    return spec, list(map(to_dict, run(spec)))


@pytest.fixture(scope="module", params=TEXTS)
def measured(request):
    return measure(TEXTS[request.param])


def before(message: dict) -> dict:
    """As a former version kept it: every estimate resolved, with what numbers came out."""
    message = {key: value for key, value in message.items() if key != "unresolved"}
    match message["kind"]:
        case "noise" | "distinct":
            return message | {"low": 2 * message["sigma"], "high": math.inf}
        case "slope":
            return message | {"slope": 0.15, "low": -math.inf, "high": math.inf}
        case "noise_scale":
            return message | {"simple_noise_scale": -9.5e-8, "low": -9.5e-8, "high": 3e-8, "resolved": True}
    return message


def keep(folder, spec: NoiseSpec, messages: list[dict]) -> str:
    store = Store(f"sqlite:///{folder}/app.db")
    kept = store.create(to_json(spec), spec.text)
    store.append(kept, messages)
    store.set_status(kept, Status.DONE)
    return kept


def test_nothing_is_resolved(measured):
    _, messages = measured
    spreads = [m for m in messages if m["kind"] in ("noise", "distinct")]
    assert len(spreads) == 2 * 3 * 2 and all(m["low"] is None and m["unresolved"] == "rare windows" for m in spreads)
    scales = [m for m in messages if m["kind"] == "noise_scale"]
    assert len(scales) == 2 and not any(m["resolved"] for m in scales)
    assert all(m["slope"] is None and m["unresolved"] for m in messages if m["kind"] == "slope")


@pytest.mark.parametrize("kept", [dict, before], ids=["now", "before"])
def test_the_page_says_that_it_is_not_resolved_and_why(app, tmp_path, measured, kept):
    spec, messages = measured
    test = unfold(app("measure_the_noise", noise=keep(tmp_path, spec, [kept(m) for m in messages])), *FOLDED)
    text = text_of(test)
    assert not test.exception and "the spread at B = 1, 4 is not resolved: a few rare windows" in text
    scales, spreads = (table.value for table in test.table)
    assert all(cell.startswith("not resolved: ") for cell in scales["noise scale, windows"])
    assert (spreads.iloc[:, :3] == "not resolved").all(axis=None)


@pytest.mark.parametrize("kept", [dict, before], ids=["now", "before"])
def test_the_claim_and_the_summary_stand_it(app, tmp_path, measured, kept):
    spec, messages = measured
    mine = keep(tmp_path, spec, [kept(m) for m in messages])
    claim = unfold(app("check_the_claims", claim="noise-scale", claim_noise=mine), "claim_facts", "claim_numbers")
    assert not claim.exception and claim.subheader
    assert not app("summary", noise=mine).exception
