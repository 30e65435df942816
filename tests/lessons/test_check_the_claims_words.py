"""Verdicts on the claims in words, from figures that are written by hand."""

from dataclasses import replace

import pytest

from core.experiments.noise.messages import NoiseScale
from core.lessons.check_the_claims.verdicts import OTHER_SUBJECTS, Outcome
from core.lessons.check_the_claims.verdicts.cost import AccumulationVerdict, MemoryVerdict
from core.lessons.check_the_claims.verdicts.curves import Gap, NoisyVerdict, OverfitVerdict
from core.lessons.check_the_claims.verdicts.scale import Doubt, NoiseScaleVerdict, ScaleRange
from core.lessons.check_the_claims.verdicts.speed import CompromiseVerdict, SpeedVerdict
from core.lessons.check_the_claims.verdicts.sweep import ENDLESS, TuningVerdict
from core.lessons.check_the_claims.verdicts.verdict import TOO_EARLY, Missing, Unjudged
from core.lessons.check_the_claims.words import (
    MISSING,
    answer_text,
    fact_sentences,
    headline,
    outcome_text,
    reason_sentence,
)
from core.measure.comparison import Lead
from core.measure.estimate import Estimate

HOLDS, PARTLY, FAILS, UNRESOLVED, NOT_YET = Outcome

LOWER, UNCLEAR, HIGHER = Estimate(0.5, 0.4, 0.6), Estimate(1.0, 0.9, 1.1), Estimate(2.0, 1.5, 2.5)
RATES = {16: 0.001, 512: 0.001}
NAN = float("nan")


def test_an_outcome_is_only_so_far_while_experiments_go_on():
    assert outcome_text(HOLDS, done=True) == "holds here"
    assert outcome_text(FAILS, done=False) == "so far it does not hold here"
    assert outcome_text(UNRESOLVED, done=False) == "not resolved"
    assert outcome_text(NOT_YET, done=False) == "not measured yet"


def test_whatever_is_missing_has_a_sentence_and_no_facts():
    assert set(MISSING) == set(Missing)
    assert reason_sentence(TOO_EARLY) == "Too little has been measured so far." and not fact_sentences(TOO_EARLY)
    assert "different texts or models" in reason_sentence(OTHER_SUBJECTS)
    gone = Unjudged.without(Missing.WHOLE_RUNS, batch_size=128)
    assert reason_sentence(gone).startswith("A run at B = 128 diverged")
    few = Unjudged.without(Missing.RATES, batch_size=512, num_rates=1)
    assert reason_sentence(few) == "At B = 512 runs diverged at all rates but 1: try smaller rates."


@pytest.mark.parametrize(
    ("speed", "seconds", "reason"),
    [
        (LOWER, HIGHER, "B = 16 reads fewer tokens a second than B = 512, and reaches the target later."),
        (LOWER, LOWER, "B = 16 reads fewer tokens a second than B = 512, but reaches the target sooner."),
        (
            UNCLEAR,
            LOWER,
            "B = 16 and B = 512 are too close to call by tokens a second; B = 16 reaches the target sooner.",
        ),
        (
            LOWER,
            UNCLEAR,
            "B = 16 reads fewer tokens a second than B = 512; the time to the target does not separate them.",
        ),
        (
            UNCLEAR,
            UNCLEAR,
            "B = 16 and B = 512 are too close to call by tokens a second; the time to the target does not separate "
            "them.",
        ),
    ],
)
def test_speed_by_the_token_and_by_the_clock(speed, seconds, reason):
    verdict = SpeedVerdict(outcome=PARTLY, batch_size=16, other=512, speed=speed, seconds=seconds, rates=RATES)
    assert reason_sentence(verdict) == reason
    assert len(fact_sentences(verdict)) == 3 and "B = 16: 0.001, B = 512: 0.001." in fact_sentences(verdict)[2]


