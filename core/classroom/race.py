"""The race in which each member of a class is a seed."""

from dataclasses import replace

from core.classroom.activity import Activity
from core.corpus import samples
from core.experiments.race.offers import race_of
from core.experiments.race.spec import RaceSpec
from core.lab.cluster import Lab
from core.settings.limits import MAX_TOKENS
from core.settings.values import Settings

SECONDS = 60.0  # that a class's race should take
FEWEST_MEMBERS = 2  # an interval takes two seeds: a class of one is measured with a second one
FEWEST_STEPS = 80  # of the largest batch: with fewer, its noise is not resolved
TURNS = 10  # so often, at most, some seeds end together


def class_race(activity: Activity, num_members: int, max_tokens: int) -> RaceSpec:
    """For each member a seed, from 0, some of them at a time."""
    settings = Settings(**activity.settings)
    num_seeds = max(FEWEST_MEMBERS, num_members)
    race = race_of(settings, samples()[settings.source].text, num_seeds=num_seeds, max_tokens=max_tokens)
    return replace(race, train=replace(race.train, seeds_in_turn=-(-num_seeds // TURNS)))


def race_of_a_minute(lab: Lab, activity: Activity, num_members: int) -> RaceSpec:
    """With as many tokens for each run as fit into about a minute here, by a trial of some steps. Raises LabError."""
    settings = Settings(**activity.settings)
    least = FEWEST_STEPS * max(settings.batch_sizes) * settings.block_size
    trial = class_race(activity, num_members, least)
    share = SECONDS / lab.call("core.calls.pace:race_seconds", trial)
    tokens = int(min(max(least, least * share), MAX_TOKENS))
    return class_race(activity, num_members, tokens // 1000 * 1000)
