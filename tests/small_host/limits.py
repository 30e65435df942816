"""A small host on a large machine: a control group of Linux that has so much memory and so much of a core.

What runs in it sees its limits where a container would, so that a program that asks for them is answered as there. Both
versions of control groups are known; which one a machine has, and what may be changed there, is asked of the machine.
"""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

PERIOD_MICROSECONDS = 100_000  # in which a group may use its share of a core
VERSION_2 = {
    "limit": "memory.max",
    "swap": "memory.swap.max",
    "now": "memory.current",
    "peak": "memory.peak",
    "killed": "memory.events",
    "held": "anon",
}
VERSION_1 = {
    "limit": "memory.limit_in_bytes",
    "swap": "memory.memsw.limit_in_bytes",  # of both together
    "now": "memory.usage_in_bytes",
    "peak": "memory.max_usage_in_bytes",
    "killed": "memory.oom_control",
    "held": "total_rss",
}
ENTER = 'for group in $GROUPS_TO_ENTER; do echo $$ > "$group/cgroup.procs" || exit 1; done; exec "$@"'
SEE = 'for pair in $GROUPS_TO_SEE; do mount --bind "${pair%%=*}" "${pair#*=}" || exit 1; done; exec "$@"'


class NoRightsError(Exception):
    """A sentence: why there can be no small host here."""


class SmallHost:
    """A group with limits. `before` is the command that runs another one in it; `remove` when that has ended."""

    def __init__(self, memory_bytes: int, cores: float, root: Path = Path("/")):
        self.folders = new_groups(root)  # by controller; one folder in version 2
        self.memory, self.cpu = self.folders["memory"], self.folders["cpu"]
        version_2 = self.memory == self.cpu
        self.names = VERSION_2 if version_2 else VERSION_1
        self.version = 2 if version_2 else 1
        quota = f"{int(cores * PERIOD_MICROSECONDS)}"
        try:
            self.write(self.memory, self.names["limit"], str(memory_bytes))
            if version_2:
                self.write(self.cpu, "cpu.max", f"{quota} {PERIOD_MICROSECONDS}")
            else:
                self.write(self.cpu, "cpu.cfs_period_us", str(PERIOD_MICROSECONDS))
                self.write(self.cpu, "cpu.cfs_quota_us", quota)
        except OSError as error:
            self.remove()
            raise NoRightsError(f"The limits of a control group cannot be set here ({error}).") from error
        if (self.memory / self.names["swap"]).exists():  # a host of this size has none
            self.write(self.memory, self.names["swap"], "0" if version_2 else str(memory_bytes))

    def write(self, folder: Path, name: str, value: str) -> None:
        (folder / name).write_text(value)

    @property
    def before(self) -> Sequence[str]:
        unshare = ["unshare", "--mount", "--cgroup", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        groups = " ".join(str(folder) for folder in set(self.folders.values()))
        mounts = {self.memory: "/sys/fs/cgroup"} if self.version == 2 else {}
        mounts = mounts or {folder: f"/sys/fs/cgroup/{name}" for name, folder in self.folders.items()}
        pairs = " ".join(f"{folder}={mount}" for folder, mount in mounts.items())
        variables = ["env", f"GROUPS_TO_ENTER={groups}", f"GROUPS_TO_SEE={pairs}"]
        return [*variables, "sh", "-c", ENTER, "enter", *unshare, "sh", "-c", SEE, "see"]

    def check(self) -> None:
        """Whether something can be run in it. Raises NoRightsError."""
        done = subprocess.run([*self.before, "true"], capture_output=True, text=True)
        if done.returncode:
            raise NoRightsError(f"Nothing can be run in a control group here ({done.stderr.strip()}).")

    def number(self, name: str) -> int:
        return int((self.memory / self.names[name]).read_text())

    def counted(self, file: str, name: str) -> int:
        """A number that stands behind its name in a file of several."""
        lines = (self.memory / file).read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)

    @property
    def now_bytes(self) -> int:
        """All memory that counts against the limit, with files that were read and could be dropped."""
        return self.number("now")

    @property
    def held_bytes(self) -> int:
        """The part of it that processes hold, and that cannot be dropped."""
        return self.counted("memory.stat", self.names["held"])

    @property
    def peak_bytes(self) -> int:
        return self.number("peak")

    @property
    def killed(self) -> int:
        """How many processes the kernel has killed in it for memory."""
        return self.counted(self.names["killed"], "oom_kill")

    @property
    def processes(self) -> list[int]:
        return [int(line) for line in (self.memory / "cgroup.procs").read_text().split()]

    def remove(self) -> None:
        """The group must be empty, which takes a moment after its last process has ended."""
        for folder in set(self.folders.values()):
            for _ in range(50):
                try:
                    folder.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)


def new_groups(root: Path) -> dict[str, Path]:
    """A new group for each of the two controllers, as near to this process's own as may be. Raises NoRightsError."""
    try:
        lines = [line.split(":", 2) for line in (root / "proc/self/cgroup").read_text().splitlines()]
    except OSError as error:
        raise NoRightsError("This machine has no control groups of Linux.") from error
    mounts = root / "sys/fs/cgroup"
    own = {controller: path for _, names, path in lines for controller in names.split(",")}  # "" is version 2
    if "memory" not in own:
        both = new_group(mounts, own.get("", "/"), VERSION_2["limit"], "cpu.max")
        return {"memory": both, "cpu": both}
    memory = new_group(mounts / "memory", own["memory"], VERSION_1["limit"])
    try:
        return {"memory": memory, "cpu": new_group(mounts / "cpu", own.get("cpu", "/"), "cpu.cfs_quota_us")}
    except NoRightsError:
        memory.rmdir()
        raise


def new_group(mount: Path, path: str, *files: str) -> Path:
    """A new group that has these files, below this process's own or, where that may not be, below one further up."""
    own = mount / path.lstrip("/")
    for parent in (own, *own.parents):
        folder = parent / f"batchscope-small-host-{os.getpid()}"
        if not parent.is_relative_to(mount):
            break
        try:
            folder.mkdir()
        except OSError:
            continue
        if all((folder / file).exists() for file in files):
            return folder
        folder.rmdir()
    raise NoRightsError("No control group with a limit of memory and time may be made here; as root one may.")
