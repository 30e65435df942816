"""Answers to what people ask about the order of the windows, from what was measured. Each is a sentence or some."""

import numpy as np

from core import charts
from core.batches import WindowStream
from core.experiments.orders.results import OrdersResults
from core.lessons.choose_the_order.maps import Drawn, percent, seen_by_seed
from core.lessons.choose_the_order.view import difference, number, told
from core.measure.comparison import Estimate

NOT_YET = "The race has not measured it yet."


def of_replacement(drawn: dict[str, Drawn], results: OrdersResults) -> str:
    """What is left unread with and without, and what that does to the loss."""
    random, shuffled = drawn["random"], drawn["shuffled"]
    found = difference(results, "random", "shuffled")
    return (
        f"After these {charts.counted(random.num_examples, 'window')}, drawing with replacement has left "
        f"{percent(random.unseen)} of the text unread, and without it {percent(shuffled.unseen)}. In the race, the "
        f"validation loss of random less that of shuffled is {told(found) if found else 'not measured yet'}. Two "
        "things differ between them: whether text may come again within an epoch, and where a window may begin, which "
        "is anywhere for random, and at multiples of T for shuffled. The race measures both together."
    )


def of_shuffling(results: OrdersResults) -> str:
    """What the text's own order does to the loss on new text, on the training text, and to the curve."""
    found, trained = (difference(results, "sequential", "shuffled", what) for what in ("validation", "training"))
    one, other = results.wave("sequential"), results.wave("shuffled")
    if not (found and trained and one and other):
        return NOT_YET
    return (
        "Neighbours in a text share their subject: unshuffled, a batch tells of one passage, and the next batch of the "
        f"same. Here sequential less shuffled is {told(found)}, on new text and {told(trained)}, on the training text "
        f"itself: {where(found, trained)} Means of {results.waves['sequential'].width} steps of its training loss "
        f"vary {number(one.value)} times as much as those of independent losses, when shuffled {number(other.value)} "
        "times. The more a curve comes in waves, the more it tells of the text, and the less of the model."
    )


def where(found: Estimate, trained: Estimate) -> str:
    """Whether what is lost on new text is lost on the training text too."""
    if not found.above(0):
        return "with these seeds and this budget, no harm can be told."
    if trained.above(0):
        return "what it has read it knows less well, too."
    return "the harm can be told on new text alone."


def of_epochs(stream: WindowStream, batch_size: int) -> str:
    """What an epoch is, in blocks, steps and tokens."""
    E, T = stream.epoch_size, stream.block_size
    left = stream.num_tokens - E * T
    return (
        f"The text of {stream.num_tokens:,} tokens is cut into **{E:,} blocks** of T = {T:,}; each needs one more "
        f"token for its last answer. An epoch is each of them once: {E:,} windows, {E * T:,} tokens, "
        f"{number(E / batch_size)} steps of B = {batch_size:,}. What is left over at the end, "
        f"{charts.counted(left, 'token')}, fills no block and is never read as input. Random windows know no epoch; "
        "“an epoch's worth” is as many of them. An epoch may end within a step: the next one begins there."
    )


def of_seeds(stream: WindowStream, results: OrdersResults) -> str:
    """How far seeds differ in what they read of an epoch's worth, and in how they end; beside how far orders differ."""
    seen = seen_by_seed(stream, stream.epoch_size)
    first = stream.seed
    said = (
        f"It decides which windows come. After an epoch's worth, {len(seen)} seeds (from {first:,} on) have read "
        f"{percent(seen.min())} to {percent(seen.max())} of the text, standard deviation "
        f"{number(100 * seen.std(ddof=1))} percentage points: other windows, the same share. "
    )
    tokens, losses = results.losses_at_equal()
    if len(losses) < 2 or len(next(iter(losses.values()))) < 2:
        return said + "One seed, or one order, cannot tell how much of a loss is chance."
    spread = {order: np.ptp(values) for order, values in losses.items()}
    widest = max(spread, key=spread.get)
    means = [values.mean() for values in losses.values()]
    return (
        f"{said}In the race a seed also decides the first weights: after {charts.format_count(tokens)} tokens, runs of "
        f"one order lie up to {number(spread[widest])} nats apart ({widest}), and the orders' means up to "
        f"{number(max(means) - min(means))}. The sequential order is the same for every seed: there, only the weights "
        "differ."
    )


def in_the_end(note: str) -> str:
    """Where the numbers of the race come from."""
    return f"Coverage: counted just now. Losses: the race above, {note or 'yours, as far as it has come'}."
