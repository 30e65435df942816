"""A fresh server for a test, and a browser to look at it with."""

import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


class Server:
    """A server of its own, on loopback, with its own database; its workers are its children. `before` is a command that
    runs the server's."""

    def __init__(
        self, folder: Path, entrypoint: str = "streamlit_app.py", before: Sequence[str] = (), **environment: str
    ):
        self.database = f"sqlite:///{folder}/test.db"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = {"server.port": self.port, "server.headless": "true", "server.address": "127.0.0.1"}
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self.log = open(folder / "server.log", "wb")  # noqa: SIM115
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "streamlit", "run", entrypoint, *flags],
            cwd=ROOT,
            env=os.environ | {"BATCHSCOPE_DATABASE_URL": self.database} | environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.url = f"http://127.0.0.1:{self.port}/"
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("the server did not start")

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self) -> None:
        """At once, with its workers: one that still loads torch would not hear a polite request for seconds."""
        for process in [*self.processes(), self.process]:
            process.kill()
        self.process.wait(timeout=20)
        self.log.close()


@contextmanager
def fresh_server(folder: Path, entrypoint: str = "streamlit_app.py", **environment: str):
    server = Server(folder, entrypoint, **environment)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One that a test may look into, and kill."""
    with fresh_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    """One server for all tests that do not mind what the others did, and leave no experiment running."""
    with fresh_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def browser():
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        if os.environ.get("BATCHSCOPE_REQUIRE_BROWSER"):
            pytest.fail("The browser tests are required here, and there is no Chromium.")
        pytest.skip("There is no Chromium: install it to run the browser tests.")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)  # others may have the cores meanwhile
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def context(browser):
    """One for all tabs: what the first has loaded of Streamlit, the others have at hand."""
    opened = browser.new_context(viewport={"width": 1400, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(context):
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


def call_here(self, function, *args, fresh=False, waiting=None):
    from core.lab.remote import call_in_worker

    good, answer = call_in_worker(function, *args)
    if not good:
        raise pickle.loads(answer)
    return pickle.loads(answer)


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app without a server: `app(page, **query)` gives its AppTest. No worker is started: short calls are answered
    in this process."""
    import streamlit as st

    import core.ui.lab
    from core.lab.cluster import Lab
    from core.measure.memory import Machine

    machine = Machine(devices={"cpu": 8 * 2**30})
    monkeypatch.setenv("BATCHSCOPE_DATABASE_URL", f"sqlite:///{tmp_path}/app.db")
    monkeypatch.setattr(core.ui.lab, "warm_up", lambda lab: None)
    monkeypatch.setattr(Lab, "describe", lambda self: machine)
    monkeypatch.setattr(Lab, "call", call_here)
    st.cache_resource.clear()

    def open_page(name: str = "", **query) -> AppTest:
        test = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
        for key, value in query.items():
            test.query_params[key] = value
        test.run()
        if name:
            test.switch_page(f"pages/{name}.py").run()
        return test

    yield open_page
    st.cache_resource.clear()


@pytest.fixture
def routed(monkeypatch):
    """Streamlit's test runs a page without the router first, and a click is lost when the router runs it again."""
    from streamlit.runtime.scriptrunner import script_runner

    from core.ui.page import run_app

    monkeypatch.setattr(script_runner, "_mpa_v1", lambda path: run_app())
