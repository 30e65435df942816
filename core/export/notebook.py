"""A lesson as a notebook: the text and its windows, the model, one step, the race, what it costs, and a chapter of the
lesson that it is taken from.

The notebook is written in `lessons/`, as Markdown: what stands between fences is a cell of code, what stands between
those a cell of text. `{{name}}` stands for what is filled in; alone in a cell, for a cell of each of its definitions.
"""

import re
from pathlib import Path

import nbformat

from core.export.chapters import chapters_of
from core.export.lesson import LessonSpec
from core.export.sources import IDEAS, definitions, literal, race_source

Cell = tuple[str, str]  # "markdown" or "code", and its source

LESSONS = Path(__file__).parent / "lessons"
FENCE = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"\{\{(\w+)\}\}")

ASKED_FOR = """ The text is too long to stand here: put `text.txt`, from where this notebook comes from, beside it first
(on Colab: upload it in the Files panel)."""


def export_notebook(spec: LessonSpec) -> str:
    """The lesson as a notebook, in the form that is kept in a file. Raises ValueError as `race_source`."""
    found, plan = race_source(spec.race), spec.race.train
    run = {
        "batch_size": spec.batch_size,
        "learning_rate": plan.learning_rate_at(spec.batch_size),
        "betas": list(plan.betas_at(spec.batch_size)),
    }
    chapters = [cells_of(template(name), values) for name, values in chapters_of(spec.own)]
    values = vars(found) | {
        "ideas": IDEAS,
        "at_hand": f"RUN = {literal(run)}\nSTEP = {spec.step}",
        "asked_for": "" if found.has_its_tokens else ASKED_FOR,
        "told": told(chapters[0]) if chapters else "",
    }
    before, after = (cells_of(part, values) for part in template("race").split("{{chapter}}"))
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [*before, *(cell for chapter in chapters for cell in chapter), *after]
    book = nbformat.v4.new_notebook(
        cells=[make[kind](source, id=f"cell-{number}") for number, (kind, source) in enumerate(cells)],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
    )
    nbformat.validate(book)
    return nbformat.writes(book)


def template(name: str) -> str:
    return (LESSONS / f"{name}.md").read_text(encoding="utf-8")


def cells_of(lesson: str, values: dict[str, str]) -> list[Cell]:
    """
    >>> cells_of("A *word*.\\n\\n```python\\nx = {{x}}\\n```\\n", {"x": "1"})
    [('markdown', 'A *word*.'), ('code', 'x = 1')]
    """
    cells = []
    for number, part in enumerate(FENCE.split(lesson)):  # text, code, text, ...
        filled = PLACE.sub(lambda place: values[place[1]], part).strip("\n")
        if number % 2:
            cells += [("code", cell) for cell in (definitions(filled) if PLACE.fullmatch(part) else [filled])]
        elif filled:
            cells.append(("markdown", filled))
    return cells


def told(chapter: list[Cell]) -> str:
    """A sentence that tells of the chapter."""
    title = chapter[0][1].splitlines()[0].removeprefix("## ")
    return f" The chapter “{title}” is of the lesson that it was taken from, with its settings."
