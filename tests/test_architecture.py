"""The rules of the house, read from its imports."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from core.experiments.registry import KINDS

ROOT = Path(__file__).parents[1]
FLOORS = {
    "core.corpus": 0,
    "core.charts": 0,
    "core.batches": 1,
    "core.model": 1,
    "core.training": 2,
    "core.engine": 3,
    "core.strategies": 4,
    "core.measure": 5,
    "core.settings": 6,
    "core.experiments": 7,
    "core.export": 8,
    "core.calls": 8,
    "core.lab": 9,
    "core.shell": 10,
    "core.classroom": 10,
    "core.__main__": 11,
    "core.ui": 11,
    "core.lessons": 12,
    "pages": 13,
    "streamlit_app": 13,
}
# core.charts stands beside the others on its floor: only a page's own floor may put data into a chart
FILES = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "streamlit_app.py"])


def test_a_part_of_a_page_that_runs_by_itself_is_the_kits():
    """Streamlit's own fragment shows an error in it as one of the program."""
    found = [path.name for path in FILES if "st.fragment" in path.read_text(encoding="utf-8")]
    assert found == ["page.py"]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str | None:
    return next((room for room in FLOORS if module == room or module.startswith(room + ".")), None)


def imports(path: Path, only_at_top: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if only_at_top else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def users_of(package: str, only_at_top: bool = False) -> set[str]:
    return {
        module_of(path)
        for path in FILES
        if any(name == package or name.startswith(package + ".") for name in imports(path, only_at_top))
    }


def test_there_are_files_to_look_at():
    assert len(FILES) > 40
    assert {room_of(module_of(path)) for path in FILES} >= set(FLOORS)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_an_import_only_points_down(path):
    here = room_of(module_of(path))
    if here is None:
        assert module_of(path) == "core"
        return
    for name in imports(path):
        there = room_of(name)
        if there and there != here:
            assert FLOORS[there] < FLOORS[here], f"{module_of(path)} imports {name}"


def test_streamlit_is_known_to_the_ui_alone():
    users = users_of("streamlit")
    assert "core.ui.page" in users
    assert {room_of(module) for module in users} == {"core.ui", "core.lessons", "pages"}
    names = [module.split(".")[-1] for module in users if module.startswith("core.lessons.")]
    assert [name for name in names if name != "view" and not name.startswith("view_")] == []  # the rest is plain data


def test_pages_import_streamlit_and_core_and_nothing_else():
    pages = [path for path in FILES if room_of(module_of(path)) == "pages"]
    assert len(pages) >= 4
    for path in pages:
        assert {name.split(".")[0] for name in imports(path)} <= {"streamlit", "core"}


def test_torch_stays_in_the_workers():
    users = users_of("torch")
    allowed = {"core.model", "core.training", "core.engine", "core.measure", "core.strategies", "core.calls"}
    assert "core.training.trainer" in users
    plain = {m for m in users if m.startswith("core.export.plain.")}  # source for what is taken away
    above = {m for m in users - plain if room_of(m) not in allowed}
    assert above - {"core.lab.worker"} <= {f"core.experiments.{name}.run" for name in KINDS}


def test_what_is_private_in_torch_is_called_in_the_engine_alone():
    private = re.compile(r"torch\._[A-Za-z]|torch\.ops\.")
    users = {module_of(path) for path in FILES if private.search(path.read_text(encoding="utf-8"))}
    assert users == {"core.engine.cpu_graph", "core.engine.cuda_graph", "core.engine.onednn"}


def test_altair_is_known_to_charts_alone():
    users = {m for m in users_of("altair") if not m.startswith("core.export.plain.")}
    assert users and {room_of(module) for module in users} == {"core.charts"}


def test_no_key_of_session_state_outside_the_ui():
    users = {module_of(path) for path in FILES if "session_state" in path.read_text(encoding="utf-8")}
    assert "core.ui.choices" in users
    assert {room_of(module) for module in users} == {"core.ui", "core.lessons"}


def lesson_of(module: str) -> str | None:
    return module.split(".")[2] if module.startswith("core.lessons.") else None


@pytest.mark.parametrize("path", [path for path in FILES if lesson_of(module_of(path))], ids=module_of)
def test_no_lesson_imports_another(path):
    assert {lesson_of(name) for name in imports(path)} <= {None, lesson_of(module_of(path))}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_file_is_one_room(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_function_is_read_at_one_look(path):
    """But for the charts: they are declared, not computed."""
    functions = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef)]
    long = {n.name for n in functions if n.end_lineno - n.lineno >= 45}
    assert not long or (room_of(module_of(path)) == "core.charts" and all(name.endswith("_chart") for name in long))


def test_no_modules_import_each_other_in_a_circle():
    modules = {module_of(path): imports(path, only_at_top=True) for path in FILES}
    graph = {module: needed & modules.keys() - {module} for module, needed in modules.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_what_the_server_imports_does_not_load_torch():
    modules = [module_of(p) for p in FILES if room_of(module_of(p)) in ("core.ui", "core.lessons")]
    modules += [
        "core.lab.cluster",
        "core.experiments.registry",
        "core.lab.store",
        "core.model",
        "core.training",
        "core.engine",
    ]
    view = "core.lessons.race_batch_sizes.view"
    code = f"import sys, {', '.join(modules)}; print('torch' in sys.modules, {view!r} in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