def test_a_compromise_that_is_beaten_is_beaten_by_the_cheaper_of_two():
    verdict = CompromiseVerdict(
        outcome=FAILS, small=16, medium=128, large=512, prices={16: 3.0, 128: 5.0, 512: 2.0},
        ratios={16: LOWER, 512: LOWER}, rates=RATES,
    )  # fmt: skip
    assert reason_sentence(verdict).startswith("B = 512 is the better compromise")
    assert fact_sentences(verdict)[0].endswith("B = 16: 3.00, B = 128: 5.00, B = 512: 2.00.")


def test_losses_that_hang_together_are_said_and_corrected_for():
    lead = Lead(leader=16, loss=2.0, second=128, difference=Estimate(0.1, -0.1, 0.3), num_seeds=3)
    verdict = NoisyVerdict(
        outcome=HOLDS, small=16, large=512, sigma={16: HIGHER, 512: UNCLEAR}, ratio=HIGHER,
        lag1={16: -0.5, 512: 0.0}, correlated=True, corrected=1.5, tokens=1000.0, lead=lead,
    )  # fmt: skip
    assert reason_sentence(verdict) == "The loss at B = 16 jumps about 1.50 times as far as at B = 512."
    facts = fact_sentences(verdict)
    assert "1/√B predicts 5.66." in facts[1] and facts[2].endswith("2.000; B = 128 is too close to call.")
    assert "B = 16: −0.500, B = 512: 0)" in facts[3] and facts[3].endswith("the ratio is about 1.50.")


def overfit(outcome: Outcome, tokens: Estimate, fitted: Estimate) -> OverfitVerdict:
    means = {16: 0.1, 512: 0.2}
    return OverfitVerdict(
        outcome=outcome, small=16, large=512, at_tokens=Gap(1e4, means, tokens),
        at_steps=Gap(99, means, HIGHER), at_train_loss=Gap(2.5, means, fitted),
        rises={16: 0.0, 512: 0.1},
    )  # fmt: skip


def test_a_wider_gap_is_told_with_where_it_is_wider():
    none = Estimate(0.01, -0.02, 0.04)
    less = Estimate(-0.1, -0.2, -0.05)
    assert reason_sentence(overfit(PARTLY, HIGHER, none)).endswith("is wider at equal tokens only.")
    assert reason_sentence(overfit(PARTLY, none, HIGHER)).endswith("is wider at equal training loss only.")
    fails = reason_sentence(overfit(FAILS, less, none))
    assert fails.endswith("the gap of B = 512 is no more than 0.0400 nats wider, at equal tokens narrower.")
    facts = fact_sentences(overfit(HOLDS, HIGHER, HIGHER))
    assert facts[1].startswith("At equal steps (99; B = 512 has read 32.0 times as many tokens) the gap")


def tuned(outcome: Outcome, large: Estimate, small: Estimate, at_edge: bool = False) -> TuningVerdict:
    return TuningVerdict(
        outcome=outcome, small=16, large=512, rates=(0.001, 0.01), best={16: 0.01, 512: 0.001}, at_edge=at_edge,
        steps={16: 2048, 512: 64}, costs={512: large, 16: small},
    )  # fmt: skip


def test_a_borrowed_rate_is_told_with_what_it_costs_or_that_a_run_diverged():
    both = tuned(HOLDS, HIGHER, HIGHER)
    assert reason_sentence(both).endswith("best at B = 16. So does B = 16 with that of B = 512.")
    verdict = tuned(HOLDS, ENDLESS, Estimate(0.0, 0.0, 0.0))
    assert reason_sentence(verdict) == "B = 512 diverges with the rate that is best at B = 16."
    facts = fact_sentences(verdict)
    assert facts[1] == "The budget is B = 16: 2,048, B = 512: 64 steps."
    assert facts[2] == "At 0.01, the best of B = 16, a run at B = 512 diverged."
    assert "0 nats: for every seed the two rates are the same; each seed's" in facts[3]
    assert "edge" in reason_sentence(tuned(UNRESOLVED, UNCLEAR, UNCLEAR, at_edge=True))


