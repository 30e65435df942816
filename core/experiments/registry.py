"""Every kind of experiment, by the name of its folder; and an experiment as JSON."""

import json
from dataclasses import asdict
from importlib import import_module

from core.experiments.codec import build
from core.experiments.kind import Kind, Offer, Spec
from core.settings.declared import declare
from core.settings.setting import Token

NAMES = (
    "race",
    "noise",
    "sweep",
    "orders",
    "parallel",
    "step_cost",
    "draws",
)
KINDS: dict[str, Kind] = {name: import_module(f"core.experiments.{name}").KIND for name in NAMES}
OFFERS: dict[str, Offer] = {name: offer for kind in KINDS.values() for name, offer in kind.offers.items()}
declare(*map(Token, OFFERS))  # a setting each, with the id of a visitor's own


def kind_of(spec: Spec) -> Kind:
    return KINDS[spec.kind]


def to_json(spec: Spec) -> str:
    """All of an experiment but its text."""
    return json.dumps({"kind": spec.kind} | without_text(asdict(spec)), allow_nan=False)  # type: ignore[call-overload]


def without_text(values: dict) -> dict:
    return {
        name: without_text(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if name != "text"
    }


def from_json(settings: str, text: str = "") -> Spec:
    """The experiment of those settings. Fields that are not known any more are left out. Raises ValueError where its
    kind is not known any more."""
    values = json.loads(settings)
    name = values.get("kind", "race")  # races were kept without it until November 2026
    if name not in KINDS:
        raise ValueError(f"There is no experiment of the kind {name!r}.")
    return build(KINDS[name].spec, values, text=text)
