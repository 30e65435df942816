"""What settles each activity, from the messages of its race; the race itself, and how long it may take."""

from dataclasses import replace

import numpy as np
import pytest
from from_messages import results_of

from core.calls.pace import race_seconds
from core.classroom.activities import BY_NAME, PREPARED, from_json, own, to_json
from core.classroom.activity import Options, Scale
from core.classroom.measurement import FEWEST_STEPS, SECONDS, measurement_of, trial_of, with_tokens
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json as spec_from_json
from core.experiments.registry import to_json as spec_to_json
from core.measure.comparison import ratio_of
from core.ui.page_file import page_file

SEEDS = 6
RACES = [activity for activity in PREPARED if activity.is_race]


def class_race(activity, num_members: int, max_tokens: int) -> RaceSpec:
    return with_tokens(trial_of(activity, num_members), max_tokens)


def summary(batch_size: int, seed: int, **values) -> dict:
    usual = {"steps": 9, "final_val_loss": 2.0, "loss_noise": 0.1, "tokens_per_second": 1.0}
    return {"kind": "summary", "batch_size": batch_size, "seed": seed} | usual | values


def validation(batch_size: int, step: int, losses) -> dict:
    return {"kind": "eval", "batch_size": batch_size, "step": step, "losses": tuple(losses)}


@pytest.mark.parametrize("activity", PREPARED, ids=lambda each: each.name)
def test_an_activity_is_complete_and_survives_its_way_through_the_database(activity):
    assert from_json(to_json(activity)) == activity and BY_NAME[activity.name] is activity
    assert activity.question.endswith("?") and len(activity.why) == 2 and all(activity.why) and activity.minutes > 0
    assert page_file(activity.page).exists()
    spec = trial_of(activity, 30)
    assert spec_from_json(spec_to_json(spec), spec.text) == spec and spec.race.build()


@pytest.mark.parametrize("activity", RACES, ids=lambda each: each.name)
def test_each_member_is_a_seed_of_a_race_and_a_few_of_them_end_together(activity):
    assert [trial_of(activity, n).train.seeds_in_turn for n in (1, 4, 20, 21, 40)] == [2, 2, 2, 3, 4]
    plan = trial_of(activity, 30).train
    assert plan.num_seeds == 30 and plan.seeds_in_turn == 3


def test_each_member_has_a_draw():
    draws = [trial_of(activity, 30) for activity in PREPARED if activity.each == "draw"]
    assert [spec.num_draws for spec in draws] == [30, 30]


def test_an_own_question_survives_it_too():
    made = own(" Which\none? ", ["this ", "", " that"])
    assert (made.question, made.form.texts) == ("Which one?", ("this", "that"))
    assert from_json(to_json(made)) == made


def test_the_classs_interval_is_that_of_the_apps_own_estimator():
    spec = class_race(BY_NAME["noisier"], SEEDS, 400_000)
    dice = np.random.default_rng(0)
    small, large = 0.4 * dice.lognormal(0, 0.1, SEEDS), 0.1 * dice.lognormal(0, 0.1, SEEDS)
    rows = [summary(4, seed, loss_noise=small[seed]) for seed in range(SEEDS)]
    rows += [summary(64, seed, loss_noise=large[seed]) for seed in range(SEEDS - 1)]  # the last has not ended
    settled = BY_NAME["noisier"].settle(results_of(spec, rows))
    assert settled.num_ended == SEEDS - 1 and np.isnan(settled.values[-1])
    assert vars(settled.estimate) == pytest.approx(vars(ratio_of(small[:-1], large[:-1])))
    assert settled.estimate.contains(4) and settled.option is None


@pytest.mark.parametrize("number, resolved", [(0, False), (1, False), (2, True)])
def test_an_interval_takes_two_seeds_that_have_ended(number, resolved):
    spec = class_race(BY_NAME["noisier"], SEEDS, 400_000)
    rows = [summary(b, seed, loss_noise=0.4 / b**0.5 * (1 + seed / 50)) for b in (4, 64) for seed in range(number)]
    settled = BY_NAME["noisier"].settle(results_of(spec, rows))
    assert (settled.estimate is not None) == resolved and settled.num_ended == number


