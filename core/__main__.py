"""The work of the app from a shell, as JSON lines: `python -m core --help`."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

from core.corpus import Sample, clean_text, decode_upload, samples
from core.experiments.kind import Spec
from core.experiments.noise.spec import NoiseSpec
from core.experiments.offers import OFFERS
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import kind_of
from core.export.lesson import LessonSpec
from core.lab.recording import RECORDINGS, write_recording
from core.settings.declared import defaults
from core.settings.limits import MAX_TOKENS
from core.strategies import PARALLEL_MISTAKES, TARGETS, ParallelPlan
from core.training import LR_RULES, PRECISIONS, TrainConfig

GPU_SIZES = (4, 16, 64, 256, 1024, 4096)
GPU_TOKENS = 4_000_000  # for each run of the race that is recorded on a GPU: 30 steps of its largest batch


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="python -m core", description="Batchscope from a shell.")
    commands = main.add_subparsers(dest="command", required=True)
    race = commands.add_parser("race", help="train small GPTs at several batch sizes, one JSON object a line")
    add_training_options(race)
    race.add_argument("--batch-sizes", type=numbers, default=(4, 16, 64), metavar="4,16,64")
    race.add_argument("--num-seeds", type=int, default=3)
    race.add_argument("--max-tokens", type=int, default=120_000, help="for each run")
    race.add_argument("--precision", choices=PRECISIONS, default="float32")
    race.add_argument("--warmup", type=float, default=0.0, help="share of the budget over which the rate rises")
    race.add_argument("--final-rate", type=float, default=1.0, help="share of the rate that is left at the end")
    race.set_defaults(run=run_race)
    noise = commands.add_parser("noise", help="hold a model's weights still at some steps, and measure its batches")
    add_training_options(noise)
    noise.add_argument("--steps", type=numbers, default=(0, 150, 600), metavar="0,150,600")
    noise.add_argument("--batch-sizes", type=numbers, default=(1, 2, 4, 8, 16, 32, 64, 128), metavar="1,2,4")
    noise.add_argument("--num-batches", type=int, default=100, help="of each size")
    noise.add_argument("--train-batch-size", type=int, default=16, help="what the model is trained with")
    noise.set_defaults(run=run_noise)
    bench = commands.add_parser("bench", help="our trainer's speed beside a plain training loop's")
    add_training_options(bench, required=False)
    bench.add_argument("--batch-sizes", type=numbers, default=(1, 4, 16, 64, 256), metavar="1,4,16")
    bench.add_argument("--num-seeds", type=int, default=4, help="that our trainer takes together; the loop takes one")
    bench.add_argument("--rounds", type=int, default=8, help="in which the two take turns, at each batch size")
    bench.add_argument("--precision", choices=PRECISIONS, default="float32", help="of both")
    bench.add_argument("--compile", action="store_true", help="let the loop's model go through torch.compile")
    bench.set_defaults(run=run_bench)
    parallel = commands.add_parser("distribute", help="train one run in several processes, or be one of torchrun's")
    add_training_options(parallel, required=False)
    parallel.add_argument("--num-ranks", type=int, default=2, help="processes; with torchrun, its own number counts")
    parallel.add_argument("--micro-batch-size", type=int, default=4)
    parallel.add_argument("--accumulation-steps", type=int, default=2)
    parallel.add_argument("--steps", type=int, default=20)
    parallel.add_argument("--targets", choices=TARGETS, default=TARGETS[0], help="tokens of a window that are targets")
    parallel.add_argument("--mistake", choices=("", *PARALLEL_MISTAKES), default="")
    parallel.add_argument("--port", type=int, default=0, help="where the ranks meet; 0 for any")
    parallel.add_argument("--spec-file", help=argparse.SUPPRESS)  # from the app to its ranks
    parallel.set_defaults(run=run_distribute)
    export = commands.add_parser("export", help="write a race as a file that needs torch, pandas and altair only")
    add_training_options(export, required=False)
    export.add_argument("--script", metavar="OUT.py", help="where to write it, as a Python script")
    export.add_argument("--notebook", metavar="OUT.ipynb", help="where to write it, as a notebook")
    export.add_argument("--batch-sizes", type=numbers, default=(4, 16, 64), metavar="4,16,64")
    export.add_argument("--num-seeds", type=int, default=3)
    export.add_argument("--max-tokens", type=int, default=120_000, help="for each run")
    export.set_defaults(run=run_export)
    record = commands.add_parser("record", help="run a page's default on a sample and keep it for the page to show")
    record.add_argument("what", choices=RECORDINGS, nargs="?", default="race")
    record.add_argument("--sample", choices=samples(), default="python-docs")
    record.add_argument("--out", help="a file other than the page's")
    record.set_defaults(run=run_record)
    return main


def add_training_options(command: argparse.ArgumentParser, required: bool = True) -> None:
    """The text, the model, how it is trained, and where the JSON lines go."""
    command.add_argument("--text-file", required=required, help="the text to learn, UTF-8, at most 5 MB")
    command.add_argument("--tokenizer", choices=("char", "byte", "bpe"), default="char")
    command.add_argument("--first-seed", type=int, default=0)
    command.add_argument("--block-size", type=int, default=32)
    command.add_argument("--n-layer", type=int, default=2)
    command.add_argument("--n-head", type=int, default=4)
    command.add_argument("--n-embd", type=int, default=64)
    command.add_argument("--learning-rate", type=float, default=3e-3)
    command.add_argument("--lr-rule", choices=LR_RULES, default="fixed")
    command.add_argument("--order", choices=("random", "shuffled", "sequential"), default="random")
    command.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    command.add_argument("--jsonl", default="-", metavar="OUT", help="where to write; - is the terminal")


def race_of(args: argparse.Namespace, **plan) -> RaceSpec:
    """The race that the training options describe; without a text file, on Python's documentation."""
    text = samples()["python-docs"].text
    if args.text_file:
        with open(args.text_file, "rb") as file:
            text, _ = clean_text(decode_upload(file.read()))
    training = ("first_seed", "learning_rate", "lr_rule", "order", "device")
    train = {name: getattr(args, name) for name in training}
    names = ("tokenizer", "block_size", "n_layer", "n_head", "n_embd")
    return RaceSpec(text=text, train=TrainConfig(**train, **plan), **{name: getattr(args, name) for name in names})


