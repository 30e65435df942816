"""What teachers read is true of the app: its buttons, its activities, its links, its figures."""

import ast
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.classroom.activities import PREPARED
from core.lessons.for_teachers.sheets import FOLDED, FOLDER, sheet
from core.settings.declared import SETTINGS, SHEETS
from core.settings.values import Settings
from core.ui.page import LESSONS

ROOT = Path(__file__).parents[2]
FILES = sorted(FOLDER.glob("*.md"))
PLANS = ("plan_15", "plan_45")
APPS_OWN = [path for folder in ("pages", "core") for path in (ROOT / folder).rglob("*.py")]
# what the code writes as “Start the {activity.measurement}” is said of an activity that has one
MEASUREMENTS = {f"{verb} the {activity.measurement}" for verb in ("Start", "Stop") for activity in PREPARED}
TITLES = {activity.title for activity in PREPARED}
MENU = {title for pages in LESSONS.values() for _, title, _ in pages}
PAGES = {Path(path).stem for pages in LESSONS.values() for path, _, _ in pages}


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def strings() -> set[str]:
    """All that the app's code has between quotes."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in APPS_OWN]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def found_in(name: str, pattern: str) -> list[str]:
    """What it finds in a sheet, each on one line."""
    return [" ".join(each.split()) for each in re.findall(pattern, text_of(name), re.DOTALL)]


def test_each_sheet_has_its_file_and_each_file_its_sheet():
    assert {path.stem for path in FILES} == set(SHEETS)


@pytest.mark.parametrize("name", [*PLANS, "before_class"])
def test_what_is_bold_can_be_clicked(name, strings):
    labels = set(found_in(name, r"\*\*(.+?)\*\*"))
    assert labels
    links = {each for each in labels if any(f"[{each}](" in text for text in strings)}
    assert labels - links - strings - MEASUREMENTS == set()


@pytest.mark.parametrize("name", PLANS)
def test_what_is_quoted_stands_on_a_screen(name, strings):
    quoted = set(found_in(name, "“(.+?)”"))
    assert quoted & TITLES
    unknown = {each for each in quoted - TITLES - MENU if not any(each in text for text in strings)}
    assert unknown == set()


def test_the_activities_are_described_and_no_others():
    headings = re.findall("^## “(.+?)”$", text_of("activities"), re.MULTILINE)
    assert headings == [activity.title for activity in PREPARED]


@pytest.mark.parametrize(("name", "minutes"), [("plan_15", 15), ("plan_45", 45)])
def test_a_plan_leaves_out_no_minute(name, minutes):
    spans = [tuple(map(int, span)) for span in re.findall(r"^## Minutes (\d+) to (\d+):", text_of(name), re.MULTILINE)]
    assert len(spans) >= 7 and spans[0][0] == 0 and spans[-1][1] == minutes
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(start < stop for start, stop in spans)


def links() -> list[tuple[str, str]]:
    """(file, address) of each that leads to a page of the app"""
    found = [(path.stem, to) for path in FILES for to in re.findall(r"\]\((\S+?)\)", path.read_text(encoding="utf-8"))]
    return [(name, to) for name, to in found if not urlsplit(to).scheme]


def test_there_are_links():
    assert len(links()) > 15


@pytest.mark.parametrize(("name", "to"), links())
def test_a_link_leads_to_a_page_and_its_settings_are_read(name, to):
    address = urlsplit(to)
    assert address.path in PAGES
    given = dict(parse_qsl(address.query, strict_parsing=bool(address.query)))
    assert given.keys() <= {setting.url_name for setting in SETTINGS.values()}
    settings, notes = Settings.from_url(given)
    assert notes == []
    assert {key: value for key, value in given.items() if settings.to_url().get(key, value) != value} == {}


def test_the_figures_are_those_of_the_readme():
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    said = text_of("before_class")
    for sheets, readmes in (
        ("271 MB", "the server took 271 MB"),
        ("0.6 GB", "0.6 GB once the workers are warm"),
        ("53 to 69 seconds", "the race of thirty seeds 53 to 69 seconds"),
        ("after 1.1 to 1.8 seconds in the median, 2.0 to 3.0", "after 1.1 to 1.8 seconds in the median, 2.0 to 3.0"),
    ):
        assert sheets in said and readmes in readme, sheets


@pytest.mark.parametrize("name", SHEETS)
def test_a_page_shows_all_of_a_sheet_one_level_lower(name):
    shown, folded = sheet(name)
    assert shown.startswith("## ") and set(folded) <= set(FOLDED)
    headings = re.findall("^#+ (.+)$", text_of(name), re.MULTILINE)
    assert [each for each in headings if f"# {each}\n" not in shown and each not in folded] == []
    whole = len(re.sub(r"\s|#", "", text_of(name)))
    parts = shown + "".join(title + text for title, text in folded.items())
    assert len(re.sub(r"\s|#", "", parts)) == whole
