"""A race kept in a file, so that the race page teaches before anything has been trained: JSON lines, the first one says
what was run, when, and how long it took. `python -m core record` makes it; the text is not in it, only its name.
"""

import base64
import json
import platform
import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from core.lab.curves import RaceCurves
from core.lab.experiments import RaceSpec

RECORDING = Path(__file__).parents[2] / "data" / "recorded_race.jsonl"


def write_recording(path: str | Path, spec: RaceSpec, messages: Iterable[dict]) -> None:
    began = time.monotonic()
    lines = []
    for message in messages:
        data = message.get("data")
        lines.append(json.dumps(message | ({"data": base64.b64encode(data).decode()} if data else {})))
    head = {
        "settings": spec.settings(),
        "recorded_on": date.today().isoformat(),
        "seconds": round(time.monotonic() - began, 1),
        "machine": f"{platform.machine()} processor",
    }
    Path(path).write_text("\n".join([json.dumps(head), *lines]) + "\n", encoding="utf-8")


def read_recording(half_life_tokens: int = 0, path: str | Path = RECORDING) -> RaceCurves:
    """The recorded race for drawing; its `note` says when it was recorded and on what."""
    head, *lines = (json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines())
    messages = [m | ({"data": base64.b64decode(m["data"])} if "data" in m else {}) for m in lines]
    curves = RaceCurves(
        lambda cursor: (messages[cursor:], len(messages)),
        RaceSpec.from_settings(head["settings"], text=""),
        half_life_tokens,
    )
    curves.note = f"recorded on {head['recorded_on']} in {head['seconds']:.0f} s ({head['machine']})."
    return curves
