"""`python -m tests.small_host`: does the app fit a small host? It walks through all pages, each at its defaults.

A host is a control group of this machine, of so many MB (of 2**20 bytes) and cores: `1024:1` is 1 GB and one core. A
browser's part of the work is not done. Ends with 0 where no process was killed and no page showed a red box, with 1
otherwise, and with 2 where there are no rights to make such a group.
"""

import platform
import sys
import tempfile
from pathlib import Path

import click

from tests.app.conftest import Server
from tests.small_host.limits import NoRightsError, SmallHost
from tests.small_host.walk import Visit, walk

MB = 2**20
HEAD = f"{'page':22}{'opened':>8}{'group':>7}{'held':>6}{'processes':>11}{'server':>8}{'killed':>8}{'red':>5}"


@click.command(help=__doc__)
@click.argument("hosts", nargs=-1, metavar="[MEMORY:CORES]...")
@click.option("--seconds", default=90.0, show_default=True, help="After so long an experiment is stopped.")
def main(hosts: tuple[str, ...], seconds: float) -> None:
    fits = True
    for name in hosts or ("1024:1", "690:0.5"):
        memory, cores = name.split(":")
        try:
            host = SmallHost(int(memory) * MB, float(cores))
        except NoRightsError as error:
            click.echo(f"{error} Nothing was measured.")
            sys.exit(2)
        try:
            host.check()
            fits &= try_out(host, name, seconds)
        except NoRightsError as error:
            click.echo(f"{error} Nothing was measured.")
            sys.exit(2)
        finally:
            host.remove()
    sys.exit(0 if fits else 1)


def try_out(host: SmallHost, name: str, seconds: float) -> bool:
    """Walk on one host and print what was seen. True where nothing was killed and nothing red was shown."""
    memory, cores = name.split(":")
    click.echo(f"\n{memory} MB and {cores} core(s), control groups version {host.version}, Linux {platform.release()}")
    click.echo("Seconds; peaks in MB: all that counts against the limit, what of it cannot be dropped, the processes'")
    click.echo(f"shares with program files (PSS), the server's resident memory.\n{HEAD}")
    fits = True
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), before=host.before, BATCHSCOPE_CACHE=folder)
        try:
            for visit in walk(server, host, seconds):
                show(visit)
                fits &= not visit.killed and not visit.red
        finally:
            server.stop()
    click.echo(f"In all: a peak of {host.peak_bytes / MB:.0f} MB in the group, {host.killed} killed for memory.")
    return fits


def show(visit: Visit) -> None:
    peaks = "".join(
        f"{value / MB:{width}.0f}" for value, width in zip(vars(visit.peaks).values(), (7, 6, 11, 8), strict=True)
    )
    click.echo(f"{visit.page:22}{visit.open_seconds:8.1f}{peaks}{visit.killed:8}{len(visit.red):5}")
    for line in (*visit.experiments, *(f"red: {text}" for text in visit.red)):
        click.echo(f"    {line}")


if __name__ == "__main__":
    main()