def check(spec: Spec) -> None:
    """Raises ValueError, with a sentence, for what this machine cannot run."""
    from core.lab.worker import describe

    spec.check(describe())


def write_lines(args: argparse.Namespace, records: Iterable[dict]) -> None:
    """One JSON object a line, each as soon as it is there."""
    with nullcontext(sys.stdout) if args.jsonl == "-" else open(args.jsonl, "w", encoding="utf-8") as out:
        for record in records:
            print(json.dumps(record), file=out, flush=True)


def run_record(args: argparse.Namespace) -> None:
    from core.engine import find_device
    from core.engine.devices import use_cores
    from core.experiments.step_cost.run import device_name

    use_cores()
    spec = spec_to_record(args.what, samples()[args.sample])
    machine = device_name(find_device(spec.race.train.device))
    write_recording(args.out or RECORDINGS[args.what], spec, kind_of(spec).run(spec), machine)


def spec_to_record(name: str, sample: Sample) -> Spec:
    """What a page shows before anything was run: its experiment, as the settings' defaults make it."""
    settings = defaults()
    settings.source = sample.name
    if name.endswith("_on_gpu"):
        settings.device, settings.batch_sizes, settings.max_tokens = "cuda", GPU_SIZES, GPU_TOKENS
        settings.speed_bound, settings.budget_mb = GPU_SIZES[-1], 1_000
    return OFFERS[name.removesuffix("_on_gpu")].of(settings, sample.text)


