"""How runs are put on a device: what is tried, what is chosen, what is cached."""

import json
import time
from types import SimpleNamespace

import pytest
import torch

from core.engine import autotune
from core.engine.plans import window_bytes
from core.engine.pool import TrainerPool
from core.model import GPTConfig
from core.training import ExecutionPlan, TrainConfig

SMALL = GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16)
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch, tmp_path):
    monkeypatch.setenv("BATCHSCOPE_CACHE", str(tmp_path))
    monkeypatch.setattr(autotune, "_cache", {})
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_a_way_that_a_processor_found_is_taken_on_a_gpu_without_what_a_gpu_has_not():
    named = ExecutionPlan(batch_size=4, seeds_at_once=2, micro_batch_size=2, num_threads=1, onednn=True)
    config = TrainConfig(batch_sizes=(4,)).with_executions([named])
    assert autotune.autotune(SMALL, config, 4, CPU) == named
    assert autotune.autotune(SMALL, config, 4, torch.device("cuda")) == ExecutionPlan(
        batch_size=4, seeds_at_once=2, micro_batch_size=2
    )


@pytest.fixture
def asked(monkeypatch):
    """What was tried, with answers given beforehand: so many windows at once, so many seeds at once; without oneDNN."""
    asked = []
    monkeypatch.setattr(autotune, "is_available", lambda: False)

    def answer(what, value):
        def found(*some):
            options = next(part for part in some if isinstance(part, list))
            asked.append((what, options))
            return value(options)

        monkeypatch.setattr(autotune, what, found)

    answer("fastest_pass", lambda sizes: sizes[0])
    answer("fastest_stack", lambda counts: counts[-1])
    return asked


def find(batch_size, num_seeds=4, threads=2, device=CPU):
    torch.set_num_threads(threads)
    return autotune.autotune(SMALL, TrainConfig(batch_sizes=(batch_size,), num_seeds=num_seeds), batch_size, device)


def test_a_small_batch_tries_seeds_on_one_axis(asked):
    assert find(4) == ExecutionPlan(batch_size=4, seeds_at_once=4, micro_batch_size=4, num_threads=2)
    assert asked == [("fastest_stack", [1, 2, 4])]  # each alone, one stack a thread, all on one axis


def test_products_by_onednn_are_for_seeds_by_themselves(asked, monkeypatch):
    rows_tried = []
    monkeypatch.setattr(autotune, "is_available", lambda: True)
    monkeypatch.setattr(
        autotune, "faster_product", lambda channels, rows, threads: rows_tried.append(rows) or rows >= 64
    )
    assert find(1024).onednn and find(64, num_seeds=1).onednn
    assert not find(4).onednn and not find(16).onednn  # which took four on one axis
    assert rows_tried == [512, 512, 32, 128]


def test_products_of_bfloat16_are_left_to_torch(monkeypatch):
    monkeypatch.setattr(autotune, "faster_product", lambda *some: True)
    plan = TrainConfig(batch_sizes=(1024,), num_seeds=1, precision="bfloat16")
    assert not autotune.autotune(SMALL, plan, 1024, CPU).onednn


def test_a_large_batch_tries_passes_and_its_seeds_take_turns(asked):
    assert find(1024) == ExecutionPlan(batch_size=1024, seeds_at_once=1, micro_batch_size=32, num_threads=1)
    assert find(1000).micro_batch_size == 32 and find(33).micro_batch_size == 17  # two passes that are nearly equal
    assert asked[0] == ("fastest_pass", [32, 64, 128, 256])  # never more at once than it takes to fill a core


def test_one_seed_has_all_threads(asked):
    assert find(4, num_seeds=1) == ExecutionPlan(batch_size=4, seeds_at_once=1, micro_batch_size=4, num_threads=2)
    assert asked == []


def test_three_seeds_on_two_threads(asked):
    find(4, num_seeds=3)
    assert asked == [("fastest_stack", [1, 2, 3])]


@pytest.mark.parametrize(
    ("windows", "batch_size", "seeds_at_once", "micro_batch_size"),
    [  # that the pass of a GPU has room for; of 4 seeds
        (4096, 1024, 4, 1024),
        (4095, 1024, 2, 1024),  # in two turns, not in 3 and 1
        (1024, 1024, 1, 1024),
        (1023, 1024, 1, 512),
        (300, 1024, 1, 256),
        (0, 3, 1, 1),
    ],
)
def test_a_gpu_takes_all_that_it_has_room_for_and_tries_nothing(
    asked, monkeypatch, windows, batch_size, seeds_at_once, micro_batch_size
):
    monkeypatch.setattr(autotune, "gpu_bytes", lambda device: 8 * windows * window_bytes(SMALL) or 1)
    execution = find(batch_size, device=SimpleNamespace(type="cuda"))
    assert execution == ExecutionPlan(
        batch_size=batch_size, seeds_at_once=seeds_at_once, micro_batch_size=micro_batch_size
    )
    assert asked == []


