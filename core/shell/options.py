"""The options of the commands: one for each setting, and files that are looked at before anything is done."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from core.settings.declared import batch_sizes
from core.settings.setting import Choice, Number, Setting, Whole, WrongValue
from core.training import PRECISIONS

# ---- settings of a shell only

PRECISION = Choice("precision", "float32", "Precision of the model's operations", PRECISIONS)
SCHEDULE = (
    Number("warmup", 0.0, "Share of the budget over which the rate rises", low=0.0, high=1.0),
    Number("final_rate", 1.0, "Share of the rate that is left at the end", low=0.0, high=1.0),
)
BENCH = (
    batch_sizes("batch_sizes", (1, 4, 16, 64, 256), "Batch sizes", at_most=13),
    Whole("num_seeds", 4, "Seeds that our trainer takes together; the loop takes one", low=1, high=64),
    PRECISION,
    Whole("rounds", 8, "Rounds in which the two take turns, at each batch size", low=1, high=1_000),
)


# ---- options


class Value(click.ParamType):
    """The value of a setting, read as from a URL."""

    def __init__(self, setting: Setting):
        self.setting, self.name = setting, setting.takes

    def convert(self, value: str, param, ctx):
        try:
            return self.setting.read(value)
        except WrongValue as why:
            self.fail(str(why), param, ctx)


def option_of(setting: Setting) -> click.Option:
    return click.Option(
        [setting.option_name, setting.name],
        type=Value(setting),
        metavar=setting.takes,
        default=setting.write(setting.default),
        show_default=True,
        help=setting.label,
    )


class OutFile(click.ParamType):
    """A file that is written later: it is left as it is until then, but that it can be written is known now."""

    name = "OUT"

    def convert(self, value: str, param, ctx):
        path = Path(value)
        if value == "-":
            return value
        if not value or path.is_dir():
            self.fail(f"“{value}” is no name of a file", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(f"there is no folder “{path.parent}”", param, ctx)
        if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            self.fail(f"“{value}” cannot be written here", param, ctx)
        return value


class NewFile(OutFile):
    """One that is not there yet."""

    def convert(self, value: str, param, ctx):
        if value == "-":
            self.fail("it is the name of a file", param, ctx)
        if Path(value).exists() and not Path(value).is_dir():
            self.fail(f"“{value}” exists, and is left as it is: choose another name", param, ctx)
        return super().convert(value, param, ctx)


class TextFile(click.ParamType):
    """A file that is there and can be read."""

    name = "FILE"

    def convert(self, value: str, param, ctx):
        if not Path(value).exists() or Path(value).is_dir():
            self.fail(f"there is no file “{value}”", param, ctx)
        if not os.access(value, os.R_OK):
            self.fail(f"“{value}” cannot be read", param, ctx)
        return value


TEXT_FILE = click.Option(["--text-file"], type=TextFile(), help="A text to learn, UTF-8, at most 5 MB, not a sample.")
JSONL = click.Option(["--jsonl"], type=OutFile(), default="-", help="Where to write; - is the terminal.")
KEEP = click.Option(["--keep"], is_flag=True, help="Keep it in the app's database, and print its id: see “runs”.")


def command(
    name: str, run: Callable, help: str, settings: Iterable[Setting], *others: click.Parameter
) -> click.Command:
    """With an option for each setting."""
    return click.Command(name, callback=run, help=help, params=[*map(option_of, settings), *others])
