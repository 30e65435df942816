"""The experiment that measures an activity: a race in which each member is a seed, draws of which each member has one,
or another measurement."""

from dataclasses import replace

from core.classroom.activity import Activity
from core.corpus import samples
from core.experiments.draws.spec import Counted, DrawsSpec
from core.experiments.kind import Spec
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.offers import race_of
from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.spec import StepCostSpec
from core.lab.cluster import Lab
from core.settings.values import Settings

SECONDS = 60.0  # that a class's race should take
FEWEST_MEMBERS = 2  # an interval takes two seeds: a class of one is measured with a second one
FEWEST_STEPS = 80  # of the largest batch: with fewer, its noise is not resolved
TURNS = 10  # so often, at most, some seeds end together, which shows how the interval narrows
AT_ONCE = 2  # seeds, at least: together they take much less time
NOISE_STEP = 150  # at which the weights are frozen


# ---- what an activity can be measured by, from settings, a text, and how many members there are


def race_with(settings: Settings, text: str, num_members: int) -> RaceSpec:
    """For each member a seed, from 0, some of them at a time; with the fewest tokens that tell."""
    num_seeds = max(FEWEST_MEMBERS, num_members)
    least = FEWEST_STEPS * max(settings.batch_sizes) * settings.block_size
    race = race_of(settings, text, num_seeds=num_seeds, max_tokens=least)
    return replace(race, train=replace(race.train, seeds_in_turn=max(AT_ONCE, -(-num_seeds // TURNS))))


def draws_with(counted: Counted, settings: Settings, text: str, num_members: int) -> DrawsSpec:
    """A draw for each member."""
    race = race_of(settings, text, batch_sizes=(settings.batch_size,), num_seeds=1, max_tokens=settings.max_tokens)
    return DrawsSpec(race=race, counted=counted, num_draws=max(FEWEST_MEMBERS, num_members))


def times_with(settings: Settings, text: str, num_members: int) -> StepCostSpec:
    """Some rounds in which a step of each size is timed, the largest one also in micro-batches of the others."""
    return StepCostSpec.of(race_of(settings, text, num_seeds=1))


def noise_with(settings: Settings, text: str, num_members: int) -> NoiseSpec:
    """The noise of gradients after some training."""
    race = race_of(settings, text, batch_sizes=(settings.train_batch_size,), num_seeds=1, max_tokens=1)
    return NoiseSpec.of(race, (NOISE_STEP,), settings.noise_sizes, settings.num_batches)


# ---- of an activity


def trial_of(activity: Activity, num_members: int) -> Spec:
    """The activity's experiment; a race as short as can be."""
    settings = Settings(**activity.settings)
    return activity.experiment(settings, samples()[settings.source].text, num_members)


def measurement_of(lab: Lab, activity: Activity, num_members: int) -> Spec:
    """The activity's experiment. A race has as many tokens for each run as fit into about a minute here, by a trial of
    some steps, but no more than the activity wants. Raises LabError."""
    trial = trial_of(activity, num_members)
    if not isinstance(trial, RaceSpec):
        return trial
    least = trial.train.max_tokens
    fitting = least * SECONDS / lab.call("core.calls.pace:race_seconds", trial)
    return with_tokens(trial, int(min(max(least, fitting), activity.max_tokens)) // 1000 * 1000)


def with_tokens(race: RaceSpec, max_tokens: int) -> RaceSpec:
    return replace(race, train=replace(race.train, max_tokens=max_tokens))
