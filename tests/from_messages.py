"""What messages that are written by hand, kept or recorded tell of an experiment."""

from collections.abc import Iterable

from core.experiments.kind import Spec
from core.experiments.messages import Message
from core.experiments.registry import kind_of
from core.experiments.results import Results


def results_of(spec: Spec, messages: Iterable[dict | Message], **options) -> Results:
    """A snapshot; options as its kind's results have them."""
    kind = kind_of(spec)
    results = kind.results(spec, **options)
    for message in messages:
        results.take(message if isinstance(message, Message) else kind.message(message))
    return results.snapshot()
