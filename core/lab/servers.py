"""Which servers on this database live. An experiment lives as long as the server that runs it.

A server signs every few seconds. One on this machine is also looked up among the processes: after a kill nobody waits.
"""

import os
import platform
import secrets
import time
from functools import cache

import psutil
import sqlalchemy as sa

from core.lab.tables import servers

HEARTBEAT_SECONDS = 10  # how often a server says that it is there
DEAD_AFTER_SECONDS = 60  # a server with no sign of life for so long is gone


@cache
def this_host() -> str:
    """Another one after a restart of the machine, and in another container."""
    return f"{platform.node()} since {psutil.boot_time():.0f}"


class ThisServer:
    """This server, as others on the same database see it."""

    def __init__(self):
        self.id = secrets.token_urlsafe(12)

    def sign(self, db: sa.Connection) -> None:
        """That it is there."""
        now = {"seen_at": time.time()}
        if not db.execute(sa.update(servers).where(servers.c.id == self.id).values(now)).rowcount:
            pid = os.getpid()
            process = {"host": this_host(), "pid": pid, "started_at": psutil.Process(pid).create_time()}
            db.execute(sa.insert(servers).values(id=self.id, **process, **now))

    def lives(self, db: sa.Connection, server_id: str) -> bool:
        """Whether that one does. This one does, however long a busy machine has kept it from signing."""
        if server_id == self.id:
            return True
        row = db.execute(sa.select(servers).where(servers.c.id == server_id)).one_or_none()
        return row is not None and is_alive(row)


def is_alive(row: sa.Row) -> bool:
    if time.time() - row.seen_at > DEAD_AFTER_SECONDS:
        return False
    return row.host != this_host() or is_running(row.pid, row.started_at)


def is_running(pid: int, started_at: float) -> bool:
    """Whether that process is there, and not another one that was given its number."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - started_at) < 2
    except psutil.NoSuchProcess:
        return False
