"""A visit to every page on a server, as a browser makes it: open it, press its main buttons, wait for the results."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import psutil
import sqlalchemy as sa
from websockets.exceptions import WebSocketException

from core.lab.store import ACTIVE, Store
from core.lab.tables import experiments
from tests.app.browsing import TITLES
from tests.app.conftest import Server
from tests.app.viewer import Viewer
from tests.small_host.limits import SmallHost

SAMPLE_SECONDS = 0.25
SAMPLES_A_SHARE = 8  # only so often the shares of processes are added up, which takes the kernel long
TICK_SECONDS = 1.5  # as pages do
OPEN_SECONDS = 60
QUIET_SECONDS = 3.0  # after a visit: what a page has begun in the background still counts as its own


@dataclass
class Peaks:
    """The largest values that were seen, in bytes."""

    group: int = 0  # all that counts against the limit
    held: int = 0  # the part that cannot be dropped
    processes: int = 0  # the sum of their shares of memory (PSS), with program files that they have read
    server: int = 0  # the resident memory of the server


@dataclass
class Visit:
    """What one page did."""

    page: str
    open_seconds: float = 0.0
    experiments: list[str] = field(default_factory=list)  # a sentence each
    peaks: Peaks = field(default_factory=Peaks)
    killed: int = 0  # by the kernel, for memory
    red: list[str] = field(default_factory=list)  # sentences in red boxes, and what broke


class Sampler:
    """Looks at the memory of a host and of its server, again and again, in a thread of its own."""

    def __init__(self, host: SmallHost, server_id: int):
        self.host, self.server = host, psutil.Process(server_id)
        self.peaks = Peaks()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self) -> None:
        for sample in count():
            if self.ended.wait(SAMPLE_SECONDS):
                return
            now, peaks = self._values(with_shares=not sample % SAMPLES_A_SHARE), self.peaks
            for name, value in vars(now).items():
                setattr(peaks, name, max(getattr(peaks, name), value))

    def _values(self, with_shares: bool) -> Peaks:
        server = self.server.memory_info().rss if self.server.is_running() else 0
        processes = sum(pss_bytes(process) for process in self.host.processes) if with_shares else 0
        return Peaks(self.host.now_bytes, self.host.held_bytes, processes, server)

    def take(self) -> Peaks:
        """The peaks since the last time."""
        taken, self.peaks = self.peaks, Peaks()
        return taken

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()


def pss_bytes(process: int) -> int:
    """The memory of a process, in which a page that several share counts in parts."""
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            return 1024 * next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):  # it has just ended
        return 0


def walk(server: Server, host: SmallHost, seconds: float) -> Iterator[Visit]:
    """Every page in the order of the menu, for so many seconds an experiment. Ends early where the server is gone."""
    store, sampler = Store(server.database), Sampler(host, server.process.pid)
    try:
        for page in TITLES:
            killed, visit = host.killed, Visit(page or "start")
            try:
                look_at(visit, server, store, page, seconds)
            except (WebSocketException, OSError, TimeoutError) as error:
                visit.red.append(f"The page did not answer ({type(error).__name__}).")
            time.sleep(QUIET_SECONDS)
            visit.peaks, visit.killed = sampler.take(), host.killed - killed
            if gone := server.process.poll() is not None:
                visit.red.append("The server is gone.")
            yield visit
            if gone:
                return
    finally:
        sampler.stop()


def look_at(visit: Visit, server: Server, store: Store, page: str, seconds: float) -> None:
    viewer = Viewer(server.port, page)
    try:
        began = time.monotonic()
        viewer.run(timeout=OPEN_SECONDS)
        visit.open_seconds = time.monotonic() - began
        for label in list(viewer.primary):
            visit.experiments += press(viewer, store, label, seconds)
            viewer.run(timeout=OPEN_SECONDS)  # what it came to, drawn
    finally:
        visit.red += [text.replace("\\", "") for text in viewer.errors]
        visit.red += ["An error of the program."] * viewer.exceptions
        viewer.close()


def press(viewer: Viewer, store: Store, label: str, seconds: float) -> list[str]:
    """Press a button, and wait until no experiment goes on. Says how each one that it started ended."""
    before, began = {each.id for each in all_experiments(store)}, time.monotonic()
    viewer.run(clicked=label, timeout=OPEN_SECONDS)
    while any(each.status in ACTIVE for each in all_experiments(store)):
        if time.monotonic() - began > seconds:
            viewer.click("Stop")
            return [f"{label!r} was not done in {seconds:.0f} s and stopped"]
        time.sleep(TICK_SECONDS)
        if viewer.fragments:
            viewer.tick()
    took = time.monotonic() - began
    new = [each for each in all_experiments(store) if each.id not in before]
    return [f"{label!r} {each.status} after {took:.0f} s{': ' * bool(each.sentence)}{each.sentence}" for each in new]


def all_experiments(store: Store) -> list[sa.Row]:
    with store.database.begin() as db:
        return list(db.execute(sa.select(experiments.c.id, experiments.c.status, experiments.c.sentence)))
