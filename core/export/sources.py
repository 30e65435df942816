"""Source that stands on its own: of the real modules, of what is written out plainly beside them, and of settings."""

import ast
import base64
import hashlib
import inspect
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from pprint import pformat
from types import ModuleType

import numpy as np

from core.charts.palette import PALETTES
from core.corpus import Corpus
from core.experiments.race.spec import RaceSpec
from core.model import GPTConfig
from core.settings.limits import MAX_EMBEDDED_BYTES
from core.training import TrainConfig

PROMPTS = (">>>", "...", "In [")  # which a notebook takes away from the beginning of lines
MAX_PACKED = 1_000_000  # characters of a line of ids: more than twice those of the longest sample
WIDTH = 110  # of a line of text in the source

IDEAS = """Where the ideas come from: the model's shape and names from nanoGPT (Karpathy); one stream of examples for
all batch sizes from a counter-based generator (Salmon et al. 2011); AdamW (Loshchilov and Hutter 2019); rules for the
rate: linear (Goyal et al. 2017), square root (Malladi et al. 2022)."""


def source_of(thing: ModuleType | Callable) -> str:
    """A function as it stands; a module without its own docstring and imports."""
    source = inspect.getsource(thing)
    if not isinstance(thing, ModuleType):
        return source.strip("\n")
    tree = ast.parse(source)
    body = [
        node
        for number, node in enumerate(tree.body)
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    lines = source.splitlines()
    first = [min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) for node in body]
    parts = ["\n".join(lines[start - 1 : node.end_lineno]) for start, node in zip(first, body, strict=True)]
    return "\n\n\n".join(parts)


def joined(*things: ModuleType | Callable) -> str:
    return "\n\n\n".join(source_of(thing) for thing in things)


def definitions(source: str) -> list[str]:
    """Source, cut into its definitions, for cells: what is short stands with what follows it."""
    lines, chunks, start = source.splitlines(), [], 0
    for node in ast.parse(source).body:
        stop = node.end_lineno or node.lineno
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and stop - start > 3:
            chunks.append("\n".join(lines[start:stop]).strip("\n"))
            start = stop
    rest = "\n".join(lines[start:]).strip("\n")
    return [*chunks, *([rest] if rest else [])]


def text_literal(text: str) -> str:
    r"""A text as Python source that gives it back to the last character. Where nothing in it needs an escape it stands
    as it is, with a backslash where a line is too long; otherwise line by line, as Python shows it.

    >>> print(text_literal('To be\nor "not"\0'))
    (
        'To be\n'
        'or "not"\x00'
    )
    """
    lines = [cut(line) for line in text.split("\n")]
    plain = all(part.isprintable() and not part.lstrip().startswith(PROMPTS) for parts in lines for part in parts)
    if plain and "\\" not in text and '"""' not in text and not text.endswith('"'):
        return '"""\\\n' + "\n".join("\\\n".join(parts) for parts in lines) + '"""'
    return "(\n" + "".join(f"    {part!r}\n" for line in text.splitlines(keepends=True) for part in cut(line)) + ")"


def cut(line: str) -> list[str]:
    """Pieces of at most WIDTH characters, behind a space where there is one."""
    pieces = []
    while len(line) > WIDTH:
        end = line.rfind(" ", 0, WIDTH) + 1 or WIDTH
        pieces.append(line[:end])
        line = line[end:]
    return [*pieces, line]


def literal(value: object) -> str:
    return pformat(value, width=WIDTH + 10, compact=True, sort_dicts=False)


def config_literal(config: GPTConfig) -> str:
    return f"GPTConfig({', '.join(f'{name}={value!r}' for name, value in asdict(config).items())})"


def packed_ids(ids: np.ndarray) -> str:
    """Ids (N,) as a line; `plain/text.py` unpacks it. Unicode alone has more than 65,536 characters."""
    return base64.b64encode(zlib.compress(ids.astype("<u4").tobytes())).decode()


