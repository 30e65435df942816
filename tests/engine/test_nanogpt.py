"""The settings that nanoGPT has for Shakespeare's characters, on a GPU: ours beside a loop written out as nanoGPT's is.

Both read the same windows and begin at the same weights; they differ in how a step is made, and in what dropout draws.
`STEPS=5000 pytest -m gpu tests/engine/test_nanogpt.py` takes all of nanoGPT's steps.
"""

import math
import os

import pytest
import torch
from torch.nn import functional as F

from core.batches import WindowStream, all_windows
from core.corpus import build_corpus, samples
from core.engine import Evaluation, Training
from core.model import GPT, GPTConfig
from core.training import TrainConfig

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and there is none"),
]

B, T, RATE, LAST_RATE, WARMUP_SHARE = 64, 256, 1e-3, 1e-4, 0.02
SEEDS = 3


def gpt_config(corpus) -> GPTConfig:
    return GPTConfig(
        vocab_size=corpus.tokenizer.vocab_size, block_size=T, n_layer=6, n_head=6, n_embd=384, dropout=0.2, bias=False
    )


def our_losses(corpus, num_steps: int, num_evals: int) -> list[tuple[int, list[float]]]:
    """(step, validation loss of each seed) at each validation."""
    plan = TrainConfig(
        batch_sizes=(B,), num_seeds=SEEDS, max_tokens=num_steps * B * T, learning_rate=RATE, warmup=WARMUP_SHARE,
        final_rate=LAST_RATE / RATE, num_evals=num_evals, precision="bfloat16", device="cuda",
    )  # fmt: skip
    race = Training(corpus.train_ids, corpus.val_ids, gpt_config(corpus), plan)
    return [(event.step, event.losses.tolist()) for event in race.events() if isinstance(event, Evaluation)]


def loop_losses(corpus, seed: int, num_steps: int, eval_steps: list[int]) -> list[tuple[int, float]]:
    """(step, validation loss) of a loop as in nanoGPT's train.py."""
    ids, config = torch.from_numpy(corpus.train_ids).cuda(), gpt_config(corpus)
    val_windows = Training(
        corpus.train_ids, corpus.val_ids, config, TrainConfig(max_tokens=10**6, batch_sizes=(B,), device="cuda")
    ).val_windows
    model = GPT(config, torch.Generator().manual_seed(seed)).cuda()
    matrices, others = ([p for p in model.parameters() if (p.ndim >= 2) is many] for many in (True, False))
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), fused=True)
    windows, stream = all_windows(ids, T), WindowStream(num_tokens=len(ids), block_size=T, order="random", seed=seed)
    warmup, found = round(WARMUP_SHARE * num_steps), []

    def loss_on(rows):
        with torch.autocast("cuda", torch.bfloat16):
            return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())

    for step in range(num_steps + 1):
        if step in eval_steps:
            model.eval()
            with torch.no_grad():
                found.append((step, loss_on(val_windows).item()))
            model.train()
        rate = RATE * (step + 1) / (warmup + 1)
        if step >= warmup:
            share = (step - warmup) / (num_steps - warmup)
            rate = LAST_RATE + 0.5 * (1 + math.cos(math.pi * share)) * (RATE - LAST_RATE)
        for group in optimizer.param_groups:
            group["lr"] = rate
        starts = torch.from_numpy(stream.starts(first=step * B, count=B)).cuda()
        optimizer.zero_grad(set_to_none=True)
        loss_on(windows[starts]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return found


def test_nanogpt_s_settings_reach_the_loss_that_nanogpt_s_loop_reaches():
    corpus, num_steps = build_corpus(samples()["python-docs"].text, "char", 0.1), int(os.environ.get("STEPS", 250))
    ours = dict(our_losses(corpus, num_steps, num_evals=1))
    theirs = [loop_losses(corpus, seed, num_steps, [0, num_steps]) for seed in range(SEEDS)]
    first, last = ([dict(losses)[step] for losses in theirs] for step in (0, num_steps))
    assert ours[0] == pytest.approx(first, rel=1e-3)  # the same weights and windows
    spread = max(max(losses) - min(losses) for losses in (ours[num_steps], last))  # of either's seeds
    assert abs(sum(ours[num_steps]) - sum(last)) / SEEDS < spread < 0.5 and max(last) < 3, (ours[num_steps], last)
