"""The heat map of predictions, drawn in Chromium without a server. Contrast by WCAG 2.2."""

import base64
import math

import pytest

from core.charts import PALETTES
from core.ui.elements import script
from core.ui.token_view import HERE, HTML, STRONGEST, style

DRAW = """async ([module, data]) => {
  const { default: component } = await import("data:text/javascript;base64," + module);
  window.draw = (data) => component({ data, parentElement: document.body });
  draw(data);
}"""
NAMES = ["a", "b", "<b>", "·", "·"]  # a space and a middle dot look the same


def channels(color):
    return [int(color[k : k + 2], 16) for k in (1, 3, 5)]


def contrast(first, second):
    def luminance(color):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (c / 255 for c in color)]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("hue", ["x", "y"])
@pytest.mark.parametrize("theme", PALETTES)
def test_text_on_every_tint_can_be_read(theme, hue):
    palette = PALETTES[theme]
    full, paper, text = (channels(color) for color in (getattr(palette, hue), palette.background, palette.text))
    assert contrast([0] * 3, [255] * 3) == pytest.approx(21)
    for k in range(101):
        share = STRONGEST[theme] * k / 100
        tint = [round(share * h + (1 - share) * p) for h, p in zip(full, paper, strict=True)]
        assert contrast(tint, text) >= 4.5


@pytest.fixture
def draw(page):
    """`draw(data)` gives the page with the component on it."""

    def open_page(data):
        page.set_content(f"<style>{style()}</style>{HTML}")
        module = base64.b64encode(script(HERE / "token_view.js").encode()).decode()
        page.evaluate(DRAW, [module, data])
        return page

    return open_page


def example(mode="loss", probabilities=((0.5, 0.25), (0.125, 1.0))):
    """Two rows "a b <b>" of two positions. The model always says: a 0.6, b 0.25, · 0.1."""
    rows = [
        {
            "row": number,
            "start": 0,
            "tokens": ["a", "b", "<b>"],
            "losses": [-math.log(p) for p in row],
            "top": [[[0, 0.6], [1, 0.25], [3, 0.1]]] * 2,
            "mean": f"{number}.5000",
        }
        for number, row in zip((3, 7), probabilities, strict=True)
    ]
    unit, uniform = "token", math.log(4)
    return {
        "mode": mode,
        "block_size": 2,
        "unit": unit,
        "uniform_nats": uniform,
        "rows": rows,
        "names": NAMES,
        "mean": "1.0397",
    }


def detail(page):
    return page.get_by_test_id("token-detail")


@pytest.mark.browser
def test_the_worst_cell_is_shown_before_any_is_pointed_at(draw):
    page = draw(example())
    assert "Row 7, position 0" in detail(page).inner_text()
    assert "loss = −ln 0.125 = 2.08 nats" in detail(page).inner_text()  # 3 ln 2
    assert page.get_by_test_id("token-mean").inner_text() == "Mean of the whole batch: 1.0397 nats per token"


@pytest.mark.browser
def test_cells_are_text_and_never_html(draw):
    page = draw(example())
    assert page.locator("td[data-t]").all_inner_texts() == ["b", "<b>"] * 2
    assert page.locator("b").count() == 0


@pytest.mark.browser
def test_in_the_other_mode_cells_are_inputs_without_means(draw):
    page = draw(example("probability"))
    assert page.locator("td[data-t]").all_inner_texts() == ["a", "b"] * 2
    assert page.locator("td.row-mean").count() == 0 and page.get_by_test_id("token-mean").is_hidden()
    tints = page.locator("td[data-t]").evaluate_all("cells => cells.map((cell) => cell.dataset.tint)")
    assert tints == ["20", "10", "5", "40"]  # of 40


@pytest.mark.browser
def test_small_probabilities_still_differ_in_tint(draw):
    page = draw(example("probability", probabilities=((0.01, 0.02), (0.005, 0.01))))  # as before any training
    tints = page.locator("td[data-t]").evaluate_all("cells => cells.map((cell) => cell.dataset.tint)")
    assert tints == ["20", "40", "10", "20"]  # of 40, which is the highest
    assert "2.00%: the most in this batch" in page.locator(".legend").inner_text()


