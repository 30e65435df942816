"""What the picture shows, and where the numbers of the reasons come from."""

from core import charts
from core.experiments.race.results import RaceResults
from core.ui.sentences import interval

number = charts.format_significant


def source_sentence(notes: list[str]) -> str:
    """Where the numbers come from: the notes of the recordings among them, empty for the visitor's own."""
    recorded = [note for note in notes if note]
    if not recorded:
        return "All three numbers are from your own measurements."
    which = "" if len(recorded) == len(notes) else "Those that are not yours: "
    return f"{which}Measured by this app, {'; '.join(dict.fromkeys(recorded))}. Your own measurements replace them."


# ---- the picture


def picture_sentence(results: RaceResults, small: int, large: int, note: str) -> str:
    """What is to be seen in the two panels."""
    jumps = [results.noise[size].estimate for size in (small, large) if size in results.noise]
    if len(jumps) < 2:
        return f"Two runs on the same text ({note})."
    ratio = jumps[0].times(jumps[1].inverse)
    return (
        f"Two runs on the same text. With {small} windows in a batch the loss jumps **{number(ratio.value)} times** as "
        f"far from step to step as with {large} (95% interval {interval(ratio)}). In colour: every step. Thick line: "
        f"running mean. This race was {note}."
    )
