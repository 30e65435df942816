"""Answers to what people ask about the order of the windows, from what was measured."""

import numpy as np

from core import charts
from core.batches import WindowStream
from core.experiments.orders.results import OrdersResults
from core.lessons.choose_the_order.coverage import Drawn, seen_by_seed
from core.lessons.choose_the_order.differences import difference, seeds_and_orders
from core.lessons.choose_the_order.words import difference_text, number, percent
from core.measure.estimate import Estimate

NOT_YET = "The race has not measured it yet."


def replacement_answer(drawn: dict[str, Drawn], results: OrdersResults) -> str:
    """What is left unread with and without, and what that does to the loss."""
    random, shuffled = drawn["random"], drawn["shuffled"]
    estimate = difference(results, "random", "shuffled")
    return (
        f"After these {charts.counted(random.num_examples, 'window')}, {percent(random.unseen)} of "
        f"the text is unread with replacement, and {percent(shuffled.unseen)} without. In the race, the "
        f"validation loss of random minus that of shuffled is "
        f"{difference_text(estimate) if estimate else 'not measured yet'}. Two things differ between them: whether "
        "text may come again within an epoch, and where a window may start (anywhere for random, at multiples of T for "
        "shuffled). The race measures both together."
    )


def shuffling_answer(results: OrdersResults) -> str:
    """What the text's own order does to the loss on new text, on the training text, and to the curve."""
    validation, training = (difference(results, "sequential", "shuffled", what) for what in ("validation", "training"))
    sequential, shuffled = results.wave("sequential"), results.wave("shuffled")
    if not (validation and training and sequential and shuffled):
        return NOT_YET
    return (
        "Neighbouring windows of a text share their subject. Without shuffling, a batch is about one passage, and so "
        f"is the next batch. Here sequential minus shuffled is {difference_text(validation)}, on new text and "
        f"{difference_text(training)}, on the training text itself: {harm_text(validation, training)} Means of "
        f"{results.waves['sequential'].width} steps of its training loss vary {number(sequential.value)} times as much "
        f"as those of independent losses; in shuffled order {number(shuffled.value)} times. The larger the "
        "slow waves of a curve, the more it shows the text, and the less the model."
    )


def harm_text(validation: Estimate, training: Estimate) -> str:
    """Whether what is lost on new text is lost on the training text too."""
    if not validation.above(0):
        return "with these runs and this budget, no harm is resolved."
    if training.above(0):
        return "it has also learned less of the text that it read."
    return "the harm is resolved on new text only."


def epoch_answer(stream: WindowStream, batch_size: int) -> str:
    """What an epoch is, in blocks, steps and tokens."""
    E, T = stream.epoch_size, stream.block_size
    left_over = stream.num_tokens - E * T
    return (
        f"The text of {stream.num_tokens:,} tokens is cut into **{E:,} blocks** of T = {T:,}; each needs one more "
        f"token for its last target. An epoch is each of them once: {E:,} windows, {E * T:,} tokens, "
        f"{number(E / batch_size)} steps of B = {batch_size:,}. The rest at the end, "
        f"{charts.counted(left_over, 'token')}, fills no block and is never read as input. Random order has no epochs; "
        "“an epoch's worth” is the same number of windows. An epoch may end within a step: the next one begins there."
    )


def seed_answer(stream: WindowStream, results: OrdersResults) -> str:
    """How far seeds differ in what they read of an epoch's worth, and in how they end; and how far orders differ."""
    seen, apart = np.array(seen_by_seed(stream, stream.epoch_size)), seeds_and_orders(results)
    text = (
        f"The seed decides which windows are drawn. After an epoch's worth, {len(seen)} seeds (from {stream.seed:,} "
        "on) have read "
        f"{percent(seen.min())} to {percent(seen.max())} of the text, standard deviation "
        f"{number(100 * seen.std(ddof=1))} percentage points: other windows, the same share. "
    )
    if apart is None:
        return f"{text}One run, or one order, cannot show how much of a loss is chance."
    return (
        f"{text}In the race a seed also decides the first weights: after {charts.format_count(apart.tokens)} tokens, "
        f"runs of one order lie up to {number(apart.between_seeds)} nats apart ({apart.widest}), and the orders' means "
        f"up to {number(apart.between_orders)}. The sequential order is the same for every seed: there, only the "
        "weights differ."
    )


def source_sentence(note: str) -> str:
    """Where the numbers of the race come from."""
    return f"Coverage: computed on this page. Losses: the race above, {note or 'your own, up to now'}."
