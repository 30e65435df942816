"""Draws, one after the other: the messages of `messages.py`, as they come. Runs in a worker, or in a shell."""

from collections.abc import Iterator

import numpy as np

from core.batches import WindowStream, pack
from core.corpus import Corpus, split_documents
from core.experiments.draws.messages import Drawn
from core.experiments.draws.spec import Counted, DrawsSpec
from core.experiments.messages import Message, Started


def run(spec: DrawsSpec) -> Iterator[Message]:
    corpus, gpt_config = spec.race.build()
    yield Started(vocab_size=gpt_config.vocab_size, num_parameters=0)
    for draw in range(spec.num_draws):
        seed = spec.race.train.first_seed + draw
        share = unread(spec, corpus, seed) if spec.counted == Counted.UNREAD else padding(spec, corpus, seed)
        yield Drawn(draw, 100 * share)


def unread(spec: DrawsSpec, corpus: Corpus, seed: int) -> float:
    """The share of the training part's tokens that an epoch's worth of random windows leaves unread."""
    stream = WindowStream(num_tokens=len(corpus.train_ids), block_size=spec.race.block_size, seed=seed)
    return float((stream.coverage(stream.epoch_size) == 0).mean())


def padding(spec: DrawsSpec, corpus: Corpus, seed: int) -> float:
    """The share of a padded batch's slots that hold no token; its documents are distinct."""
    documents = split_documents(spec.text)
    (batch_size,) = spec.race.train.batch_sizes
    drawn = np.random.default_rng(seed).choice(len(documents), min(batch_size, len(documents)), replace=False)
    ids = [corpus.tokenizer.encode(documents[place]) for place in drawn]
    return pack(ids, spec.race.block_size, "pad").waste
