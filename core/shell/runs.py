"""What is kept in the app's database, from a shell: `python -m core runs --help`.

What is shown is text for a reader; a program takes `runs export --format json`.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import click

from core.experiments.feed import Feed
from core.experiments.registry import from_json, kind_of
from core.experiments.results import Read, Results
from core.lab.database import database_url
from core.lab.store import Experiment, Store
from core.shell.options import NewFile
from core.shell.reports import comparison, experiment_report, listing

FORMATS = ("csv", "parquet", "json")


@contextmanager
def store() -> Iterator[Store]:
    """That of the app, BATCHSCOPE_DATABASE_URL. Raises StoreError, with a sentence, where it cannot be used."""
    with closing(Store(database_url())) as opened:
        opened.check()
        yield opened


def known(opened: Store, experiment_id: str) -> tuple[Experiment, Results, Read]:
    """An experiment, what it has found, and its messages. Raises ValueError, with a sentence, for an unknown id."""
    experiment = opened.experiment(experiment_id)
    if experiment is None:
        raise ValueError(f"There is no experiment “{experiment_id}” here: “runs list” shows those that are kept.")
    spec = from_json(experiment.settings, experiment.text)
    read = partial(opened.read, experiment_id)
    return experiment, Feed(read, spec).look(), read


# ---- what they do


def run_list() -> None:
    with store() as opened:
        click.echo(listing(opened.recent()))


def run_show(experiment_id: str) -> None:
    with store() as opened:
        experiment, results, _ = known(opened, experiment_id)
    click.echo(experiment_report(experiment, results))


def run_export(experiment_id: str, format: str, out: str) -> None:
    from core.export.results import results_json
    from core.export.tables import new_file, write_records

    with store() as opened:
        experiment, results, read = known(opened, experiment_id)
        if format == "json":
            facts = {"id": experiment.id, "status": experiment.status, "sentence": experiment.sentence}
            with new_file(Path(out)) as file:
                file.write(results_json(results, **facts).encode())
        else:
            tables = kind_of(results.spec).tables
            write_records(Path(out), format, tables.columns, tables.records(results, read))


def run_compare(experiment_ids: tuple[str, ...]) -> None:
    if len(set(experiment_ids)) < 2:
        raise ValueError("Which experiments? Give the ids of two or more.")
    with store() as opened:
        every = {each: known(opened, each)[1] for each in dict.fromkeys(experiment_ids)}
    click.echo(comparison(every))


# ---- what they are called

ID = click.Argument(["experiment_id"], metavar="ID")
IDS = click.Argument(["experiment_ids"], metavar="ID ID ...", nargs=-1)
FORMAT = click.Option(
    ["--format"], type=click.Choice(FORMATS), required=True, help="Its records as a table, or its results as JSON."
)
OUT = click.Option(["--out"], type=NewFile(), required=True, help="Where to write it: a file that is not there yet.")
EXPORT_HELP = (
    "Write an experiment's records as a table, CSV or Parquet, with the unit and the meaning of every column in a file "
    "beside it; or its results with their intervals, its settings, seeds and versions, as JSON."
)
COMPARE_HELP = (
    "Print which settings of some experiments differ, and their results beside each other; of races, how far the "
    "validation losses of each lie above those of the first."
)


def runs_group() -> click.Group:
    return click.Group(
        "runs",
        [
            click.Command("list", callback=run_list, help="List what is kept, the newest first."),
            click.Command("show", callback=run_show, help="Print an experiment's settings and results.", params=[ID]),
            click.Command("export", callback=run_export, help=EXPORT_HELP, params=[ID, FORMAT, OUT]),
            click.Command("compare", callback=run_compare, help=COMPARE_HELP, params=[IDS]),
        ],
        help="What is kept in the app's database.",
        no_args_is_help=False,
    )
