"""The work of the app from a shell, as JSON lines: `python -m core --help`.

A command for each experiment that a page offers, its options made from the settings that the experiment has; and some
that are of a shell only. What loads torch is imported where it is needed: `--help` needs none.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from core.corpus import clean_text, decode_upload, samples
from core.experiments.kind import Offer, Spec
from core.experiments.messages import Progress, json_line, to_dict
from core.experiments.parallel.offers import parallel_of
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.messages import Summary
from core.experiments.race.offers import RACE, race_of
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import OFFERS, kind_of
from core.export.lesson import LessonSpec
from core.lab.recording import RECORDINGS, spec_to_record, write_recording
from core.settings.declared import SETTINGS, batch_sizes
from core.settings.limits import MAX_TOKENS
from core.settings.setting import Choice, Number, Setting, Whole, WrongValue
from core.settings.values import Settings
from core.training import PRECISIONS

NOISE_KINDS = ("noise", "slope", "noise_scale")  # of a measurement's messages: what was found

# settings of a shell only
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


TEXT_FILE = click.Option(["--text-file"], metavar="FILE", help="A text to learn, UTF-8, at most 5 MB, not a sample.")
JSONL = click.Option(["--jsonl"], metavar="OUT", default="-", help="Where to write; - is the terminal.")
SPEC_FILE = click.Option(["--spec-file"], hidden=True)  # from the app to its ranks


def command(
    name: str, run: Callable, help: str, settings: Iterable[Setting], *others: click.Parameter
) -> click.Command:
    """With an option for each setting."""
    return click.Command(name, callback=run, help=help, params=[*map(option_of, settings), *others])


def settings_and_text(values: dict, file: str | None) -> tuple[Settings, str]:
    """The settings with these values, and the text of the file; without one, that of the sample."""
    settings = Settings(**values)
    if file:
        settings.update(source="pasted")
        return settings, clean_text(decode_upload(Path(file).read_bytes()))[0]
    if settings.source == "pasted":
        raise ValueError("Which text? Give --text-file.")
    return settings, samples()[settings.source].text


# ---- what is written


def write_lines(out: str, lines: Iterable[dict]) -> None:
    """One JSON object a line, each as soon as it is there. A reader may leave when it has read enough."""
    try:
        with nullcontext(sys.stdout) if out == "-" else open(out, "w", encoding="utf-8") as file:
            for line in lines:
                write_line(line, file)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_line(line: dict, file: TextIO) -> None:
    """Bytes as a recording has them."""
    print(json_line(line), file=file, flush=True)


def lines_of(spec: Spec) -> Iterator[dict]:
    """What an experiment tells in a shell: of a race, a record for each step and run; of others, what they find."""
    if isinstance(spec, RaceSpec):
        yield from records_of_race(spec)
        return
    for message in kind_of(spec).run(spec):
        if message.kind in NOISE_KINDS if spec.kind == "noise" else not isinstance(message, Progress):
            yield to_dict(message)


def records_of_race(spec: RaceSpec) -> Iterator[dict]:
    from core.engine import Block, Divergence, Evaluation, records_of
    from core.experiments.race.run import Race

    for event in Race(spec).events():
        match event:
            case Summary():
                yield to_dict(event)
            case Block() | Evaluation() | Divergence():
                yield from records_of(event, spec.train, spec.block_size)


# ---- the commands


def check(spec: Spec) -> None:
    """Raises ValueError, with a sentence, for what this machine cannot run."""
    from core.lab.worker import describe

    spec.check(describe())


def run_offer(offer: Offer, text_file: str | None, jsonl: str, **values) -> None:
    run_here(offer.of(*settings_and_text(values, text_file)), jsonl)


def run_race(text_file: str | None, jsonl: str, precision: str, warmup: float, final_rate: float, **values) -> None:
    race = race_of(*settings_and_text(values, text_file))
    run_here(replace(race, train=replace(race.train, precision=precision, warmup=warmup, final_rate=final_rate)), jsonl)


def run_here(spec: Spec, jsonl: str) -> None:
    from core.engine.devices import use_cores

    use_cores()
    check(spec)
    write_lines(jsonl, lines_of(spec))


def run_bench(
    text_file: str | None, jsonl: str, *, batch_sizes: tuple[int, ...], num_seeds: int, precision: str, rounds: int,
    compile: bool, **values,
) -> None:  # fmt: skip
    from core.measure.bench import bench  # with all cores, as torch has them by itself

    settings, text = settings_and_text(values, text_file)
    plan = partial(race_of, settings, text, num_seeds=num_seeds, precision=precision, max_tokens=MAX_TOKENS)
    races = [plan(batch_sizes=(batch_size,)) for batch_size in batch_sizes]
    for race in races:
        check(race)
    corpus, gpt_config = races[0].build()
    write_lines(jsonl, (bench(corpus.train_ids, gpt_config, race.train, rounds, compile) for race in races))


def run_export(text_file: str | None, script: str | None, notebook: str | None, **values) -> None:
    race = race_of(*settings_and_text(values, text_file))
    from core.export import export_notebook, export_script

    if not (script or notebook):
        raise ValueError("Which file? Give --script, --notebook or both.")
    if script:
        Path(script).write_text(export_script(race, Path(script).name), encoding="utf-8")
    if notebook:
        lesson = LessonSpec(race=race, batch_size=min(race.train.batch_sizes))
        Path(notebook).write_text(export_notebook(lesson), encoding="utf-8")


def run_record(what: str, sample: str, out: str | None) -> None:
    from core.engine import find_device
    from core.engine.devices import use_cores
    from core.experiments.step_cost.run import device_name

    use_cores()
    spec = spec_to_record(what, samples()[sample])
    machine = device_name(find_device(spec.race.train.device))
    write_recording(out or RECORDINGS[what], spec, kind_of(spec).run(spec), machine)


def run_distribute(text_file: str | None, jsonl: str, spec_file: str | None, **values) -> None:
    """As a rank where a launcher has started this process; otherwise with ranks that are started from here."""
    from core.experiments.parallel import run as parallel

    spec = parallel.read_spec(spec_file) if spec_file else parallel_of(*settings_and_text(values, text_file))
    if "RANK" not in os.environ:
        check(spec)
        write_lines(jsonl, lines_of(spec))
    elif spec_file:
        as_rank(spec)
    elif os.environ["RANK"] == "0":
        with nullcontext(sys.stdout) if jsonl == "-" else open(jsonl, "w", encoding="utf-8") as out:
            parallel.run_rank(spec, lambda message: write_line(message, out), beating=False)
    else:
        parallel.run_rank(spec, lambda message: None, beating=False)


def as_rank(spec: ParallelSpec) -> None:
    """A rank of the app's, that tells it what goes wrong in a sentence, too."""
    from core.experiments.parallel.run import run_rank, write_line

    try:
        run_rank(spec, write_line, beating=True)
    except Exception as error:
        lost = f"it lost the others, or had an error of the program ({type(error).__name__})."
        sentence = str(error) if isinstance(error, ValueError) else lost
        write_line({"kind": "failed", "rank": int(os.environ["RANK"]), "sentence": sentence})
        raise SystemExit(1) from None


