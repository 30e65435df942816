"""A model writes: as many tokens as asked for, of its vocabulary, the same ones from the same generator."""

import pytest
import torch

from core.model import GPT, GPTConfig, write

CONFIG = GPTConfig(vocab_size=5, block_size=4, n_layer=1, n_head=2, n_embd=8)


def written(num_tokens=20, prompt=(1,), seed=0, model=None):
    model = model or GPT(CONFIG, torch.Generator().manual_seed(0))
    return write(model, torch.tensor(prompt), num_tokens, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("num_tokens", [0, 1, 30])  # 30 is well beyond the block size of 4
@pytest.mark.parametrize("prompt", [(1,), (1, 2, 3, 4, 0, 1)])
def test_it_writes_as_many_tokens_as_asked_for(num_tokens, prompt):
    assert written(num_tokens, prompt).shape == (num_tokens,)


def test_every_token_is_of_the_vocabulary():
    ids = written(200)
    assert set(ids.tolist()) == set(range(5))  # an untrained model writes all of them, and no other


def test_the_same_generator_writes_the_same():
    assert written(seed=1).tolist() == written(seed=1).tolist()
    assert written(seed=1).tolist() != written(seed=2).tolist()


def test_tokens_are_drawn_by_their_probability():
    model = GPT(CONFIG, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for p in model.transformer.ln_f.parameters():
            p.zero_()
        model.transformer.ln_f.bias[0] = 1  # the logits are then the first column of the token table
        model.transformer.wte.weight[:, 0] = torch.tensor([0.0, 0.0, 9.0, 9.0, 0.0])
    counts = torch.bincount(written(200, model=model), minlength=5)
    assert counts[2] + counts[3] >= 195 and min(counts[2], counts[3]) > 60  # e^9 to 1, and one to one


def test_a_model_that_has_diverged_stops_writing():
    model = GPT(CONFIG, torch.Generator().manual_seed(0))
    torch.nn.init.constant_(model.transformer.wte.weight, torch.nan)
    assert len(written(model=model)) == 0
