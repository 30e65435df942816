"""What an experiment found as JSON: every figure with its interval, and all that finds it again but the text.

It is JSON that every parser reads: a number that is not known, or an end of an interval that there is not, is null.
"""

import hashlib
import json
from dataclasses import asdict

from core.experiments.messages import plain
from core.experiments.registry import kind_of, to_json
from core.experiments.results import Results
from core.experiments.tables import Column, Figure


def results_json(results: Results, **experiment: str) -> str:
    """`experiment` is what else is known of it: its id, its status."""
    return json.dumps(plain(document_of(results, experiment)), allow_nan=False, ensure_ascii=False, indent=2) + "\n"


def document_of(results: Results, experiment: dict[str, str]) -> dict:
    spec, tables = results.spec, kind_of(results.spec).tables
    started = asdict(results.started) if results.started else {}
    figures = list(tables.figures(results))
    return {
        "experiment": experiment | {"kind": spec.kind},
        "versions": started.pop("versions", None),  # those that ran it; null where it was run before they were kept
        "device": results.device,
        "seeds": list(spec.seeds),
        "settings": json.loads(to_json(spec)),
        "text": text_of(spec.text),
        "started": started,
        "results": list(map(entry_of, figures)),
        "dictionary": dictionary_of(figures, (*tables.columns, *tables.found)),
    }


def text_of(text: str) -> dict:
    """What tells a text from another one, without a word of it.

    >>> text_of("bee")
    {'characters': 3, 'sha256': '62cb81b5904a262ffaeed02abef36bfc540b09f964b8b0b636662f77ffce6714'}
    """
    return {"characters": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def entry_of(figure: Figure) -> dict:
    """
    >>> from core.measure.estimate import Estimate
    >>> entry_of(Figure("loss_noise", Estimate(0.2, 0.1, 0.3), {"batch_size": 4}))
    {'name': 'loss_noise', 'at': {'batch_size': 4}, 'value': 0.2, 'low': 0.1, 'high': 0.3, 'why': ''}
    """
    return {"name": figure.name, "at": dict(figure.at)} | asdict(figure.estimate) | {"why": figure.why}


def dictionary_of(figures: list[Figure], declared: tuple[Column, ...]) -> dict:
    """Unit and meaning of every name that stands among the figures."""
    used = {name for figure in figures for name in (figure.name, *figure.at)}
    return {each.name: {"unit": each.unit, "meaning": each.meaning} for each in declared if each.name in used}
