"""The page of claims: a recorded verdict at first, one's own when asked."""

import re

import pytest
from playwright.sync_api import expect

from core.settings.declared import CLAIMS

SMALL = "text=lighthouse&T=8&claim_small=8&claim_medium=64&claim_large=512&claim_tokens=30000&seeds=2"


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_has_a_verdict_before_anything_was_run(app, claim):
    test = app("check_the_claims", claim=claim)
    assert not test.exception and "recorded on" in test.info[0].value
    words = test.subheader[0].value
    assert re.search("holds here|holds in part|does not hold here|not resolved", words)
    assert "not measured" not in " ".join(part.value for part in test.markdown)
    assert len(test.table[0].value) == len(CLAIMS)


def test_no_verdict_calls_a_noise_scale_critical(app):
    text = " ".join(part.value for part in app("check_the_claims", claim="noise-scale").markdown)
    assert "noise scale" in text.lower() and "critical" not in text.lower()


@pytest.mark.browser
def test_a_claim_is_measured_on_one_s_own_text(page, shared_server):
    page.goto(f"{shared_server.url}check_the_claims?claim=overfit&{SMALL}")
    page.get_by_role("button", name="Race the three").click()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    page.get_by_text("At equal training loss").wait_for()
    assert "claim_race=" in page.url
    expect(page.get_by_role("cell", name="yours")).to_have_count(5, timeout=15_000)
    page.get_by_label("The claim").click()
    page.get_by_role("option", name="Small batches use less memory.").click()
    page.get_by_role("button", name="Measure the costs").click()
    page.get_by_text("Whatever the batch size").wait_for()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    page.get_by_text(re.compile("T = 8; 1 layer,")).wait_for()
