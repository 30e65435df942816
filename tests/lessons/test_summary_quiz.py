"""The check: each right answer follows from a measurement, worked out here from the recordings by another route."""

from dataclasses import replace

import numpy as np
import pytest

from core.experiments.noise.messages import Slope
from core.lessons.summary.evidence import EXPERIMENTS, Evidence, Padding
from core.lessons.summary.questions import TEXTS
from core.lessons.summary.quiz import QUESTIONS, measurement_sentence, settle
from tests.from_messages import results_of
from tests.lessons.measured import EQUAL_STEPS, FULL, JITTER, race_of
from tests.lessons.recorded import at_tokens, evidence, lengths, lines, results, t_interval

ASKED = {question.name: question for question in QUESTIONS}


def settled(name: str, **own):
    return settle(ASKED[name], replace(evidence(), own=own))


def test_there_are_nine_each_with_three_answers():
    assert len(QUESTIONS) == 9 and ASKED.keys() == TEXTS.keys()
    assert all(len(text.options) == 3 for text in TEXTS.values())


@pytest.mark.parametrize("name", ASKED)
def test_every_answer_has_its_feedback_and_one_is_right(name):
    found = settled(name)
    assert found.right in found.options and found.feedback.keys() == found.options.keys()
    assert [key for key, text in found.feedback.items() if text.startswith("**Right.**")] == [found.right]
    assert len(set(found.feedback.values())) == len(set(found.options.values())) == 3
    said = measurement_sentence(found)
    assert any(letter.isdigit() for letter in said) and said.startswith(("Recorded: ", "Counted on a sample: "))
    assert "{" not in found.ask + said + "".join(found.options.values()) + "".join(found.feedback.values())
    assert all(option.if_right and option.if_wrong for option in TEXTS[name].options.values())


# ---- each from the recording's file


def test_a_step_asks_for_as_many_tokens_as_the_ranks_counted():
    counted = sum(rank["num_targets"] for rank in lines("parallel", "step")[-1]["ranks"])
    B, T = lines("parallel", "ranks")[0]["batch_size"], 32
    found = settled("tokens")
    assert counted == B * T and found.right == "product" and found.options["product"].startswith(str(counted))


def test_four_times_the_batch_has_half_the_noise():
    mine = {"step": 600, "quantity": "loss"}
    rows = [row for row in lines("noise", "noise") if row.items() >= mine.items()]
    x, y = (np.log([row[name] for row in rows]) for name in ("batch_size", "sigma"))
    weights = [row["freedom"] ** 0.5 for row in rows]
    factor = 4 ** np.polyfit(x, y, 1, w=weights)[0]
    found = settled("noise")
    assert abs(factor - 0.5) < min(abs(factor - 0.25), abs(factor - 1)) and found.right == "half"
    assert f"{factor:.3f} (" in found.said


def test_a_larger_batch_makes_fewer_updates():
    steps = {b: max(r["step"] for r in lines("race", "eval") if r["batch_size"] == b) for b in (4, 64)}
    assert steps[4] / steps[64] == pytest.approx(16, rel=0.05) and settled("updates").right == "fewer"
    assert f"{steps[64]:,} updates" not in settled("updates").ask and f"made {steps[64]:,}," in settled("updates").said


def test_only_activations_grow():
    small, large = (
        next(r for r in lines("speed", "memory") if (r["batch_size"], r["block_size"]) == (b, 32)) for b in (1, 256)
    )
    grown = [part for part in ("weights", "optimizer", "activations") if large[part] > small[part]]
    assert grown == ["activations"] and settled("memory").right == "activations"


def test_accumulation_leaves_the_gradient_as_it_is():
    most = max(row["difference"] for row in lines("splits", "difference"))
    assert 0 < most < 1e-5 and settled("accumulation").right == "same"


def test_ranks_that_share_a_batch_step_by_its_gradient():
    steps = [row for row in lines("parallel", "step") if row["difference"] is not None]
    assert len(steps) > 1 and 0 < max(row["difference"] for row in steps) < 1e-5
    assert all(row["apart"] == 0 for row in lines("parallel", "step"))
    found = settled("ranks")
    assert found.right == "same" and "never differed" in found.said and found.ask.startswith("2 processes share")


def test_front_to_back_learns_less_of_new_text():
    ends = [
        np.array([row for row in lines("orders", "eval") if row["order"] == order][-1]["losses"])
        for order in ("sequential", "shuffled")
    ]
    assert t_interval(ends[0] - ends[1])[1] > 0 and settled("order").right == "higher"


def test_one_document_a_row_leaves_more_empty():
    padded = len(lengths()) * max(lengths()) - sum(lengths())
    assert padded / sum(lengths()) > 1 and settled("padding").right == "padded"


