"""A step walked stage by stage, and a step found again from a click on a loss curve, in Chromium."""

import re

import pytest
from playwright.sync_api import expect

from core.batches import WindowStream
from core.corpus import build_corpus, samples
from tests.app.browsing import at_rest, load, open_fold

pytestmark = pytest.mark.browser

STAGES = {
    "Batch": "x and y, each (B, T) = (4, 8)",
    "Forward": "becomes logits, (B, T, V)",
    "Loss": "token by token",
    "Gradients": "Length of their mean",
    "Update": "What the step did to the loss",
}
SMALL = "text=lighthouse&T=8&layers=1&channels=16"
MEAN = re.compile(r"([\d.]+) nats per token")


def shown_loss(page) -> str:
    return MEAN.search(page.get_by_text("The loss of this step, as training takes it").inner_text()).group(1)


def walk(page, button: str, stage: str, step: int) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_text(STAGES[stage]).first).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Step")).to_have_value(str(step))


def test_the_five_stages_forward_and_back_and_through_a_second_step(shared_server, page):
    load(page, shared_server.url + "inside_one_step?" + SMALL)
    expect(page.get_by_text(STAGES["Batch"])).to_be_visible()
    cells = page.get_by_test_id("batch-x").locator("td")
    expect(cells).to_have_count(4 * 8)
    first_batch = cells.all_inner_texts()
    walk(page, "Next", "Forward", 1)
    expect(page.get_by_test_id("token-view")).to_be_visible()
    walk(page, "Next", "Loss", 1)
    first_loss = shown_loss(page)
    walk(page, "Next", "Gradients", 1)
    walk(page, "Next", "Update", 1)
    after_adamw = page.locator("tr", has_text="after AdamW").locator("td").last.inner_text()
    for stage in ("Gradients", "Loss"):
        walk(page, "Back", stage, 1)
    assert shown_loss(page) == first_loss
    for stage in ("Gradients", "Update"):
        walk(page, "Next", stage, 1)
    walk(page, "Next", "Batch", 2)
    expect(cells).not_to_have_text(first_batch)
    for stage in ("Forward", "Loss"):
        walk(page, "Next", stage, 2)
    assert shown_loss(page) == after_adamw  # the next batch after the step is this one before it
    for stage in ("Gradients", "Update"):
        walk(page, "Next", stage, 2)
    expect(page).to_have_url(re.compile("step=2&stage=Update"))


def test_the_cells_of_the_heat_map_have_the_mean_that_is_shown(shared_server, page):
    load(page, shared_server.url + f"inside_one_step?{SMALL}&stage=Loss")
    cells = page.get_by_test_id("token-view").locator("td[data-b]")
    expect(cells).to_have_count(32)
    expect(page.get_by_test_id("token-mean")).to_contain_text(shown_loss(page))
    losses = []
    for b in range(4):
        for t in range(8):
            page.get_by_test_id("token-view").locator(f"td[data-b='{b}'][data-t='{t}']").hover()
            expect(page.get_by_test_id("token-detail")).to_contain_text(f"position {t}")
            losses.append(
                float(re.search(r"= ([\d.]+) nats", page.get_by_test_id("token-detail").inner_text()).group(1))
            )
    assert sum(losses) / 32 == pytest.approx(float(shown_loss(page)), abs=0.01)  # each is shown with three digits


def test_it_plays_by_itself(shared_server, page):
    load(page, shared_server.url + f"inside_one_step?{SMALL}&pace=1")
    expect(page.get_by_text(STAGES["Batch"])).to_be_visible()
    page.get_by_role("button", name="Play").click()
    page.get_by_text("Go on by itself").click()
    expect(page.get_by_text(STAGES["Forward"])).to_be_visible()
    expect(page.get_by_text(STAGES["Gradients"])).to_be_visible()


def test_positions_and_the_price_of_one_by_one_are_measured(shared_server, page):
    load(page, shared_server.url + f"inside_one_step?{SMALL}")
    open_fold(page, "Why is y a whole sequence?")
    text = page.get_by_text("separate questions").locator("..").inner_text()
    alone, together = re.findall(r"([\d.]+) nats per token. One pass over the whole row gives ([\d.]+);", text)[0]
    assert alone == together
    open_fold(page, "What if we went one example at a time?")
    page.get_by_role("button", name="Measure it now").click()
    expect(page.get_by_text("the same result at a different cost")).to_be_visible()


def test_a_batch_too_large_to_draw_shows_its_worst_and_best_rows(shared_server, page):
    load(page, shared_server.url + "inside_one_step?text=lighthouse&T=64&layers=1&channels=16&B=100&stage=Loss")
    expect(page.get_by_text("the 32 with the largest loss, and the 32 with the smallest")).to_be_visible()
    expect(page.get_by_test_id("token-view").locator("td[data-b]")).to_have_count(64 * 64)


@pytest.mark.parametrize(
    "query, sentence",
    [
        ("text=lighthouse&T=32&B=4096&layers=12&channels=768", "of memory, and"),
        ("text=pasted", "a text is never part of a link"),
        ("text=lighthouse&T=8&heads=3&channels=64", "heads"),
    ],
)
def test_what_cannot_be_stepped_through_is_said_in_a_sentence(shared_server, page, query, sentence):
    load(page, shared_server.url + "inside_one_step?" + query)
    expect(page.get_by_test_id("stAlert").filter(has_text=sentence)).to_be_visible()


def test_a_click_on_a_loss_curve_opens_the_batch_that_gave_it(shared_server, page):
    load(page, shared_server.url + f"race_batch_sizes?{SMALL}&sizes=2,8&seeds=2&tokens=6000")
    page.get_by_role("button", name="Start the race").click()
    expect(page.get_by_text("Done:")).to_be_visible()
    panel = page.get_by_test_id("stVegaLiteChart").first.locator("svg")
    expect(panel.locator("path[stroke-width='2.2']").first).to_be_attached()
    page.wait_for_timeout(1000)
    panel.click()  # in its middle: the nearest step is taken
    dialog = page.get_by_role("dialog")
    title = dialog.get_by_text(re.compile(r"B = \d, seed \d, step")).inner_text()
    batch_size, seed, step = map(int, re.match(r"B = (\d), seed (\d), step (\d+)", title).groups())
    then, now = re.search(r"then: ([\d.]+); now: ([\d.]+)", dialog.get_by_text("they differ by").inner_text()).groups()
    assert abs(float(then) - float(now)) < 2e-6  # one model alone and one of a stack add in another order: float32

    dialog.get_by_role("tab", name="Its windows in the text").click()
    x = dialog.get_by_test_id("batch-x")
    expect(x.locator("td").first).to_be_visible()
    corpus = build_corpus(samples()["lighthouse"].text, "char", 0.1)
    stream = WindowStream(num_tokens=len(corpus.train_ids), block_size=8, seed=seed)
    start = int(stream.starts(first=(step - 1) * batch_size, count=1)[0])
    expected = [corpus.tokenizer.show(i) for i in corpus.train_ids[start : start + 8].tolist()]
    assert x.locator("td[data-b='0']").all_inner_texts() == expected

    expect(page).to_have_url(re.compile(rf"chosen_loss={batch_size}\.{seed}\.{step}"))
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("chosen_loss="))  # the server knows that it was closed
    open_fold(page, "Look into one step")
    at_rest(page)  # a click on what is just being drawn anew is nobody's
    page.get_by_role("button", name="The largest jump").click()
    expect(page.get_by_role("dialog").get_by_text("Taken like this")).to_be_visible()
