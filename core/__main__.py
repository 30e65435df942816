"""The work of the app from a shell, as JSON lines: `python -m core --help`."""

import argparse
import json
import os
import sys
from contextlib import nullcontext

from core.corpus import clean_text, decode_upload, samples
from core.lab.experiments import RaceSpec
from core.lab.recording import RECORDING, write_recording
from core.training import LR_RULES, TrainConfig


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="python -m core", description="Batchscope from a shell.")
    commands = main.add_subparsers(dest="command", required=True)
    race = commands.add_parser("race", help="train small GPTs at several batch sizes, one JSON object a line")
    race.add_argument("--text-file", required=True, help="the text to learn, UTF-8, at most 5 MB")
    race.add_argument("--tokenizer", choices=("char", "byte", "bpe"), default="char")
    race.add_argument("--batch-sizes", type=numbers, default=(4, 16, 64), metavar="4,16,64")
    race.add_argument("--num-seeds", type=int, default=3)
    race.add_argument("--first-seed", type=int, default=0)
    race.add_argument("--max-tokens", type=int, default=120_000, help="for each run")
    race.add_argument("--block-size", type=int, default=32)
    race.add_argument("--n-layer", type=int, default=2)
    race.add_argument("--n-head", type=int, default=4)
    race.add_argument("--n-embd", type=int, default=64)
    race.add_argument("--learning-rate", type=float, default=3e-3)
    race.add_argument("--lr-rule", choices=LR_RULES, default="fixed")
    race.add_argument("--order", choices=("random", "shuffled", "sequential"), default="random")
    race.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    race.add_argument("--jsonl", default="-", metavar="OUT", help="where to write; - is the terminal")
    race.set_defaults(run=run_race)
    record = commands.add_parser(
        "record", help="run the default race on a sample and keep it for the race page to show"
    )
    record.add_argument("--sample", choices=samples(), default="python-docs")
    record.add_argument("--out", default=str(RECORDING))
    record.set_defaults(run=run_record)
    return main


def run_record(args: argparse.Namespace) -> None:
    from core.lab.race import race_messages
    from core.lab.worker import use_cores

    use_cores()
    sample = samples()[args.sample]
    spec = RaceSpec(text=sample.text, source=sample.name, floor_nats=sample.floor_nats)
    write_recording(args.out, spec, race_messages(spec))


def run_race(args: argparse.Namespace) -> None:
    with open(args.text_file, "rb") as file:
        text, _ = clean_text(decode_upload(file.read()))
    plan = TrainConfig(
        batch_sizes=args.batch_sizes,
        num_seeds=args.num_seeds,
        first_seed=args.first_seed,
        max_tokens=args.max_tokens,
        learning_rate=args.learning_rate,
        lr_rule=args.lr_rule,
        order=args.order,
        device=args.device,
    )
    names = ("tokenizer", "block_size", "n_layer", "n_head", "n_embd")
    spec = RaceSpec(text=text, train=plan, **{name: getattr(args, name) for name in names})
    from core.lab.race import Race  # here, because torch takes a second and --help needs none
    from core.lab.worker import use_cores
    from core.training import records_of

    use_cores()
    with nullcontext(sys.stdout) if args.jsonl == "-" else open(args.jsonl, "w", encoding="utf-8") as out:
        for event in Race(spec).events():
            if not isinstance(event, dict):
                records = records_of(event, plan, spec.block_size)
            else:
                records = [event] if event["kind"] == "summary" else []
            out.writelines(json.dumps(record) + "\n" for record in records)


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