def race_with(gaps: dict[int, float], spread: float, ended: int = SEEDS):
    """Results of seeds whose validation loss at the end is 2 plus the gap of its batch size."""
    spec = class_race(BY_NAME["equal-tokens"], SEEDS, 400_000)
    dice, rows = np.random.default_rng(1), []
    for b, gap in gaps.items():
        last = 2 + gap + spread * dice.normal(size=SEEDS)
        known = [float(loss) if seed < ended else None for seed, loss in enumerate(last)]
        steps = spec.train.num_steps(b, spec.block_size)
        rows += [validation(b, 0, [4.0 if loss else None for loss in known]), validation(b, steps, known)]
        rows += [summary(b, seed, final_val_loss=known[seed]) for seed in range(ended)]
    return results_of(spec, rows)


def test_who_leads_is_the_option_that_the_measurement_speaks_for():
    activity = BY_NAME["equal-tokens"]
    settled = activity.settle(race_with({4: 0.3, 16: 0.0, 64: 0.5}, spread=0.01))
    assert activity.form.texts[settled.option] == "B = 16" and settled.estimate.above(0)
    assert vars(settled.estimate) == pytest.approx(vars(activity.estimate(settled.values)))
    some = activity.settle(race_with({4: 0.3, 16: 0.0, 64: 0.5}, spread=0.01, ended=3))
    assert some.num_ended == 3 and activity.form.texts[some.option] == "B = 16"


def test_who_leads_by_too_little_is_not_settled():
    settled = BY_NAME["equal-tokens"].settle(race_with({4: 0.0, 16: 0.001, 64: 0.002}, spread=0.3))
    assert settled.option is None and settled.estimate.contains(0)


def test_before_anything_has_ended_nothing_is_said():
    for activity in PREPARED:
        settled = activity.settle(results_of(trial_of(activity, SEEDS), []))
        assert (settled.num_ended, settled.estimate, settled.option) == (0, None, None)


def test_one_size_that_diverged_is_left_out():
    rows = [{"kind": "diverged", "batch_size": 4, "seed": 0, "step": 3}]
    rows += [summary(b, seed, final_val_loss=None if b == 4 else 2.0) for b in (4, 16, 64) for seed in range(SEEDS)]
    settled = BY_NAME["equal-tokens"].settle(results_of(class_race(BY_NAME["equal-tokens"], SEEDS, 400_000), rows))
    assert settled.num_ended == 0 and settled.estimate is None


# ---- how long


class Calls:
    """A lab that answers how long the trial would take."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def call(self, function: str, race):
        assert function == "core.calls.pace:race_seconds"
        return self.seconds


@pytest.mark.parametrize("members", [1, 2, 3, 30, 40])
@pytest.mark.parametrize("seconds", [0.5, 6.0, 600.0])
def test_a_race_takes_a_minute_or_the_fewest_steps_that_tell(members, seconds):
    activity = BY_NAME["noisier"]
    race = measurement_of(Calls(seconds), activity, members)
    least = FEWEST_STEPS * 64 * race.block_size
    assert race.train.num_seeds == max(2, members)
    assert race.train.max_tokens == max(least, int(least * SECONDS / seconds)) // 1000 * 1000
    assert race.train.num_steps(64, race.block_size) >= FEWEST_STEPS - 1


@pytest.mark.parametrize("activity", PREPARED, ids=lambda each: each.name)
def test_a_fast_machine_takes_no_more_tokens_than_the_activity_wants(activity):
    spec = measurement_of(Calls(0.001), activity, 30)
    assert not activity.is_race or spec.train.max_tokens == activity.max_tokens


@pytest.mark.slow
def test_the_trial_tells_about_how_long_the_race_takes():
    """As far as a test can say on a machine with others on it: more work, more time."""
    spec = class_race(BY_NAME["noisier"], 2, 80 * 64 * 32)
    spec = replace(spec, text=spec.text[:20_000])
    long = replace(spec, train=replace(spec.train, max_tokens=10 * spec.train.max_tokens))
    assert 0 < 3 * race_seconds(spec) < race_seconds(long)


def test_the_form_of_an_answer_says_how_it_is_shown():
    assert Scale(low=1, high=64, step=1, unit=" times", start=1).shown(16.0) == "16 times"
    assert Scale(low=1, high=64, step=1, unit=" times", start=1).shown(1.0) == "1 time"
    assert Options(("a", "b")).shown(1.0) == "b"
