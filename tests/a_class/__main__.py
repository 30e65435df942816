"""`python -m tests.a_class`: a whole class on one server. A teacher, thirty students and the board go through
activities, as their browsers would but without drawing. How long until everyone's page has followed the teacher, and
what does the server take?

Ends with 0 where all pages followed within 2 seconds (95th percentile), the server stayed under 400 MB and nobody saw a
red box; with 1 otherwise. With `--race` it times the race instead: thirty seeds against three with the same tokens.
"""

import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import psutil

from core.classroom.activities import BY_NAME, PREPARED
from core.classroom.activity import Activity
from core.classroom.classes import Classes
from core.classroom.measurement import trial_of, with_tokens
from core.classroom.phase import Phase
from core.classroom.state import ClassState
from core.lab.store import Store
from core.lessons.hold_a_class.words import DO_NOW, NEXT_STEP
from tests.app.conftest import Server
from tests.app.viewer import Viewer

PAGE = "hold_a_class"
USUAL = ("noisier", "unread", "speed")  # a race, draws, and steps that are timed
TICK_SECONDS = 1.5  # of the board; the others as their pages ask for
FOLLOW_SECONDS, SERVER_BYTES = 2.0, 400 * 2**20
PATIENCE_SECONDS = 240


@dataclass
class Lesson:
    """What all of them share."""

    server: Server
    code: str = ""
    moved_at: dict[tuple[int, Phase], float] = field(default_factory=dict)  # when the teacher pressed, by round
    lags: list[tuple[Phase, float]] = field(default_factory=list)  # seconds until a page had followed
    red: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    most_bytes: int = 0


def attend(lesson: Lesson, number: int, num_rounds: int) -> None:
    """One student: joins, follows, and answers where it is asked for."""
    try:
        viewer = Viewer(lesson.server.port, PAGE, f"class_code={lesson.code}")
        viewer.run(timeout=PATIENCE_SECONDS)
        viewer.click("Join the class")
        time.sleep(TICK_SECONDS * number / 30)  # nobody's browser ticks in step with another's
        for round_number in range(1, num_rounds + 1):
            for phase in (*list(Phase)[1:], Phase.LOBBY):
                follow(lesson, viewer, (round_number, phase))
                if phase.takes_answers:
                    while "Send" not in viewer.buttons and not lesson.over.wait(TICK_SECONDS):
                        viewer.run()  # what it said was not yet all of the page
                    viewer.run(clicked="Send", chosen=number % 3)
        lesson.red += [f"student {number}: {sentence}" for sentence in viewer.errors]
        lesson.red += [f"student {number}: an exception"] * viewer.exceptions
        viewer.close()
    except Exception as error:
        lesson.red.append(f"student {number}: {type(error).__name__}: {error}")