def test_the_largest_batch_does_not_lead_at_equal_tokens():
    tokens = 58 * 64 * 32
    losses = {b: at_tokens("race", b, tokens, 32) for b in (4, 16, 64)}
    assert min(losses, key=lambda b: losses[b].mean()) == 16
    assert t_interval(losses[64] - losses[16])[1] > 0 and settled("better").right == "no"


# ---- one's own measurement decides, where it tells


def noise_of(slope: float, half: float):
    spec = results("noise").spec
    about = {"kind": Slope.kind, "step": 600, "quantity": "loss"}
    return results_of(spec, [about | {"slope": slope, "low": slope - half, "high": slope + half}])


@pytest.mark.parametrize(("slope", "right"), [(-1.0, "quarter"), (-0.5, "half"), (0.0, "same")])
def test_another_slope_makes_another_answer_right(slope, right):
    found = settled("noise", noise=noise_of(slope, 0.02))
    assert found.right == right and found.mark == "yours" and not found.unresolved
    assert measurement_sentence(found).startswith("You measured: ")


@pytest.mark.parametrize("half", [0.02, 0.9])
def test_where_one_s_own_does_not_tell_it_says_so_and_the_recorded_one_stands(half):
    found = settled("noise", noise=noise_of(-0.75, half))  # holds none of the three, or several
    assert found.right == "half" and found.mark == "recorded"
    assert found.unresolved.startswith("Your own measurement does not resolve this.")
    factor = 4**-0.75
    assert f"{factor:.3f}" in found.unresolved and f"{factor:.3f}" not in found.said


def test_where_neither_tells_no_answer_is_right():
    nothing = {name: results_of(results(name).spec, []) for name in EXPERIMENTS}
    bare = Evidence(own={}, recorded=nothing | {"packing": evidence().of("packing")})
    for question in QUESTIONS:
        if question.measured != "packing":
            found = settle(question, bare)
            assert found.right is None
            assert all("Not resolved" in text for text in found.feedback.values())


def shared(num_ranks: int, difference: float, norm: float, apart: float = 0.0):
    spec = replace(results("parallel").spec, num_ranks=num_ranks)
    row = {"kind": "step", "step": 1, "loss": 3.0, "norm": norm, "apart": apart, "ranks": []}
    return results_of(spec, [row | {"whole_norm": 1.0, "difference": difference}])


@pytest.mark.parametrize(
    ("difference", "norm", "right"), [(1e-8, 1.0, "same"), (1.0, 2.0, "longer"), (0.6, 1.2, "noisier")]
)
def test_ranks_with_a_mistake_make_another_answer_right(difference, norm, right):
    found = settled("ranks", parallel=shared(2, difference, norm))
    assert found.right == right and found.mark == "yours"


def test_ranks_whose_weights_came_apart_are_told_so():
    assert "differed by up to 0.25" in settled("ranks", parallel=shared(2, 1e-8, 1.0, apart=0.25)).said


def test_one_rank_shares_nothing():
    found = settled("ranks", parallel=shared(1, 0.0, 1.0))
    assert found.mark == "recorded" and "one process" in found.unresolved


def ended(losses: dict[int, float]):
    """A race that all runs have come to the end of, at those losses."""
    plan = race_of(EQUAL_STEPS, FULL).spec.train
    more = []
    for size in losses:
        num = plan.num_steps(size, 8)
        data = np.ones((num, 3), np.float32).tobytes()
        more.append({"kind": "losses", "batch_size": size, "step": 1, "num_runs": 3, "data": data})
        row = {"kind": "eval", "batch_size": size, "losses": (losses[size] + JITTER).tolist()}
        more += [row | {"step": step} for step in (0, num)]
    spec = race_of(EQUAL_STEPS, FULL).spec
    return results_of(spec, more)


@pytest.mark.parametrize(("large", "right"), [(1.0, "yes"), (3.0, "no"), (2.0, "same")])
def test_whoever_s_largest_batch_leads_is_told_so(large, right):
    found = settled("better", race=ended({16: 2.0, 128: 2.5, 512: large}))
    assert found.right == right and found.mark == "yours" and "B = 512" in found.ask


def test_updates_are_not_judged_before_the_race_is_over():
    early = race_of(EQUAL_STEPS, FULL)  # no step of training was told
    found = settled("updates", race=early)
    assert found.mark == "recorded" and "Too little" in found.unresolved
    whole = settled("updates", race=ended({16: 2.0, 128: 2.0, 512: 2.0}))
    assert whole.right == "fewer" and "B = 512 made 64" in whole.said


def test_documents_of_one_length_waste_nothing_either_way():
    same = Padding(num_documents=3, shortest=8, longest=8, padded=0.0, packed=0.0, cut=0, cut_end_to_end=0)
    assert settled("padding", packing=same).right == "same"
    wasted = replace(same, packed=0.5)
    assert settled("padding", packing=wasted).right == "packed"
