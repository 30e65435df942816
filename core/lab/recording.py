"""An experiment kept in a file, so that its page teaches before anything has been run: JSON lines, the first one says
what was run, when, and how long it took. `python -m core record` makes them; the text is not in it, only its name.
"""

import base64
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.corpus import Sample
from core.experiments.kind import Spec
from core.experiments.messages import Message, to_dict
from core.experiments.registry import OFFERS, from_json, to_json
from core.settings.values import Settings

DATA = Path(__file__).parents[2] / "data"
RECORDINGS = {name: DATA / f"recorded_{name}.jsonl" for name in (*OFFERS, "race_on_gpu", "speed_on_gpu")}
GPU_SIZES = (4, 16, 64, 256, 1024, 4096)
ON_GPU = {  # in place of the defaults, for a recording called `..._on_gpu`
    "device": "cuda",
    "batch_sizes": GPU_SIZES,
    "max_tokens": 4_000_000,  # for each run of the race: 30 steps of its largest batch
    "max_batch_size": GPU_SIZES[-1],
    "budget_mb": 1_000,
}


@dataclass(frozen=True)
class Recording:
    """What was run, without the text, and all that it said."""

    spec: Spec
    messages: list[dict]
    note: str  # when it was recorded, and on what

    def read(self, cursor: int) -> tuple[list[dict], int]:
        """The messages after that number, as `Store.read` gives them."""
        return self.messages[cursor:], len(self.messages)


def spec_to_record(name: str, sample: Sample | None = None) -> Spec:
    """What a page shows before anything was run: its experiment, as the settings' defaults make it. On that sample's
    text; without one, on none."""
    settings = Settings(**ON_GPU) if name.endswith("_on_gpu") else Settings()
    if sample:
        settings.update(source=sample.name)
    return OFFERS[name.removesuffix("_on_gpu")].of(settings, sample.text if sample else "")


def write_recording(path: str | Path, spec: Spec, messages: Iterable[Message], machine: str) -> None:
    """`machine` is what a reader is told of where it ran."""
    began = time.monotonic()
    lines = []
    for values in map(to_dict, messages):
        data = values.get("data")
        lines.append(json.dumps(values | ({"data": base64.b64encode(data).decode()} if data else {})))
    head = {
        "settings": to_json(spec),
        "recorded_on": date.today().isoformat(),
        "seconds": round(time.monotonic() - began, 1),
        "machine": machine,
    }
    Path(path).write_text("\n".join([json.dumps(head), *lines]) + "\n", encoding="utf-8")


def read_machine(path: str | Path) -> str:
    """Where a recording was made, without reading all of it."""
    with open(path, encoding="utf-8") as file:
        return json.loads(file.readline())["machine"]


def read_recording(path: str | Path) -> Recording:
    head, *lines = (json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines())
    messages = [m | ({"data": base64.b64decode(m["data"])} if "data" in m else {}) for m in lines]
    note = f"recorded on {head['recorded_on']} in {head['seconds']:.0f} s ({head['machine']})"
    return Recording(from_json(head["settings"]), messages, note)
