"""The CUDA path, where there is one."""

import pytest
import torch

from core.corpus import build_corpus
from core.model import GPTConfig
from core.training import TrainConfig, train

CORPUS = build_corpus("She sells sea shells by the sea shore. " * 60)
GPT_CONFIG = GPTConfig(vocab_size=CORPUS.tokenizer.vocab_size, block_size=8, n_layer=1, n_head=2, n_embd=16)


def losses(device: str) -> dict[tuple, float]:
    plan = TrainConfig(batch_sizes=(2, 8), num_seeds=2, max_tokens=1280, device=device)
    records = train(CORPUS, GPT_CONFIG, plan)
    return {(r["batch_size"], r["seed"], r["step"]): r["loss"] for r in records if r["kind"] == "train"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_gives_the_losses_of_the_cpu():
    on_cpu, on_gpu = losses("cpu"), losses("cuda")
    assert on_cpu and on_cpu.keys() == on_gpu.keys()
    for key, loss in on_cpu.items():
        assert on_gpu[key] == pytest.approx(loss, rel=1e-3)