def run_settings(plan: TrainConfig, batch_size: int, block_size: int, evals: bool = True) -> dict:
    """What a run at this batch size is trained with; without `evals`, it is validated at its end alone."""
    num_steps = plan.num_steps(batch_size, block_size)
    return {
        "batch_size": batch_size,
        "learning_rate": plan.learning_rate_at(batch_size),
        "betas": list(plan.betas_at(batch_size)),
        "num_steps": num_steps,
        "eval_steps": plan.eval_steps(batch_size, block_size) if evals else [num_steps],
    }


@dataclass(frozen=True)
class RaceSource:
    """A race as source, part by part, ready to stand in a file."""

    version: str  # of all code that may stand in a file
    settings: str
    text: str  # and its tokens, where they are not its characters
    has_its_tokens: bool  # without a file beside it
    encode: str
    batches: str
    model: str
    gpt_config: str
    step: str  # one update
    run: str  # a run of many, and the noise of its losses
    cost: str


def race_source(spec: RaceSpec) -> RaceSource:
    """Raises ValueError, with a sentence, for a race that cannot be, or whose tokens do not fit into a file."""
    from core.batches import stream, windows  # here, because of torch: only a shell or a worker exports
    from core.export.plain import cost, race, text
    from core.model import config, gpt

    corpus, gpt_config = spec.build()
    source = {
        "encode": source_of(text),
        "batches": joined(windows, stream),
        "model": joined(config, gpt),
        "step": joined(race.loss_of, race.new_optimizer, race.train_step),
        "run": joined(race.train_run, race.final_losses, race.loss_noise),
        "cost": joined(cost.step_seconds, cost.kept_bytes),
    }
    return RaceSource(
        version=version(),
        settings=settings_of(spec),
        text=text_of(spec, corpus),
        has_its_tokens=is_short(corpus) or spec.tokenizer == "bpe",
        gpt_config=f"GPT_CONFIG = {config_literal(gpt_config)}",
        **source,
    )


def version() -> str:
    """Of all code that may stand in a file, and of what puts it there: a hash, cut short."""
    core = Path(__file__).parents[1]
    kinds = ("batches/*.py", "model/*.py", "export/**/*.py", "export/**/*.md")
    files = [file for kind in kinds for file in core.glob(kind)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:12]


def settings_of(spec: RaceSpec) -> str:
    plan = spec.train
    trained = {name: getattr(plan, name) for name in ("order", "weight_decay", "grad_clip", "eval_windows")}
    runs = [run_settings(plan, b, spec.block_size) for b in sorted(plan.batch_sizes)]
    return (
        f"TOKENIZER = {spec.tokenizer!r}  # a token is a character, a byte, or what BPE has learnt from this text\n"
        f"VAL_FRACTION = {spec.val_fraction!r}  # of the tokens, at the end, held out\n"
        f"PLAN = {literal(trained)}\n"
        f"RUNS = {literal(runs)}\n"
        f"SEEDS = {list(plan.seeds)}\n"
        f"RAMP = {literal(list(PALETTES['light'].ramp))}  # colours of B = 1, 4, 16 ... 4096"
    )


def is_short(corpus: Corpus) -> bool:
    return len(corpus.text.encode()) <= MAX_EMBEDDED_BYTES


def text_of(spec: RaceSpec, corpus: Corpus) -> str:
    tokens = ids = None
    if spec.tokenizer != "char":
        tokens = [corpus.tokenizer.show(i) for i in range(corpus.tokenizer.vocab_size)]
    if spec.tokenizer == "bpe":
        ids = packed_ids(np.concatenate([corpus.train_ids, corpus.val_ids]))
        if len(ids) > MAX_PACKED:
            raise ValueError(
                "The BPE tokens of this text are too many to be written into a file: take characters, or less text."
            )
    return (
        f"TEXT = {text_literal(corpus.text) if is_short(corpus) else None}\n"
        f"TEXT_SHA256 = {hashlib.sha256(corpus.text.encode()).hexdigest()!r}\n"
        f"TOKENS = {literal(tokens)}  # how each is shown, where it is not a character\n"
        f"IDS = {ids!r}  # the text in tokens that BPE has learnt, packed"
    )