def scale(step: int, **more) -> NoiseScale:
    sums = {"trace_cov": 1.0, "grad_sq_norm": 1.0, "whole_grad_sq_norm": 1.0}
    return NoiseScale(step=step, **sums, **more)


def scale_verdict(outcome: Outcome, **more) -> NoiseScaleVerdict:
    scales = (
        scale(0, resolved=True, simple_noise_scale=5.0, low=4.0, high=6.0),
        scale(9, resolved=False, simple_noise_scale=None, low=None, high=None),
    )
    figures = {"steps": {16: 500.0, 512: 112.5}, "tokens": {16: 64e3, 512: 460e3}}
    return NoiseScaleVerdict(
        outcome=outcome, target=3.0, scales=scales, losses={0: 4.0, 9: 3.0}, **figures, **{"bend": HIGHER} | more
    )


def test_the_noise_scale_is_told_step_by_step_and_never_called_critical():
    verdict = scale_verdict(FAILS, on_the_way=ScaleRange(5.0, 6.0, 4.0, 7.0))
    assert reason_sentence(verdict).endswith("the noise scale was always above the bend.")
    facts = fact_sentences(verdict)
    assert facts[0].startswith("After 0 steps, at a loss of 4.00, the noise scale is 5.00 (95%")
    why = "the interval of |G|² contains 0, so the noise hides the length of the gradient"
    assert facts[1] == f"After 9 steps, at a loss of 3.00, the noise scale is not resolved: {why}."
    assert facts[2].endswith("Fewest tokens: B = 16; fewest steps: B = 512.")
    assert len(facts) == 5 and "critical" not in " ".join((reason_sentence(verdict), *facts))


def test_where_the_bend_is_in_doubt_nothing_is_set_beside_it():
    verdict = scale_verdict(UNRESOLVED, bend=None, doubt=Doubt.NO_FIT)
    assert reason_sentence(verdict) == "S(B) cannot be fitted to these runs." and len(fact_sentences(verdict)) == 3
    wide = scale_verdict(UNRESOLVED, doubt=Doubt.WIDE_RANGES, on_the_way=ScaleRange(2.0, 10.0, 1.0, 12.0))
    assert reason_sentence(wide).endswith("the noise scale alone changed 5.00-fold.")


def test_a_single_value_has_no_interval():
    verdict = SpeedVerdict(
        outcome=UNRESOLVED,
        batch_size=16,
        other=512,
        speed=Estimate(0.5, NAN, NAN),
        seconds=UNCLEAR,
        rates=RATES,
    )
    assert fact_sentences(verdict)[0].endswith("0.500 (a single value: no interval).")


def test_memory_is_told_part_by_part():
    verdict = MemoryVerdict(
        outcome=PARTLY, block_size=8, num_parameters=1000, state={"weights": 4000, "optimizer": 12_000},
        activations={16: 1600, 512: 51_200}, line=(0.0, 100.0), off_line=0.001, held_share=16_000 / 17_600,
    )  # fmt: skip
    assert "91% of the memory at B = 16 is needed at any B" in reason_sentence(verdict)
    facts = fact_sentences(verdict)
    assert facts[0].endswith("16.0 bytes a parameter.") and "within 0.10% of a straight line" in facts[1]
    assert facts[2].endswith("32.0 times the batch, 3.82 times the memory.")


def test_a_split_is_told_with_its_time_its_memory_and_its_gradient():
    verdict = AccumulationVerdict(
        outcome=PARTLY, batch_size=512, seconds=0.5, ratios={16: HIGHER, 128: LOWER},
        memory_shares={16: 0.03125, 128: 0.25}, differences={16: 1e-7, 128: 1e-7},
    )  # fmt: skip
    assert reason_sentence(verdict).startswith("Micro-batches of 128 were faster than one pass")
    fact = fact_sentences(verdict)[1]
    assert fact.startswith("In 32 micro-batches of 16 it takes 2.00 (95%") and "needs 3.1% of the activation" in fact
    same = replace(verdict, outcome=FAILS)
    assert reason_sentence(same).startswith("The same gradient, in more time")
    assert reason_sentence(replace(same, differences={16: 1e-3})).startswith("Nearly the same gradient, in more time")


