"""What a worker sends of an experiment, and how it ends."""

from types import SimpleNamespace

import pytest
import torch

from core.experiments.messages import Started
from core.lab import worker
from core.lab.sender import Sender


@pytest.fixture
def sent(monkeypatch):
    """The messages that have left."""
    messages = []

    class Worker:
        address = "tcp://here"

        def log_event(self, topic, content):
            messages.extend(content["messages"])

    monkeypatch.setattr(worker, "get_worker", Worker)
    return messages


def test_losses_of_two_orders_do_not_travel_as_one():
    sent = []
    sender = Sender(sent.extend)
    sender.sent_at = float("inf")  # nothing goes before it must
    for order, step, data in (("random", 1, b"aaaa"), ("sequential", 1, b"bbbb"), ("random", 2, b"cccc")):
        sender.send({"kind": "losses", "order": order, "batch_size": 4, "num_runs": 1, "step": step, "data": data})
    sender.send({"kind": "ended"}, now=True)
    assert [m.get("data") for m in sent] == [b"aaaacccc", b"bbbb", None]


def test_losses_of_two_turns_do_not_travel_as_one():
    sent = []
    sender = Sender(sent.extend)
    sender.sent_at = float("inf")
    for step in (1, 2, 1):  # two steps of the first seeds, and one of the next ones, of two runs in all
        sender.send({"kind": "losses", "batch_size": 4, "num_runs": 2, "step": step, "data": bytes(8)})
    sender.flush()
    assert [(m["step"], len(m["data"])) for m in sent] == [(1, 16), (1, 8)]


@pytest.mark.parametrize(
    ("error", "told", "ends"),
    [
        (ValueError("B is too large."), "B is too large.", False),
        (KeyError("a word of the text"), "an error of the program (KeyError)", False),
        (torch.OutOfMemoryError("CUDA out of memory"), "The memory was not enough", False),
        (torch.AcceleratorError("CUDA error: out of memory"), "The memory was not enough", False),
        (torch.AcceleratorError("CUDA error: an illegal memory access"), "The GPU failed", True),
    ],
)
def test_an_error_ends_an_experiment_in_a_sentence_and_a_lost_gpu_the_process(sent, monkeypatch, error, told, ends):
    def messages(spec, keeper):
        yield Started(vocab_size=2, num_parameters=1)
        raise error

    exits = []
    monkeypatch.setattr(worker, "kind_of", lambda spec: SimpleNamespace(run=messages))
    monkeypatch.setattr(worker.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(worker.os, "_exit", lambda code: exits.append((code, sent[-1]["kind"])))
    threads = torch.get_num_threads()
    worker.run("id", "topic", None, "memory://")
    torch.set_num_threads(threads)
    assert [m["kind"] for m in sent] == ["started", "ended"]
    assert sent[-1]["status"] == "failed" and told in sent[-1]["sentence"] and "of the text" not in sent[-1]["sentence"]
    assert exits == ([(1, "ended")] if ends else [])  # when the last message is on its way


def test_a_worker_that_has_little_memory_left_is_started_again_after_its_experiment(sent, monkeypatch):
    exits = []
    monkeypatch.setattr(worker, "kind_of", lambda spec: SimpleNamespace(run=lambda spec, keeper: iter(())))
    monkeypatch.setattr(worker.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(worker.os, "_exit", lambda code: exits.append((code, sent[-1]["kind"])))
    threads = torch.get_num_threads()
    for left, first in ((599, []), (601, [1_000]), (599, [1_000])):  # without a limit, above and below three fifths
        monkeypatch.setattr(worker, "left_by_limit", lambda left=left: left)
        monkeypatch.setattr(worker, "_left_at_first", first)
        worker.run("id", "topic", None, "memory://")
    torch.set_num_threads(threads)
    assert exits == [(1, "ended")]  # once, when the last message is on its way
    assert [m["status"] for m in sent] == ["done"] * 3