def test_a_pass_is_no_larger_than_fills_a_gpu(monkeypatch):
    monkeypatch.setattr(autotune, "gpu_bytes", lambda device: 2**50)
    execution = find(2**20, device=SimpleNamespace(type="cuda"))
    assert 2**32 < execution.micro_batch_size * window_bytes(SMALL) <= 2**33


def test_a_way_that_the_plan_names_is_taken(asked):
    named = ExecutionPlan(batch_size=4, seeds_at_once=3, micro_batch_size=2)
    plan = TrainConfig(batch_sizes=(4,)).with_executions([named])
    assert autotune.autotune(SMALL, plan, 4, CPU) is named and asked == []


def test_what_was_found_is_remembered_by_the_next_process(asked, monkeypatch):
    first = find(4), find(512)
    monkeypatch.setattr(autotune, "_cache", {})  # as in a new process
    assert (find(4), find(512)) == first and len(asked) == 2


@pytest.mark.parametrize("other", [{"num_seeds": 3}, {"threads": 1}, {"batch_size": 8}])
def test_another_question_is_tried_anew(asked, other):
    find(4)
    find(**{"batch_size": 4} | other)
    assert len(asked) == 2


def test_a_plan_found_under_a_quota_is_not_taken_for_the_full_machine(asked, monkeypatch):
    for cores in (2, 0.5, 2, 0.5):
        monkeypatch.setattr(autotune, "available_cores", lambda cores=cores: cores)
        find(4, threads=1)
    assert len(asked) == 2


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": "b"}', "\x00"])
def test_a_spoilt_file_is_tried_anew_and_mended(asked, content):
    autotune.answers_file().write_text(content)
    assert find(4).seeds_at_once == 4
    assert 4 in json.loads(autotune.answers_file().read_text()).values()


def test_a_folder_that_cannot_be_written_is_no_matter(asked, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BATCHSCOPE_CACHE", str(tmp_path / "file"))
    assert find(4) == find(4) and len(asked) == 1  # this process still knows


def test_the_fastest_is_the_one_whose_best_time_is_lowest():
    times = {"a": iter([9, 5, 1, 9, 9, 9]), "b": iter([0, 2, 2, 2, 2, 2])}  # the first round does not count
    assert autotune.fastest(["a", "b"], lambda option: next(times[option])) == "a"


def test_what_would_take_too_long_is_not_tried(monkeypatch):
    clock, tried = [0.0], []
    monkeypatch.setattr(autotune.time, "monotonic", lambda: clock[0])

    def seconds(size):
        tried.append(size)
        clock[0] += size
        return 1 / size

    assert autotune.fastest([1, 2, 4], seconds) == 1 and tried == [1]


def test_really_trying_finds_one_of_the_options():
    torch.set_num_threads(2)
    for onednn in (False, True):
        assert autotune.fastest_pass(SMALL, TrainConfig(num_seeds=2), [32, 64], 1, onednn) in (32, 64)
        assert autotune.fastest_stack(SMALL, TrainConfig(num_seeds=2), 4, [1, 2], onednn) in (1, 2)
    assert autotune.faster_product(16, 64, 1) in (0, 1)
    assert torch.get_num_threads() == 2


def test_powers_of_two():
    assert autotune.powers_of_two(32, 256) == [32, 64, 128, 256]


def test_a_way_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="No batch can be trained so"):
        ExecutionPlan(batch_size=4, micro_batch_size=5)


def test_a_crew_gives_answers_in_the_order_of_its_trainers_and_the_threads_back():
    torch.set_num_threads(2)
    pool = TrainerPool(["a", "b", "c"], threads_each=1)
    assert pool.threads is not None
    assert pool.map(lambda name, k: (name, k, torch.get_num_threads()), [1, 2, 3]) == [
        ("a", 1, 1), ("b", 2, 1), ("c", 3, 1)
    ]  # fmt: skip
    assert torch.get_num_threads() == 2


def test_what_goes_wrong_in_a_crew_comes_out_when_the_others_are_done():
    torch.set_num_threads(2)
    done = []

    def work(name):
        if name == "a":
            raise ZeroDivisionError
        time.sleep(0.1)
        done.append(name)

    with pytest.raises(ZeroDivisionError):
        TrainerPool(["a", "b"], threads_each=1).map(work)
    assert done == ["b"] and torch.get_num_threads() == 2


def test_a_crew_wants_an_argument_for_each():
    with pytest.raises(ValueError):
        TrainerPool(["a", "b"]).map(lambda name, k: k, [1])