def test_the_table_has_the_number_that_a_claim_is_judged_by():
    speed = SpeedVerdict(outcome=PARTLY, batch_size=16, other=512, speed=LOWER, seconds=HIGHER, rates=RATES)
    assert headline(speed) == (
        "B = 16 over B = 512: tokens a second × 0.500 (0.400 to 0.600), time to the target × 2.00 (1.50 to 2.50)"
    )
    assert answer_text(speed) == f"{reason_sentence(speed)} {headline(speed)}."
    prices = CompromiseVerdict(
        outcome=FAILS, small=16, medium=128, large=512, prices={16: 3.0, 128: 5.0, 512: 2.0},
        ratios={16: LOWER, 512: LOWER}, rates=RATES,
    )  # fmt: skip
    assert headline(prices) == "worst of three prices: B = 16: 3.00, B = 128: 5.00, B = 512: 2.00"
    assert headline(overfit(HOLDS, LOWER, HIGHER)).endswith("B = 512 minus B = 16: 2.00 (1.50 to 2.50) nats")
    assert (
        headline(tuned(HOLDS, HIGHER, LOWER)) == "B = 512 with the rate of B = 16: higher by 2.00 (1.50 to 2.50) nats"
    )
    assert headline(tuned(HOLDS, ENDLESS, LOWER)) == "B = 512 diverges with the rate of B = 16"
    on_the_way = ScaleRange(5.0, 6.0, 4.0, 7.0)
    assert headline(scale_verdict(FAILS, on_the_way=on_the_way)) == (
        "bend at B = 2.00 (1.50 to 2.50); noise scale on the way 5.00 to 6.00"
    )
    assert headline(scale_verdict(UNRESOLVED, bend=None, doubt=Doubt.NO_FIT)) == "no bend found"
    assert answer_text(TOO_EARLY) == headline(TOO_EARLY) == "Too little has been measured so far."


def test_the_table_has_noise_memory_and_time_as_ratios():
    lead = Lead(leader=16, loss=2.0, second=128, difference=Estimate(0.1, -0.1, 0.3), num_seeds=3)
    noisy = NoisyVerdict(
        outcome=HOLDS, small=16, large=64, sigma={16: HIGHER, 64: UNCLEAR}, ratio=HIGHER,
        lag1={16: 0.0, 64: 0.0}, correlated=False, corrected=2.0, tokens=1000.0, lead=lead,
    )  # fmt: skip
    assert headline(noisy) == "noise at B = 16 over B = 64: 2.00 (1.50 to 2.50); 1/√B predicts 2.00"
    memory = MemoryVerdict(
        outcome=PARTLY, block_size=8, num_parameters=1000, state={"weights": 4000, "optimizer": 12_000},
        activations={16: 1600, 512: 51_200}, line=(0.0, 100.0), off_line=0.001, held_share=16_000 / 17_600,
    )  # fmt: skip
    assert headline(memory) == "32.0 times the batch, 3.82 times the memory"  # 67,200 over 17,600 bytes
    splits = AccumulationVerdict(
        outcome=PARTLY, batch_size=512, seconds=0.5, ratios={16: HIGHER, 128: LOWER},
        memory_shares={16: 0.03125, 128: 0.25}, differences={16: 1e-7, 128: 1e-7},
    )  # fmt: skip
    assert headline(splits) == (
        "time over one pass: micro-batches of 16 × 2.00 (1.50 to 2.50), micro-batches of 128 × 0.500 (0.400 to 0.600)"
    )
