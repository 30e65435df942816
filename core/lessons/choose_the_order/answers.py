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
        f"After these {charts.counted(random.num_examples, 'window')}, drawing with replacement has left "
        f"{percent(random.unseen)} of the text unread, and without it {percent(shuffled.unseen)}. In the race, the "
        f"validation loss of random less that of shuffled is "
        f"{difference_text(estimate) if estimate else 'not measured yet'}. Two things differ between them: whether "
        "text may come again within an epoch, and where a window may begin, which is anywhere for random, and at "
        "multiples of T for shuffled. The race measures both together."
    )


def shuffling_answer(results: OrdersResults) -> str:
    """What the text's own order does to the loss on new text, on the training text, and to the curve."""
    validation, training = (difference(results, "sequential", "shuffled", what) for what in ("validation", "training"))
    sequential, shuffled = results.wave("sequential"), results.wave("shuffled")
    if not (validation and training and sequential and shuffled):
        return NOT_YET
    return (
        "Neighbours in a text share their subject: unshuffled, a batch tells of one passage, and the next batch of the "
        f"same. Here sequential less shuffled is {difference_text(validation)}, on new text and "
        f"{difference_text(training)}, on the training text itself: {harm_text(validation, training)} Means of "
        f"{results.waves['sequential'].width} steps of its training loss vary {number(sequential.value)} times as much "
        f"as those of independent losses, when shuffled {number(shuffled.value)} times. The more a curve comes in "
        "waves, the more it tells of the text, and the less of the model."
    )


def harm_text(validation: Estimate, training: Estimate) -> str:
    """Whether what is lost on new text is lost on the training text too."""
    if not validation.above(0):
        return "with these seeds and this budget, no harm can be told."
    if training.above(0):
        return "what it has read it knows less well, too."
    return "the harm can be told on new text alone."


def epoch_answer(stream: WindowStream, batch_size: int) -> str:
    """What an epoch is, in blocks, steps and tokens."""
    E, T = stream.epoch_size, stream.block_size
    left_over = stream.num_tokens - E * T
    return (
        f"The text of {stream.num_tokens:,} tokens is cut into **{E:,} blocks** of T = {T:,}; each needs one more "
        f"token for its last answer. An epoch is each of them once: {E:,} windows, {E * T:,} tokens, "
        f"{number(E / batch_size)} steps of B = {batch_size:,}. What is left over at the end, "
        f"{charts.counted(left_over, 'token')}, fills no block and is never read as input. Random windows know no "
        "epoch; “an epoch's worth” is as many of them. An epoch may end within a step: the next one begins there."
    )


def seed_answer(stream: WindowStream, results: OrdersResults) -> str:
    """How far seeds differ in what they read of an epoch's worth, and in how they end; beside how far orders differ."""
    seen, apart = np.array(seen_by_seed(stream, stream.epoch_size)), seeds_and_orders(results)
    text = (
        f"It decides which windows come. After an epoch's worth, {len(seen)} seeds (from {stream.seed:,} on) have read "
        f"{percent(seen.min())} to {percent(seen.max())} of the text, standard deviation "
        f"{number(100 * seen.std(ddof=1))} percentage points: other windows, the same share. "
    )
    if apart is None:
        return f"{text}One seed, or one order, cannot tell how much of a loss is chance."
    return (
        f"{text}In the race a seed also decides the first weights: after {charts.format_count(apart.tokens)} tokens, "
        f"runs of one order lie up to {number(apart.between_seeds)} nats apart ({apart.widest}), and the orders' means "
        f"up to {number(apart.between_orders)}. The sequential order is the same for every seed: there, only the "
        "weights differ."
    )


def source_sentence(note: str) -> str:
    """Where the numbers of the race come from."""
    return f"Coverage: counted just now. Losses: the race above, {note or 'yours, as far as it has come'}."
