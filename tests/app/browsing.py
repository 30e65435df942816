"""How a browser walks the pages: what each is called (by its address, its question; and in the order of the links to
them, their first words), how one is opened, and when it is there."""

from playwright.sync_api import expect

TITLES = {
    "": "Batchscope: what is a batch?",
    "make_a_batch": "How does a text become a batch?",
    "follow_the_shapes": "What shapes does a batch take inside the model?",
    "inside_one_step": "What happens in one training step?",
    "measure_the_noise": "How far is a batch from the truth?",
    "race_batch_sizes": "Why is a small batch noisy?",
    "tune_the_rate": "Which learning rate fits a batch size?",
    "speed_and_memory": "What does a batch cost?",
    "check_the_claims": "Is it true what people say about batch size?",
    "summary": "Which batch size should I take?",
    "accumulate_gradients": "How does a large batch fit into a small memory?",
    "distribute_the_batch": "How do several processes share one batch?",
    "choose_the_order": "Does the order of the windows matter?",
    "pack_documents": "What fills a batch when documents differ in length?",
    "hold_a_class": "What does a whole class find out together?",
    "for_teachers": "How do I teach a lesson about batches?",
    "words": "What do the words mean?",
}
LINKS = (
    "Start", "Make a", "Follow", "Inside", "Measure", "Race", "Tune", "Speed", "Check", "Summary", "Choose",
    "Accumulate", "Distribute", "Pack", "Hold", "For", "Glossary",
)  # fmt: skip


def load(page, url: str) -> None:
    """Opens a page, and waits until it is there: before that, its parts still move."""
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    at_rest(page)


def settled(page, address: str) -> None:
    """The page of an address is there as a whole, after a click that leads to it."""
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[address])
    at_rest(page)


def at_rest(page) -> None:
    """Nothing runs, and nothing is yet to come."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()
    for waiting in ("stSpinner", "stSkeleton"):
        expect(page.get_by_test_id(waiting)).to_have_count(0)


def open_fold(page, label: str) -> None:
    """Opens the details below a label, by the keyboard: it finds them also where the page above still grows."""
    summary = page.get_by_test_id("stExpander").locator("summary").filter(has_text=label)
    summary.press("Enter")
    expect(summary.locator("xpath=..")).to_have_attribute("open", "")
