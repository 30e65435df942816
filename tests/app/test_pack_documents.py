"""The page of packing: it opens, what is pasted is shown and never run, and the mask does what it says."""

import pytest
from playwright.sync_api import expect

from tests.app.browsing import load, open_fold


@pytest.fixture
def packing(app):
    def open_page(**query):
        test = app("pack_documents", **query)
        assert not test.exception, test.exception
        return test

    return open_page


def unfold(test, *keys):
    for key in keys:
        test.session_state[f"fold_packing_{key}"] = True
    test = test.run()
    assert not test.exception
    return test


def words_of(test) -> str:
    return " ".join(part.value for part in test.markdown)


def paste(packing, text, **query):
    test = packing(documents="pasted", **query)
    test.text_area[0].set_value(text)
    return next(button for button in test.button if button.label == "Use this text").click().run()


def test_four_words_waste_36_4_percent_and_leak_only_without_the_mask(packing):
    test = unfold(packing(documents="four", row="16"), "numbers", "questions")
    assert test.table[0].value.loc["waste"].tolist() == ["36.4%", "12.5%", "12.5%"]
    assert "Padding leaves 36.4% of the slots empty, packing by best fit 12.5%." in words_of(test)
    metrics = {metric.label: metric.value for metric in test.metric}
    assert metrics["Attention: own document"] == "exactly 0"
    assert abs(float(metrics["Attention: whole row"].replace("−", "-"))) > 0.001
    assert "not at all" in words_of(test)


@pytest.mark.parametrize("way", ["pad", "cut", "best-fit"])
def test_every_way_can_be_seen(packing, way):
    assert "packed-rows" in " ".join(
        part.proto.body for part in packing(documents="four", row="8", way=way).get("html")
    )


def test_before_something_is_pasted_there_is_a_field_and_no_mistake(packing):
    test = packing(documents="pasted")
    assert not test.error and not test.table and "a text is never part of a link" in test.info[0].value


def test_documents_that_have_no_ink_are_answered(packing):
    assert "There is no document yet" in paste(packing, " \n\n ").error[0].value.replace("\\", "")


@pytest.mark.parametrize("text", ["one document", "a\n\nb", "\x00\n\n👨‍👩‍👧\n\nשלום", "one\n\n" + "long " * 400])
@pytest.mark.parametrize("tokenizer", ["char", "byte"])
def test_odd_documents_are_packed(packing, text, tokenizer):
    test = unfold(paste(packing, text, row="16", tokenizer=tokenizer), "questions", "equality", "row")
    assert not test.error
    assert "What does padding cost?" in words_of(test)


def test_a_document_that_is_too_long_is_answered(packing):
    assert "The first document has 100,001" in paste(packing, "ab" * 50_000 + "a").error[0].value.replace("\\", "")


@pytest.mark.browser
def test_documents_are_shown_and_never_run_and_the_switch_shows_the_leak(page, shared_server):
    load(page, f"{shared_server.url}pack_documents?documents=pasted&row=64")
    box = page.get_by_role("textbox", name="Paste a text")
    box.fill("</script><img src=x onerror='window.hacked=1'>\n\nTo be or not to be.\n\nA third one, of emoji: 🙂")
    box.press("Control+Enter")
    rows = page.get_by_test_id("packed-rows")
    expect(rows).to_contain_text("onerror", timeout=30_000)
    expect(page.get_by_text("exactly 0", exact=True)).to_be_visible(timeout=60_000)
    assert page.evaluate("window.hacked") is None and rows.locator("img, script").count() == 0
    assert "onerror" not in page.url
    page.get_by_role("radio", name="whole row").click()
    expect(page.get_by_text("across documents")).to_be_visible(timeout=30_000)
    page.get_by_role("radio", name="padded").click()
    expect(rows.locator(".pad").first).to_be_visible(timeout=30_000)
    open_fold(page, "What does padding cost in time?")
    before = page.get_by_text("over 8 rounds")
    expect(before).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="more rounds").click()
    expect(page.get_by_text("over 48 rounds")).to_be_visible(timeout=60_000)