def run_race(args: argparse.Namespace) -> None:
    names = ("batch_sizes", "num_seeds", "max_tokens", "precision", "warmup", "final_rate")
    plan = {name: getattr(args, name) for name in names}
    spec = race_of(args, **plan)
    from core.engine import records_of
    from core.engine.devices import use_cores
    from core.experiments.race.run import Race  # here, because torch takes a second and --help needs none

    use_cores()

    def records() -> Iterator[dict]:
        for event in Race(spec).events():
            if not isinstance(event, dict):
                yield from records_of(event, spec.train, spec.block_size)
            elif event["kind"] == "summary":
                yield event

    write_lines(args, records())


def run_noise(args: argparse.Namespace) -> None:
    race = race_of(args, batch_sizes=(args.train_batch_size,))
    spec = NoiseSpec.of(race, args.steps, args.batch_sizes, args.num_batches)
    from core.engine.devices import use_cores
    from core.experiments.noise.run import run

    use_cores()
    check(spec)
    write_lines(args, (m for m in run(spec) if m["kind"] in ("noise", "slope", "noise_scale")))


def run_export(args: argparse.Namespace) -> None:
    race = race_of(args, batch_sizes=args.batch_sizes, num_seeds=args.num_seeds, max_tokens=args.max_tokens)
    from core.export import export_notebook, export_script

    if not (args.script or args.notebook):
        raise ValueError("Which file? Give --script, --notebook or both.")
    if args.script:
        Path(args.script).write_text(export_script(race, Path(args.script).name), encoding="utf-8")
    if args.notebook:
        lesson = LessonSpec(race=race, batch_size=min(args.batch_sizes))
        Path(args.notebook).write_text(export_notebook(lesson), encoding="utf-8")


def run_bench(args: argparse.Namespace) -> None:
    from core.measure.bench import bench  # with all cores, as torch has them by itself

    plan = {"num_seeds": args.num_seeds, "precision": args.precision, "max_tokens": MAX_TOKENS}
    races = [race_of(args, batch_sizes=(batch_size,), **plan) for batch_size in sorted(set(args.batch_sizes))]
    for race in races:
        check(race)
    corpus, gpt_config = races[0].build()
    lines = (bench(corpus.train_ids, gpt_config, race.train, args.rounds, args.compile) for race in races)
    write_lines(args, lines)


def run_distribute(args: argparse.Namespace) -> None:
    """As a rank where a launcher has started this process; otherwise with ranks that are started from here."""
    from core.experiments.parallel.run import read_spec, run, run_rank, write_line

    if args.spec_file:
        spec = read_spec(args.spec_file)
    elif args.text_file:
        plan = ParallelPlan(
            micro_batch_size=args.micro_batch_size, accumulation_steps=args.accumulation_steps, num_steps=args.steps,
            targets=args.targets, mistake=args.mistake,
        )  # fmt: skip
        spec = ParallelSpec(race=race_of(args), plan=plan, num_ranks=args.num_ranks, port=args.port)
    else:
        raise ValueError("Which text? Give --text-file.")
    if "RANK" not in os.environ:
        check(spec)
        write_lines(args, (m for m in run(spec) if m["kind"] != "progress"))
    elif args.spec_file:
        as_rank(run_rank, spec, write_line, beating=True)
    elif os.environ["RANK"] == "0":
        with nullcontext(sys.stdout) if args.jsonl == "-" else open(args.jsonl, "w", encoding="utf-8") as out:
            run_rank(spec, lambda message: print(json.dumps(message), file=out, flush=True), beating=False)
    else:
        run_rank(spec, lambda message: None, beating=False)


def as_rank(run: Callable, spec: ParallelSpec, tell: Callable[[dict], None], beating: bool) -> None:
    """What goes wrong is told in a sentence, too."""
    try:
        run(spec, tell, beating)
    except Exception as error:
        own = isinstance(error, ValueError)
        sentence = (
            str(error) if own else f"it lost the others, or had an error of the program ({type(error).__name__})."
        )
        tell({"kind": "failed", "rank": int(os.environ["RANK"]), "sentence": sentence})
        raise SystemExit(1) from None


def main() -> int:
    args = parser().parse_args()
    try:
        args.run(args)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # a reader that has read enough
    except (ValueError, OSError) as error:
        print(f"batchscope: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
