"""The commands: one for each experiment that a page offers, and some that are of a shell only.

What loads torch is imported where it is needed: `--help` needs none.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from core.corpus import MAX_FILE_BYTES, check_size, clean_text, decode_upload, samples
from core.experiments.kind import Offer, Spec
from core.experiments.parallel.offers import parallel_of
from core.experiments.parallel.ranks import run_rank
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.offers import RACE, race_of
from core.experiments.registry import OFFERS, kind_of
from core.export.lesson import LessonSpec
from core.lab.keeping import kept
from core.lab.recording import RECORDINGS, spec_to_record, write_recording
from core.settings.declared import SETTINGS
from core.settings.limits import MAX_TOKENS
from core.settings.values import Settings
from core.shell.lines import Divergences, lines_of, opened, print_sentence, write_line, write_lines
from core.shell.options import BENCH, JSONL, KEEP, PRECISION, SCHEDULE, TEXT_FILE, OutFile, command
from core.shell.runs import store


def settings_and_text(values: dict, file: str | None) -> tuple[Settings, str]:
    """The settings with these values, and the text of the file; without one, that of the sample."""
    settings = Settings(**values)
    if file:
        settings.update(source="pasted")
        return settings, clean_text(decode_upload(read_bytes(file)))[0]
    if settings.source == "pasted":
        raise ValueError("Which text? Give --text-file.")
    return settings, samples()[settings.source].text


def read_bytes(file: str) -> bytes:
    """Of a file that is no larger than a text may be; of a larger one nothing is read."""
    with open(file, "rb") as opened_file:
        check_size(os.fstat(opened_file.fileno()).st_size)
        return opened_file.read(MAX_FILE_BYTES + 1)  # a pipe has no size


# ---- what they do


def check(spec: Spec) -> None:
    """Raises ValueError, with a sentence, for what this machine cannot run."""
    from core.lab.worker import describe

    spec.check(describe())


def run_offer(offer: Offer, text_file: str | None, jsonl: str, keep: bool, **values) -> None:
    run_here(offer.of(*settings_and_text(values, text_file)), jsonl, keep)


def run_race(
    text_file: str | None, jsonl: str, keep: bool, precision: str, warmup: float, final_rate: float, **values
) -> None:
    race = race_of(*settings_and_text(values, text_file))
    plan = replace(race.train, precision=precision, warmup=warmup, final_rate=final_rate)
    run_here(replace(race, train=plan), jsonl, keep)


def run_here(spec: Spec, jsonl: str, keep: bool) -> None:
    from core.engine.devices import use_cores

    use_cores()
    check(spec)
    messages = kind_of(spec).run(spec)
    if not keep:
        write_lines(jsonl, lines_of(spec, messages))
        return
    with store() as database, closing(kept(database, spec, messages, print_id)) as passed_on:
        write_lines(jsonl, lines_of(spec, passed_on))


def print_id(experiment_id: str) -> None:
    print_sentence(f"It is kept as {experiment_id}")


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


def run_distribute(text_file: str | None, jsonl: str, **values) -> int:
    """As a rank where torchrun has started this process; otherwise with ranks that are started from here."""
    spec = parallel_of(*settings_and_text(values, text_file))
    if "RANK" not in os.environ:
        check(spec)
        return 0 if write_lines(jsonl, lines_of(spec, kind_of(spec).run(spec))) else 1
    if os.environ["RANK"] == "0":
        return run_first_rank(spec, jsonl)
    run_rank(spec, lambda message: None, beating=False)
    return 0


def run_first_rank(spec: ParallelSpec, jsonl: str) -> int:
    """The rank of torchrun's that writes for all."""
    diverged = Divergences()
    with opened(jsonl) as out:

        def emit(message: dict) -> None:
            diverged.take(message)
            write_line(message, out)

        run_rank(spec, emit, beating=False)
    diverged.tell()
    return 1 if diverged.runs else 0


# ---- what they are called


def offer_command(name: str, offer: Offer) -> click.Command:
    settings, help = [SETTINGS[each] for each in offer.settings], f"Run a {offer.noun}."
    match name:
        case "race":
            return command(name, run_race, help, [*settings, PRECISION, *SCHEDULE], TEXT_FILE, JSONL, KEEP)
        case "parallel":  # also as a rank of torchrun's
            return command("distribute", run_distribute, help, settings, TEXT_FILE, JSONL)
    return command(name, partial(run_offer, offer), help, settings, TEXT_FILE, JSONL, KEEP)


def shell_commands() -> Iterator[click.Command]:
    """Those that belong to no page."""
    race = [SETTINGS[name] for name in RACE]
    compiled = click.Option(["--compile"], is_flag=True, help="Let the loop's model go through torch.compile.")
    yield command(
        "bench", run_bench, "Our trainer's speed beside a plain loop's.", [*race, *BENCH], compiled, TEXT_FILE, JSONL
    )
    script = click.Option(["--script"], type=OutFile(), metavar="OUT.py", help="Where to write it, as a Python script.")
    notebook = click.Option(
        ["--notebook"], type=OutFile(), metavar="OUT.ipynb", help="Where to write it, as a notebook."
    )
    settings = [SETTINGS[name] for name in OFFERS["race"].settings]
    help = "Write a race as a file that needs torch, pandas and altair only."
    yield command("export", run_export, help, settings, script, notebook, TEXT_FILE)
    what = click.Argument(["what"], type=click.Choice(list(RECORDINGS)), default="race")
    sample = click.Option(["--sample"], type=click.Choice(list(samples())), default=SETTINGS["source"].default)
    out = click.Option(["--out"], type=OutFile(), help="A file other than the page's.")
    help = "Run a page's experiment at its defaults, on a sample, and keep it for the page to show."
    yield command("record", run_record, help, (), what, sample, out)
