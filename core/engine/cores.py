"""How many cores this process may use: those that it may run on, or fewer where a container has a quota of their time.

Linux keeps a quota in files of control groups, and a group's quota holds for the groups below it too. Version 2 writes
"50000 100000" into `cpu.max`: 50,000 of every 100,000 microseconds, half a core. Version 1 has a file for each number.
Inside a container, the container's own group may stand at the top, whatever path the process is said to have.
"""

import os
from collections.abc import Iterator
from pathlib import Path


def available_cores() -> float:
    """The cores' worth of time that this process can have; 0.5 where a quota gives it half a core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([cores, *quotas()])


def quotas(root: Path = Path("/")) -> Iterator[float]:
    """The quotas of this process's groups, in cores; none where there is no limit, or no control groups."""
    for folder in groups(root):
        files = ("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        for names in files:
            try:
                quota, period = " ".join((folder / name).read_text() for name in names).split()
            except (OSError, ValueError):
                continue
            if quota.isdigit() and int(period):  # not "max", or -1 in version 1
                yield int(quota) / int(period)


def groups(root: Path) -> Iterator[Path]:
    """The folders of this process's groups that may limit its time, from its own up to the top."""
    mounts = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        for mount in (mounts / "cpu", mounts / controllers) if controllers else (mounts, mounts / "unified"):
            group = mount / path.lstrip("/")
            yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(mount))