@pytest.mark.browser
def test_the_right_answer_is_marked_or_added(draw):
    page = draw(example(probabilities=((0.25, 0.01), (0.125, 1.0))))
    page.locator('td[data-b="0"][data-t="0"]').hover()
    shares = [text.split() for text in detail(page).locator("li").all_inner_texts()]
    assert shares == [["a", "60.0%"], ["b", "25.0%", "✓", "right"], ["·", "10.0%"]]
    page.locator('td[data-b="0"][data-t="1"]').hover()
    assert detail(page).locator("li").last.inner_text().split() == ["<b>", "1.00%", "✓", "right"]


@pytest.mark.browser
def test_of_tokens_that_look_alike_the_loss_tells_the_right_one(draw):
    data = example()
    data["rows"][1] |= {"tokens": ["a", "·", "b"], "top": [[[3, 0.6], [4, 0.125]]] * 2}
    lines = detail(draw(data)).locator("li")
    assert [text.split() for text in lines.all_inner_texts()] == [["·", "60.0%"], ["·", "12.5%", "✓", "right"]]


@pytest.mark.browser
def test_the_chosen_cell_outlives_new_data_of_the_same_shape(draw):
    page = draw(example())
    page.locator('td[data-b="0"][data-t="0"]').click()
    page.keyboard.press("ArrowRight")
    page.evaluate("data => draw(data)", example(probabilities=((0.5, 0.75), (0.125, 0.5))))
    page.mouse.move(0, 0)
    assert "Row 3, position 1" in detail(page).inner_text() and "−ln 0.750" in detail(page).inner_text()
    assert page.evaluate("document.activeElement.dataset.t") == "1"
    page.keyboard.press("Escape")
    assert "Row 7, position 0" in detail(page).inner_text()


@pytest.mark.browser
@pytest.mark.parametrize(
    "loss, line",
    [
        (0, "loss = −ln 1.00 = 0 nats"),
        (0.0004, "loss = −ln 0.999600 = 4.00 × 10⁻⁴ nats"),
        (math.log(1000), "loss = −ln 0.00100 = 6.91 nats"),
        (1000 * math.log(10), "loss = −ln 1.00 × 10⁻¹⁰⁰⁰ = 2303 nats"),
        (None, "The loss is not a number here."),
    ],
)
def test_three_digits_of_any_loss(draw, loss, line):
    data = example("probability")
    data["rows"][0]["losses"][1] = loss
    assert line in detail(draw(data)).inner_text()


@pytest.mark.browser
def test_4096_cells_keep_their_elements(draw):
    row = {"row": 0, "start": 0, "tokens": ["a"] * 65, "losses": [1.0] * 64, "top": [[[0, 0.4]]] * 64, "mean": "1.0000"}
    data = example() | {"block_size": 64, "rows": [row] * 64}
    page = draw(data)
    cells = page.locator("td[data-t]")
    first = cells.first.element_handle()
    assert cells.count() == 4096
    page.evaluate("data => draw(data)", data | {"rows": [row | {"losses": [0.0] * 64}] * 64})
    assert first.evaluate("cell => cell.isConnected && cell.dataset.tint") == "0"


@pytest.mark.browser
def test_the_fullest_tint_is_the_one_whose_contrast_was_computed(draw):
    page = draw(example(probabilities=((0.5, 0.25), (0.125, 0.001))))  # 3 ln 10 is above 1.5 ln 4
    shown = page.locator('td[data-b="1"][data-t="1"]').evaluate("cell => getComputedStyle(cell).backgroundColor")
    y, share = channels(PALETTES["light"].y), STRONGEST["light"]
    srgb = [float(part) * 255 for part in shown.removeprefix("color(srgb ").removesuffix(")").split()]
    assert srgb == pytest.approx([share * c + (1 - share) * 255 for c in y], abs=1)