def follow(lesson: Lesson, viewer: Viewer, step: tuple[int, Phase]) -> None:
    """Tick until the page says what is to be done in that phase, and note how long that took."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(DO_NOW[step[1]] in text for text in viewer.said_by_page):
        if lesson.over.wait(min(viewer.fragments.values(), default=TICK_SECONDS)) or time.monotonic() > until:
            lesson.red.append(f"a page did not follow to {step[1]}")
            return
        viewer.tick()
    lesson.lags.append((step[1], time.monotonic() - lesson.moved_at[step]))


def watch_board(lesson: Lesson) -> None:
    viewer = Viewer(lesson.server.port, PAGE, f"class_code={lesson.code}&class_role=board&present=1")
    viewer.run(timeout=PATIENCE_SECONDS)
    while not lesson.over.wait(TICK_SECONDS):
        viewer.tick()
    lesson.red += [f"board: {sentence}" for sentence in viewer.errors]
    viewer.close()


def teach(lesson: Lesson, teacher: Viewer, known: Classes, students: int, activities: list[Activity]) -> None:
    def state() -> ClassState:
        found = known.look(known.find(lesson.code))
        assert found
        return found

    def press(label: str, to: Phase, number: int, chosen: int | None = None) -> None:
        lesson.moved_at[number, to] = time.monotonic()
        teacher.run(clicked=label, chosen=chosen, timeout=PATIENCE_SECONDS)
        wait_until(lambda: state().phase == to)

    store = Store(lesson.server.database)
    wait_until(lambda: len(state().members) == students)
    for number, activity in enumerate(activities, start=1):
        press("Begin", Phase.PREDICT, number, chosen=PREPARED.index(activity))
        for phase in (Phase.PREDICT, Phase.AGAIN):
            wait_until(lambda phase=phase: len(state().answers[phase]) == students)
            press(NEXT_STEP[phase], phase.next, number)
            if phase == Phase.PREDICT:
                time.sleep(2 * FOLLOW_SECONDS)
                press(NEXT_STEP[Phase.DISCUSS], Phase.AGAIN, number)
        time.sleep(2 * FOLLOW_SECONDS)
        began = time.monotonic()
        teacher.run(clicked=f"Start the {activity.measurement}", timeout=PATIENCE_SECONDS)
        wait_until(lambda: not store.status(state().rounds[-1].experiment_id)[0].active)
        status = store.status(state().rounds[-1].experiment_id)
        click.echo(f"{activity.title} {status[0]} after {time.monotonic() - began:.0f} s")
        teacher.run(timeout=PATIENCE_SECONDS)
        press(NEXT_STEP[Phase.MEASURE], Phase.COMPARE, number)
        time.sleep(2 * FOLLOW_SECONDS)
        press(NEXT_STEP[Phase.COMPARE], Phase.LOBBY, number)
        time.sleep(2 * FOLLOW_SECONDS)


def wait_until(reached) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        if time.monotonic() > until:
            raise TimeoutError("the class is stuck")
        time.sleep(0.5)


def play(students: int, activities: list[Activity]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        lesson = Lesson(Server(Path(folder)))
        known = Classes(Store(lesson.server.database).database)
        try:
            teacher = Viewer(lesson.server.port, PAGE)
            teacher.run(timeout=PATIENCE_SECONDS)
            teacher.click("Open a class")
            lesson.code = dict(part.split("=") for part in teacher.query.split("&"))["class_code"]
            jobs = [(attend, (lesson, number, len(activities))) for number in range(students)] + [
                (watch_board, (lesson,))
            ]
            threads = [threading.Thread(target=job, args=args) for job, args in jobs]
            threads.append(threading.Thread(target=watch_memory, args=(lesson,)))
            for thread in threads:
                thread.start()
            try:
                teach(lesson, teacher, known, students, activities)
            except TimeoutError:
                stuck = known.look(known.find(lesson.code))
                lesson.red.append(f"the class is stuck: {stuck}")
            finally:
                lesson.over.set()
            for thread in threads:
                thread.join()
            lesson.red += [f"teacher: {sentence}" for sentence in teacher.errors]
        finally:
            lesson.server.stop()
    if lesson.red:
        click.echo("\n".join(lesson.red))
        return 1
    lags = [seconds for _, seconds in lesson.lags]
    for phase in Phase:
        middle = statistics.median(seconds for to, seconds in lesson.lags if to == phase)
        click.echo(f"    to {phase}: {middle:.2f} s in the median")
    p95 = statistics.quantiles(lags, n=20)[-1]
    click.echo(
        f"{len(lags)} pages followed: {statistics.median(lags):.2f} s in the median, {p95:.2f} s at p95, "
        f"{max(lags):.2f} s at most; server {lesson.most_bytes / 2**20:.0f} MB at most; no red box"
    )
    return int(p95 > FOLLOW_SECONDS or lesson.most_bytes > SERVER_BYTES)


def watch_memory(lesson: Lesson) -> None:
    while not lesson.over.wait(0.5):
        lesson.most_bytes = max(lesson.most_bytes, psutil.Process(lesson.server.process.pid).memory_info().rss)


def time_races(tokens: int) -> int:
    """Thirty seeds in turns against three together, so many tokens for each batch size in all."""
    from core.experiments.race.run import run

    seconds: dict[int, list[float]] = {30: [], 3: []}
    for _ in range(3):
        for num_seeds, taken in seconds.items():
            spec = with_tokens(trial_of(PREPARED[0], num_seeds), tokens // num_seeds)
            if num_seeds == 3:
                spec = replace(spec, train=replace(spec.train, seeds_in_turn=0))
            began = time.monotonic()
            for _ in run(spec):
                pass
            taken.append(time.monotonic() - began)
    ratios = [thirty / three for thirty, three in zip(*seconds.values(), strict=True)]
    each = "; ".join(f"{n} seeds {', '.join(f'{s:.0f}' for s in taken)} s" for n, taken in seconds.items())
    click.echo(f"{each}; ratio {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    return int(statistics.median(ratios) > 2)


@click.command(help=__doc__)
@click.option("--students", default=30, show_default=True, type=click.IntRange(2, 40))
@click.option("--activity", "names", default=USUAL, show_default=True, multiple=True, type=click.Choice(list(BY_NAME)))
@click.option("--race", is_flag=True, help="Time the race with thirty seeds against one with three.")
@click.option("--tokens", default=6_000_000, show_default=True, help="Of each batch size in all, with --race.")
def main(students: int, names: tuple[str, ...], race: bool, tokens: int) -> None:
    sys.exit(time_races(tokens) if race else play(students, [BY_NAME[name] for name in names]))


if __name__ == "__main__":
    main()
