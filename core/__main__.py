"""The work of the app from a shell, as JSON lines: `python -m core --help`."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace

from core.corpus import clean_text, decode_upload, samples
from core.lab.experiments import (
    CLAIM_EXCERPT,
    CLAIM_RATES,
    CLAIM_TOKENS,
    MODEL_SIZES,
    NoiseSpec,
    RaceSpec,
    SweepSpec,
    claim_specs,
)
from core.lab.recording import RECORDINGS, write_recording
from core.training import LR_RULES, TrainConfig


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
    race.set_defaults(run=run_race)
    noise = commands.add_parser("noise", help="hold a model's weights still at some steps, and measure its batches")
    add_training_options(noise)
    noise.add_argument("--steps", type=numbers, default=(0, 150, 600), metavar="0,150,600")
    noise.add_argument("--batch-sizes", type=numbers, default=(1, 2, 4, 8, 16, 32, 64, 128), metavar="1,2,4")
    noise.add_argument("--num-batches", type=int, default=100, help="of each size")
    noise.add_argument("--train-batch-size", type=int, default=16, help="what the model is trained with")
    noise.set_defaults(run=run_noise)
    record = commands.add_parser("record", help="run a page's default on a sample and keep it for the page to show")
    record.add_argument("what", choices=RECORDINGS, nargs="?", default="race")
    record.add_argument("--sample", choices=samples(), default="python-docs")
    record.add_argument("--out", help="a file other than the page's")
    record.set_defaults(run=run_record)
    return main


def add_training_options(command: argparse.ArgumentParser) -> None:
    """The text, the model, how it is trained, and where the JSON lines go."""
    command.add_argument("--text-file", required=True, help="the text to learn, UTF-8, at most 5 MB")
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
    """The race that the training options describe."""
    with open(args.text_file, "rb") as file:
        text, _ = clean_text(decode_upload(file.read()))
    train = {name: getattr(args, name) for name in ("first_seed", "learning_rate", "lr_rule", "order", "device")}
    names = ("tokenizer", "block_size", "n_layer", "n_head", "n_embd")
    return RaceSpec(text=text, train=TrainConfig(**train, **plan), **{name: getattr(args, name) for name in names})


def write_lines(args: argparse.Namespace, records: Iterable[dict]) -> None:
    """One JSON object a line, each as soon as it is there."""
    with nullcontext(sys.stdout) if args.jsonl == "-" else open(args.jsonl, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(record) + "\n" for record in records)


def run_record(args: argparse.Namespace) -> None:
    from core.lab.worker import messages_of, use_cores

    use_cores()
    sample = samples()[args.sample]
    race = RaceSpec(text=sample.text, source=sample.name, floor_nats=sample.floor_nats)
    trained_at_16 = replace(race, train=TrainConfig(batch_sizes=(16,)))
    default = NoiseSpec(race=trained_at_16)
    noise = NoiseSpec.of(trained_at_16, default.steps, default.batch_sizes, default.num_batches)
    swept = TrainConfig(batch_sizes=(4, 8, 16, 32, 64), max_tokens=60_000, num_evals=40, early_evals=True)
    sweep = SweepSpec(race=replace(race, train=swept))
    layers, heads, channels = MODEL_SIZES["tiny"]
    tiny = replace(race, excerpt=CLAIM_EXCERPT, n_layer=layers, n_head=heads, n_embd=channels, floor_nats=None)
    claims = claim_specs(tiny, (16, 128, 512), CLAIM_TOKENS, CLAIM_RATES)
    spec = ({"race": race, "noise": noise, "sweep": sweep} | claims)[args.what]
    write_recording(args.out or RECORDINGS[args.what], spec, messages_of(spec))


def run_race(args: argparse.Namespace) -> None:
    spec = race_of(args, batch_sizes=args.batch_sizes, num_seeds=args.num_seeds, max_tokens=args.max_tokens)
    from core.lab.race import Race  # here, because torch takes a second and --help needs none
    from core.lab.worker import use_cores
    from core.training import records_of

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
    from core.lab.noise import noise_messages
    from core.lab.worker import describe, use_cores

    use_cores()
    spec.check(describe()["memory_bytes"])
    write_lines(args, (m for m in noise_messages(spec) if m["kind"] in ("noise", "slope", "noise_scale")))


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
