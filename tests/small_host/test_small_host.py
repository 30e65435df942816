"""A small host holds what runs in it to its limits, and shows them to it as a container would."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.small_host import __main__ as command
from tests.small_host.limits import NoRightsError, SmallHost, new_groups

ROOT = Path(__file__).parents[2]
MB = 2**20


@pytest.fixture
def host():
    try:
        made = SmallHost(256 * MB, cores=0.5)
    except NoRightsError as error:
        pytest.skip(str(error))
    try:
        made.check()
        yield made
    except NoRightsError as error:
        pytest.skip(str(error))
    finally:
        made.remove()


def run_in(host: SmallHost, program: str) -> subprocess.CompletedProcess:
    return subprocess.run([*host.before, sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)


def test_a_process_that_takes_more_is_killed_and_counted(host):
    assert run_in(host, "bytearray(64 * 2**20)").returncode == 0 and host.killed == 0
    assert run_in(host, "bytearray(512 * 2**20)").returncode == -9 and host.killed == 1
    assert 240 * MB < host.peak_bytes <= 256 * MB


@pytest.mark.slow
def test_the_app_sees_the_limits(host):
    asked = (
        "from core.engine.cores import available_cores as cores; from distributed.system import MEMORY_LIMIT as memory"
    )
    assert run_in(host, f"{asked}; print(cores(), memory)").stdout == f"0.5 {256 * MB}\n"


def test_nothing_is_left_of_it(host):
    host.remove()
    assert len(host.folders) == 2 and not any(folder.exists() for folder in host.folders.values())


def test_without_control_groups_it_says_so(tmp_path):
    with pytest.raises(NoRightsError, match="no control groups"):
        new_groups(tmp_path)


@pytest.mark.parametrize("groups", ["0::/user/session\n", "5:cpu:/\n4:memory:/own\n"])
def test_without_files_of_limits_it_says_so_and_leaves_nothing(tmp_path, groups):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(groups)
    folders = [tmp_path / "sys/fs/cgroup" / name for name in ("user/session", "memory/own", "cpu")]
    for folder in folders:
        folder.mkdir(parents=True)
    with pytest.raises(NoRightsError, match="may be made here"):
        new_groups(tmp_path)
    assert not list(tmp_path.rglob("batchscope*"))


def test_without_rights_the_command_ends_with_2_and_a_sentence(monkeypatch):
    def refuse(*args):
        raise NoRightsError("No.")

    monkeypatch.setattr(command, "SmallHost", refuse)
    done = CliRunner().invoke(command.main, ["512:1"])
    assert (done.exit_code, done.output) == (2, "No. Nothing was measured.\n")
