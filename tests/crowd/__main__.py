"""`python -m tests.crowd`: a class on one server. Viewers walk from page to page, as browsers would but without
drawing; some of them race at the same time, each with seeds of their own. How long does a page change take?

Ends with 0 where no page showed a red box, with 1 otherwise. `--same` presses one button for all at once instead: they
should get one race, and all see it.
"""

import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import psutil
import sqlalchemy as sa

from core.lab.store import Store
from core.lab.tables import experiments
from tests.app.browsing import TITLES
from tests.app.conftest import Server
from tests.app.viewer import Viewer

PAGES = [page for page in TITLES if page]
START = "Start the race"
PATIENCE_SECONDS = 120


@dataclass
class Seen:
    """What all viewers saw together."""

    changes: list[tuple[float, str]] = field(default_factory=list)  # (seconds, page)
    red: list[str] = field(default_factory=list)
    most_bytes: int = 0  # of the server's resident memory
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, viewer: Viewer, began: float) -> None:
        with self.lock:
            self.changes.append((time.monotonic() - began, viewer.page))


def look_around(server: Server, seen: Seen, until: float, think: float, number: int, races: bool) -> None:
    """One viewer: page after page in an order of its own, with time to read each, while its fragments tick."""
    dice = random.Random(number)
    time.sleep(dice.uniform(0, think))
    query = f"seed={number}&tokens=60000" if races else ""
    viewer = Viewer(server.port, "race_batch_sizes" if races else dice.choice(PAGES), query)
    try:
        viewer.run(timeout=PATIENCE_SECONDS)
        if races:
            viewer.click(START)
        while time.monotonic() < until:
            began = time.monotonic()
            viewer.page, viewer.page_hash = dice.choice(PAGES), ""
            viewer.run(timeout=PATIENCE_SECONDS)
            seen.change(viewer, began)
            leaves = min(until, time.monotonic() + dice.uniform(0.5, 1.5) * think)
            while (left := leaves - time.monotonic()) > 0:
                time.sleep(min(left, max(1.5, min(viewer.fragments.values(), default=left))))
                if viewer.fragments:
                    viewer.tick()
    except Exception as error:
        seen.red.append(f"{viewer.page}: {type(error).__name__}")
    finally:
        count_red(viewer, seen)
        viewer.close()


def count_red(viewer: Viewer, seen: Seen) -> None:
    with seen.lock:
        seen.red += [f"{viewer.page}: a red box"] * viewer.exceptions


def press_together(server: Server, seen: Seen, together: threading.Barrier) -> None:
    """One of those who press the same button at once, and wait for what comes of it."""
    viewer = Viewer(server.port, "race_batch_sizes", "tokens=60000")
    viewer.run(timeout=PATIENCE_SECONDS)
    together.wait()
    viewer.click(START)
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(text.startswith("Done") for text in viewer.said) and time.monotonic() < until:
        time.sleep(1.5)
        viewer.run(timeout=PATIENCE_SECONDS)
    if not any(text.startswith("Done") for text in viewer.said):
        seen.red.append("somebody did not see the race done")
    count_red(viewer, seen)
    viewer.close()


@click.command(help=__doc__)
@click.option("--viewers", default=30, show_default=True, type=click.IntRange(1, 200))
@click.option("--racers", default=10, show_default=True, help="Of them, who start a race each.")
@click.option("--seconds", default=120.0, show_default=True, help="That it goes on.", type=click.FloatRange(10, 1200))
@click.option("--think", default=6.0, show_default=True, help="Seconds on a page, on average.")
@click.option("--same", is_flag=True, help="All press the same button at once.")
def main(viewers: int, racers: int, seconds: float, think: float, same: bool) -> None:
    seen = Seen()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            warm_up(server)
            if same:
                together = threading.Barrier(viewers)
                jobs = [(press_together, (server, seen, together))] * viewers
            else:
                until = time.monotonic() + seconds
                jobs = [(look_around, (server, seen, until, think, k, k < racers)) for k in range(viewers)]
            run_all(server, seen, jobs)
            report(server, seen)
        finally:
            server.stop()
    sys.exit(1 if seen.red else 0)


def warm_up(server: Server) -> None:
    """The first page, and a worker that has answered once."""
    for page in ("", "inside_one_step"):
        viewer = Viewer(server.port, page)
        viewer.run(timeout=PATIENCE_SECONDS)
        viewer.close()


def run_all(server: Server, seen: Seen, jobs: list) -> None:
    threads = [threading.Thread(target=job, args=args) for job, args in jobs]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.most_bytes = max(seen.most_bytes, psutil.Process(server.process.pid).memory_info().rss)
        time.sleep(0.5)


def report(server: Server, seen: Seen) -> None:
    with Store(server.database).database.begin() as db:
        count = sa.select(experiments.c.status, sa.func.count()).group_by(experiments.c.status)
        ended = ", ".join(f"{number} {status}" for status, number in db.execute(count))
    if seen.changes:
        seconds = sorted(took for took, _ in seen.changes)
        p95 = statistics.quantiles(seconds, n=20)[-1]
        click.echo(
            f"{len(seconds)} page changes: {statistics.median(seconds):.2f} s in the median, {p95:.2f} s at p95, "
            f"{seconds[-1]:.2f} s at most"
        )
        for took, page in sorted(seen.changes)[-5:]:
            click.echo(f"    {took:.2f} s for {page}")
    click.echo(f"server: {seen.most_bytes / 2**20:.0f} MB at most; experiments: {ended}; red: {seen.red or 'none'}")


if __name__ == "__main__":
    main()
