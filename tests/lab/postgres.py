"""A PostgreSQL server of the tests' own, reached by a socket in a folder of its own and by nothing else."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


class Postgres:
    """It refuses to be started by root, who starts it as the user that Debian's package has made."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="batchscope-postgres-"))
        self.who: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.who = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(self.folder, "postgres", "postgres")
        rules = ["--auth-local=trust", "--auth-host=reject", "--no-sync", "--encoding=UTF8", "--locale=C"]
        self._run("initdb", "--pgdata", self.folder / "data", "--username=tester", *rules)
        self.url = f"postgresql://tester@/postgres?host={self.folder}"
        self.start()

    def _run(self, program: str, *options) -> None:
        command = [PROGRAMS[-1] / program, *options]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=120, **self.who)

    def start(self) -> None:
        options = ["-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        with open(self.folder / "log", "ab") as log:
            command = [PROGRAMS[-1] / "postgres", *options]
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **self.who)
        until = time.monotonic() + 60
        while True:
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < until and self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)

    def execute(self, sql: str) -> None:
        with self.connect() as db:
            db.execute(sql)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True)

    def stop(self) -> None:
        """At once, whoever is connected."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