# ---- the program


def offer_command(name: str, offer: Offer) -> click.Command:
    settings, help = [SETTINGS[each] for each in offer.settings], f"Run a {offer.noun}."
    match name:
        case "race":
            return command(name, run_race, help, [*settings, PRECISION, *SCHEDULE], TEXT_FILE, JSONL)
        case "parallel":  # also as a rank, of the app's or of torchrun's
            return command("distribute", run_distribute, help, settings, TEXT_FILE, JSONL, SPEC_FILE)
    return command(name, partial(run_offer, offer), help, settings, TEXT_FILE, JSONL)


def shell_commands() -> Iterator[click.Command]:
    """Those that belong to no page."""
    race = [SETTINGS[name] for name in RACE]
    compiled = click.Option(["--compile"], is_flag=True, help="Let the loop's model go through torch.compile.")
    yield command(
        "bench", run_bench, "Our trainer's speed beside a plain loop's.", [*race, *BENCH], compiled, TEXT_FILE, JSONL
    )
    script = click.Option(["--script"], metavar="OUT.py", help="Where to write it, as a Python script.")
    notebook = click.Option(["--notebook"], metavar="OUT.ipynb", help="Where to write it, as a notebook.")
    settings = [SETTINGS[name] for name in OFFERS["race"].settings]
    help = "Write a race as a file that needs torch, pandas and altair only."
    yield command("export", run_export, help, settings, script, notebook, TEXT_FILE)
    what = click.Argument(["what"], type=click.Choice(list(RECORDINGS)), default="race")
    sample = click.Option(["--sample"], type=click.Choice(list(samples())), default=SETTINGS["source"].default)
    out = click.Option(["--out"], help="A file other than the page's.")
    help = "Run a page's experiment at its defaults, on a sample, and keep it for the page to show."
    yield command("record", run_record, help, (), what, sample, out)


def app() -> click.Group:
    """All commands."""
    commands = [*(offer_command(*each) for each in OFFERS.items()), *shell_commands()]
    return click.Group(
        "core",
        {str(each.name): each for each in commands},
        help="Batchscope from a shell. What is run writes one JSON object a line.",
        no_args_is_help=False,
    )


def main() -> int:
    try:
        app().main(prog_name="python -m core", standalone_mode=False, max_content_width=120)
    except click.Abort:
        return 130
    except click.ClickException as error:
        return print_error(error.format_message())
    except (ValueError, OSError) as error:
        return print_error(str(error))
    return 0


def print_error(sentence: str) -> int:
    print(f"batchscope: {sentence.rstrip('.')}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
