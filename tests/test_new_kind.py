"""A kind of experiment is a folder and one line: with them a copy of this program runs it wherever it runs any."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COUNTS = {" ": 90, "a": 180, "b": 180, "c": 90}  # of the letters of 90 times "abcab "
FOLDER = {
    "__init__.py": """
from core.experiments.kind import Kind
from core.experiments.toy.messages import Count
from core.experiments.toy.offers import OFFERS
from core.experiments.toy.results import ToyResults
from core.experiments.toy.spec import ToySpec
from core.experiments.toy.tables import TABLES

KIND = Kind(spec=ToySpec, results=ToyResults, messages=(Count,), offers=OFFERS, tables=TABLES)
""",
    "spec.py": """
from dataclasses import dataclass
from typing import ClassVar

from core.experiments.kind import OnRace
from core.experiments.race.spec import RaceSpec


@dataclass(frozen=True, kw_only=True)
class ToySpec(OnRace):
    kind: ClassVar[str] = "toy"

    race: RaceSpec

    def check(self, machine):
        self.race.build()
""",
    "messages.py": """
from dataclasses import dataclass

from core.experiments.messages import Message


@dataclass(frozen=True)
class Count(Message, kind="count"):
    letter: str
    number: int
""",
    "run.py": """
from collections import Counter

from core.experiments.messages import Started
from core.experiments.toy.messages import Count


def run(spec):
    corpus, gpt_config = spec.race.build()
    yield Started(vocab_size=gpt_config.vocab_size, num_parameters=gpt_config.num_parameters)
    for letter, number in sorted(Counter(spec.text).items()):
        yield Count(letter, number)
""",
    "results.py": """
from core.experiments.results import Results


class ToyResults(Results):
    def __init__(self, spec):
        super().__init__(spec)
        self.counts = {}

    @property
    def begun(self):
        return bool(self.counts)

    def take_own(self, message):
        self.counts[message.letter] = message.number
""",
    "tables.py": """
from core.experiments.tables import WHOLE, WORD, Column, Figure, Tables, exact, table_of

COLUMNS = (Column("letter", WORD, "name", "A letter."), Column("number", WHOLE, "letters", "How often it comes."))


def records(results, read):
    yield table_of(COLUMNS, list(results.counts.items()))


def figures(results):
    yield Figure("letters", exact(len(results.counts)))


TABLES = Tables(COLUMNS, records, (Column("letters", WHOLE, "letters", "How many there are."),), figures)
""",
    "offers.py": """
from core.experiments.kind import Offer
from core.experiments.race.offers import RACE, race_of
from core.experiments.toy.spec import ToySpec


def toy_of(settings, text):
    return ToySpec(race=race_of(settings, text))


OFFERS = {"toy": Offer(ToySpec, "count of letters", toy_of, RACE)}
""",
}
PAGE = """
import streamlit as st

from core.ui.choices import Choices
from core.ui.experiment import experiment


def draw(view):
    st.markdown(f"counted: {dict(view.results.counts)}")


experiment(Choices(), "toy", "Count the letters").show(draw)
"""
SERVER = """
import json, sys, time
from streamlit.testing.v1 import AppTest
from core.experiments.registry import KINDS, OFFERS, from_json
from core.lab.cluster import Lab
from core.lab.store import Store
from core.settings.values import Settings

if __name__ == "__main__":
    store = Store(sys.argv[1])
    lab = Lab(store)
    toy_id = lab.submit(OFFERS["toy"].of(Settings(block_size=4), "abcab " * 90))
    until = time.monotonic() + 60
    while store.status(toy_id)[0].active and time.monotonic() < until:
        time.sleep(0.05)
    lab.close()
    kept = store.experiment(toy_id)
    results = KINDS["toy"].results(from_json(kept.settings, kept.text))
    for message in store.read(toy_id)[0]:
        results.take(KINDS["toy"].message(message))
    page = AppTest.from_file("toy_page.py", default_timeout=60)
    page.query_params["toy"] = toy_id
    page.run()
    before = AppTest.from_file("toy_page.py", default_timeout=60).run()
    shown = [each.markdown[-1].value for each in (page, before)]
    print(json.dumps([kept.status, dict(results.counts), shown]))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """This program with the folder `toy` among its kinds, and a line in the registry."""
    place = tmp_path_factory.mktemp("copy")
    for folder in ("core", "data"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "core/experiments/toy").mkdir()
    for name, source in FOLDER.items():
        (place / "core/experiments/toy" / name).write_text(source, encoding="utf-8")
    registry = place / "core/experiments/registry.py"
    source = registry.read_text(encoding="utf-8")
    assert source.count('    "race",\n') == 1
    registry.write_text(source.replace('    "race",\n', '    "race",\n    "toy",\n'), encoding="utf-8")
    (place / "toy_page.py").write_text(PAGE, encoding="utf-8")
    (place / "server.py").write_text(SERVER, encoding="utf-8")
    return place


def run(place: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["BATCHSCOPE_DATABASE_URL"] = f"sqlite:///{place}/toy.db"
    done = subprocess.run(
        [sys.executable, *command], cwd=place, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_it_runs_from_the_command_line_and_its_table_is_written(copy):
    (copy / "text.txt").write_text("abcab " * 90, encoding="utf-8")
    out = run(copy, "-m", "core", "toy", "--text-file=text.txt", "--block-size=4", "--keep")
    lines = [json.loads(line) for line in out.splitlines()]
    assert {line["letter"]: line["number"] for line in lines if line["kind"] == "count"} == COUNTS
    toy_id = run(copy, "-m", "core", "runs", "list").splitlines()[1].split()[0]
    run(copy, "-m", "core", "runs", "export", toy_id, "--format=csv", "--out=toy.csv")
    with (copy / "toy.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["letter", "number"], *([each, str(num)] for each, num in COUNTS.items())]


@pytest.mark.waits
def test_it_runs_in_a_worker_and_is_read_from_the_store_and_drawn_on_a_page(copy):
    status, counts, shown = json.loads(run(copy, "server.py", f"sqlite:///{copy}/toy.db").splitlines()[-1])
    assert status == "done" and counts == COUNTS
    assert shown == [f"counted: {counts}", "Click **Count the letters** to begin."]
