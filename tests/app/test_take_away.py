"""What a page gives to take away: two files, made by a worker when they are asked for."""

import nbformat
import pytest

pytestmark = pytest.mark.browser
SMALL = "text=kitchen&T=16&sizes=2,8&layers=1&heads=2&channels=16&tokens=3000&seeds=1"


@pytest.mark.parametrize("lesson", ["race_batch_sizes", "make_a_batch"])
def test_a_notebook_and_a_script_are_downloaded(page, shared_server, tmp_path, lesson):
    page.goto(f"{shared_server.url}{lesson}?{SMALL}")
    page.get_by_text("Take it away").click()
    for label, name in (("Notebook, for Jupyter or Colab", "race.ipynb"), ("Script, one Python file", "race.py")):
        with page.expect_download(timeout=30_000) as download:
            page.get_by_role("button", name=label).click(timeout=30_000)
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    book = nbformat.read(tmp_path / "race.ipynb", 4)
    script = (tmp_path / "race.py").read_text(encoding="utf-8")
    assert any("Madame Oblonsky" in cell.source for cell in book.cells) and "Madame Oblonsky" in script
    assert "'batch_size': 8" in script and "n_embd=16" in script


def test_settings_that_cannot_be_raced_get_a_sentence(page, shared_server):
    page.goto(f"{shared_server.url}race_batch_sizes?{SMALL}&heads=3")
    page.get_by_text("Take it away").click()
    page.get_by_text("16 channels cannot be shared equally by 3 heads").wait_for(timeout=30_000)
