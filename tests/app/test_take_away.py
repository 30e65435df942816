"""What a page gives to take away: two files, made by a worker when they are asked for."""

import ast

import nbformat
import pytest

from tests.app.browsing import load, open_fold

pytestmark = pytest.mark.browser
SMALL = "text=kitchen&T=16&sizes=2,8&layers=1&heads=2&channels=16&tokens=3000&seeds=1"


def take(page, folder, label: str, name: str) -> str:
    with page.expect_download(timeout=30_000) as download:
        page.get_by_role("button", name=label).click(timeout=30_000)
    assert download.value.suggested_filename == name
    download.value.save_as(folder / name)
    return (folder / name).read_bytes().decode("utf-8")


def settings_in(book: str) -> dict:
    """What the cells of a notebook set to plain values, by name."""
    found = {}
    for cell in nbformat.reads(book, 4).cells:
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else []:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                try:
                    found[node.targets[0].id] = ast.literal_eval(node.value)
                except ValueError:
                    continue
    return found


def test_a_notebook_and_a_script_are_downloaded(page, shared_server, tmp_path):
    load(page, f"{shared_server.url}race_batch_sizes?{SMALL}")
    open_fold(page, "Take it away")
    script = take(page, tmp_path, "Script, one Python file", "race.py")
    book = take(page, tmp_path, "Notebook, for Jupyter or Colab", "race_batch_sizes.ipynb")
    assert "Madame Oblonsky" in settings_in(book)["TEXT"] and "Madame Oblonsky" in script
    assert [run["batch_size"] for run in settings_in(book)["RUNS"]] == [2, 8]
    assert "'batch_size': 8" in script and "n_embd=16" in script
    assert page.get_by_role("button", name="The text, to keep beside them").count() == 0


@pytest.mark.parametrize(
    ("lesson", "params", "expected"),
    [
        ("start", "", {"STEP": 1}),
        ("make_a_batch", "B=3&batch=4", {"STEP": 5, "RUN": {"batch_size": 3}}),
        ("follow_the_shapes", "B=6", {"STEP": 1, "RUN": {"batch_size": 6}}),
        ("inside_one_step", "B=3&step=2&lr=0.01", {"STEP": 2, "RUN": {"batch_size": 3, "learning_rate": 0.01}}),
        ("measure_the_noise", "steps=0,7&drawn=1,3&batches=5", {"NOISE": {"steps": [0, 7], "batch_sizes": [1, 3]}}),
        ("tune_the_rate", "swept=4,8&rates=0.001,0.02", {"SWEEP": {"learning_rates": [0.001, 0.02]}}),
        ("speed_and_memory", "bound=12", {"SPEED": {"batch_sizes": [1, 2, 4, 8, 12]}}),
        ("check_the_claims", "small=8&claim_tokens=20000", {"RUN": {"batch_size": 8}}),
        ("summary", "B=6", {"STEP": 1, "RUN": {"batch_size": 6}}),
        ("choose_the_order", "order_B=8&order_tokens=4000&order_seeds=2", {"RUN": {"batch_size": 8}}),
        ("accumulate_gradients", "micro=2&parts=3", {"RUN": {"batch_size": 6}, "PARTS": {"micro_batch_size": 2}}),
        ("distribute_the_batch", "rank_micro=2&rank_parts=1&ranks=3", {"PARTS": {"num_ranks": 3}, "STEP": 1}),
        ("pack_documents", "documents=four&row=16", {"DOCUMENTS": {"lengths": [4, 8, 5, 11]}}),
    ],
)  # fmt: skip
def test_every_lesson_gives_its_own_settings(page, shared_server, tmp_path, lesson, params, expected):
    load(page, f"{shared_server.url}{lesson if lesson != 'start' else ''}?{SMALL}&{params}")
    page.get_by_text("Take it away").click(timeout=30_000)
    found = settings_in(take(page, tmp_path, "Notebook, for Jupyter or Colab", f"{lesson}.ipynb"))
    for name, value in expected.items():
        if isinstance(value, dict):
            assert value == {key: found[name][key] for key in value}
        else:
            assert found[name] == value


def test_a_long_text_goes_along_as_a_file(page, shared_server, tmp_path):
    load(page, f"{shared_server.url}race_batch_sizes?{SMALL.replace('kitchen', 'python-docs')}")
    open_fold(page, "Take it away")
    assert len(take(page, tmp_path, "The text, to keep beside them", "text.txt")) > 200_000


def test_settings_that_cannot_be_raced_get_a_sentence(page, shared_server):
    load(page, f"{shared_server.url}race_batch_sizes?{SMALL}&heads=3")
    open_fold(page, "Take it away")
    page.get_by_text("16 channels cannot be shared equally by 3 heads").wait_for(timeout=30_000)
