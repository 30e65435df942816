"""The page of claims: a recorded verdict at first, one's own when asked."""

import re

import pytest
from playwright.sync_api import expect

from core.settings.declared import CLAIMS
from tests.app.browsing import load, open_fold
from tests.app.pages import text_of, unfold

SMALL = "text=lighthouse&T=8&claim_small=8&claim_medium=64&claim_large=512&claim_tokens=30000&seeds=2"


FOLDS = ("claim_nuance", "claim_facts", "claim_numbers")


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_has_a_verdict_before_anything_was_run(app, claim):
    test = unfold(app("check_the_claims", claim=claim), *FOLDS)
    text = text_of(test)
    assert not test.exception and "recorded on" in text
    assert re.search(r"\*\*(Holds here|Holds in part|Does not hold here|Not resolved)\.\*\*", text)
    assert "not measured" not in text and "yours" not in text
    assert "not measured" not in test.table[0].value.to_string()


def test_the_table_comes_first_and_a_row_chooses_its_claim(app):
    test = app("check_the_claims")
    rows = [button for button in test.button if button.key.startswith("choose_")]
    assert len(rows) == len(CLAIMS) == 9
    assert test.subheader[0].value == f"“{rows[0].label}”"
    test = rows[5].click().run()
    assert test.subheader[0].value == "“Large batches overfit.”" and not test.exception


def test_no_verdict_calls_a_noise_scale_critical(app):
    text = text_of(unfold(app("check_the_claims", claim="noise-scale"), *FOLDS))
    assert "noise scale" in text.lower() and "critical" not in text.lower()


@pytest.mark.browser
def test_a_claim_is_measured_on_one_s_own_text(page, shared_server):
    load(page, f"{shared_server.url}check_the_claims?claim=overfit&{SMALL}")
    page.get_by_role("button", name="Race the three").click()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    assert "claim_race=" in page.url
    expect(page.get_by_text("· yours")).to_have_count(5, timeout=15_000)
    open_fold(page, "The figures behind the verdict")
    page.get_by_text("At equal training loss").first.wait_for()
    page.get_by_role("button", name="Small batches use less memory.").click()
    page.get_by_role("button", name="Measure the costs").click()
    page.get_by_text("Whatever the batch size").wait_for()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    page.get_by_text(re.compile("T = 8; 1 layer,")).wait_for()
