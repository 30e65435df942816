"""Cores by quota, from a pretended tree of control groups; their format is that of the kernel's documentation."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.engine import cores, devices


def tree(root: Path, **files: str) -> Path:
    """A machine with these files; the names are keys of FILES."""
    for name, content in files.items():
        file = root / FILES[name]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


FILES = {
    "groups": "proc/self/cgroup",
    "top": "sys/fs/cgroup/cpu.max",
    "slice": "sys/fs/cgroup/slice/cpu.max",
    "own": "sys/fs/cgroup/slice/own/cpu.max",
    "other": "sys/fs/cgroup/other/cpu.max",
    "quota": "sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "period": "sys/fs/cgroup/cpu/cpu.cfs_period_us",
    "own_quota": "sys/fs/cgroup/cpu,cpuacct/own/cpu.cfs_quota_us",
    "own_period": "sys/fs/cgroup/cpu,cpuacct/own/cpu.cfs_period_us",
}
V1 = "5:cpu,cpuacct:/own\n4:memory:/elsewhere\n"


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"groups": "0::/\n", "top": "50000 100000\n"}, [0.5]),  # a container with a namespace of its own
        ({"groups": "0::/\n", "top": "max 100000\n"}, []),
        ({"groups": "0::/\n"}, []),  # a machine's root group has no such file
        ({"groups": "0::/slice/own\n", "own": "max 100000\n", "slice": "150000 100000\n"}, [1.5]),  # from above
        ({"groups": "0::/slice/own\n", "own": "20000 10000\n", "slice": "30000 10000\n"}, [2, 3]),
        ({"groups": "0::/slice/own\n", "own": "max 100000\n", "other": "10000 100000\n"}, []),  # of other processes
        ({"groups": V1, "own_quota": "25000\n", "own_period": "100000\n"}, [0.25]),
        ({"groups": V1, "own_quota": "-1\n", "own_period": "100000\n"}, []),
        ({"groups": V1, "quota": "50000\n", "period": "50000\n"}, [1]),  # the path is the host's
        ({"top": "50000 100000\n"}, []),  # no groups of this process
        ({"groups": "0::/\n", "top": "\n"}, []),
    ],
)
def test_quotas(tmp_path, files, expected):
    assert list(cores.quotas(tree(tmp_path, **files))) == expected


@pytest.mark.parametrize("quota, leave, expected", [(0.5, 0, 1), (1.5, 0, 1), (2.5, 0, 2), (2.5, 1, 1), (3.0, 1, 2)])
def test_usable_cores_are_whole_and_at_least_one(monkeypatch, quota, leave, expected):
    monkeypatch.setattr(cores, "quotas", lambda: [quota])
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(4), raising=False)
    assert devices.usable_cores(leave) == expected


def test_a_quota_larger_than_the_machine_gives_no_more_cores(monkeypatch):
    monkeypatch.setattr(cores, "quotas", lambda: [64.0])
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(4), raising=False)
    assert cores.available_cores() == 4


def test_cores_are_counted_without_torch_and_dask():
    code = "import sys, core.engine.cores; print(sorted({'torch', 'dask'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
