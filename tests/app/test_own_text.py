"""A text of one's own: asked for without a red word, the same on every page, and what its budget would read."""

import pytest

TEXT = ("She sells sea shells by the sea shore, and the shells she sells are sea shells for sure.\n" * 8)[:658]
TWO = "A poem of a few words.\n\nA recipe for soup, with salt and a carrot.\n"


def label(elements, name: str):
    return next(element for element in elements if element.label == name)


def use(test, text: str):
    label(test.text_area, "Paste a text").set_value(text)
    return label(test.button, "Use this text").click().run()


def go_to(test, page: str):
    return test.switch_page(f"pages/{page}.py").run()


def said(test) -> str:
    assert not test.exception, test.exception
    return " ".join(part.value for part in (*test.markdown, *test.caption, *test.info)).replace("\\", "")


def test_it_is_the_first_of_the_texts_and_not_what_one_begins_with(app):
    texts = label(app("make_a_batch").selectbox, "Text")
    assert texts.options[0] == "Your own text" and texts.value == "python-docs"


def test_nothing_is_red_before_a_text_is_used(app):
    test = app("make_a_batch")
    label(test.selectbox, "Text").set_value("pasted").run()
    assert not test.error and "No text is in use yet" in said(test)
    label(test.text_area, "Paste a text").set_value("ab").run()  # typed, and not used
    assert not test.error and "No text is in use yet" in said(test)


def test_characters_and_tokens_are_counted(app):
    test = use(app("make_a_batch", text="pasted"), TEXT)
    assert "In use: 658 characters, which are 658 tokens: 592 to train on, 66 for validation" in said(test)


@pytest.mark.parametrize(
    "page", ["race_batch_sizes", "tune_the_rate", "measure_the_noise", "speed_and_memory", "check_the_claims"]
)
def test_a_link_to_a_text_that_is_not_here_says_so_above_what_was_recorded(app, page):
    test = app(page, text="pasted")
    assert not test.error
    assert any("a text is never part of a link" in info.value for info in test.info)
    assert any("recorded on" in part.value for part in test.markdown)


@pytest.mark.parametrize("page", ["inside_one_step", "follow_the_shapes", "choose_the_order", "accumulate_gradients"])
def test_a_page_that_needs_the_text_itself_says_that_it_is_not_here(app, page):
    test = app(page, text="pasted")
    assert not test.error and "a text is never part of a link" in said(test)


def test_one_text_is_used_on_every_page(app):
    test = use(app("make_a_batch", text="pasted", T="8"), TWO)
    test = go_to(test, "pack_documents")
    assert label(test.selectbox, "Documents").value == "pasted" and "2 documents" in said(test)
    test = go_to(test, "choose_the_order")
    assert label(test.selectbox, "Text").value == "pasted"
    test = use(test, "Another text, of one document, that is long enough for one window.\n")
    assert "Your own text is one document here" in said(go_to(test, "pack_documents"))


def test_packing_other_documents_is_said(app):
    test = go_to(use(app("make_a_batch", text="pasted", T="8"), TWO), "pack_documents")
    label(test.selectbox, "Documents").set_value("four").run()
    assert "The other pages read your own text. These are other documents" in said(test)
    assert "The other pages" not in said(app("pack_documents", documents="four"))


def test_what_the_budget_would_read_is_said_and_one_that_fits_offered(app):
    test = go_to(use(app("make_a_batch", text="pasted", sizes="4,16"), TEXT), "race_batch_sizes")
    assert "120,000 tokens a run read this text of 592 training tokens **203 times**." in said(test)
    label(test.button, "Use 6,200 tokens: read it 10.5 times").click().run()  # 12 steps of 16 windows of 32 tokens
    assert label(test.number_input, "Budget (tokens for each run)").value == 6_200
    assert "6,200 tokens a run read this text" in said(test)
    assert not [button for button in test.button if "read it" in button.label]


@pytest.mark.parametrize(
    ("page", "tokens"),
    [("tune_the_rate", "60,000"), ("choose_the_order", "640,000"), ("check_the_claims", "1,600,000")],
)
def test_so_it_is_wherever_there_is_a_budget(app, page, tokens):
    test = go_to(use(app("make_a_batch", text="pasted"), TEXT), page)
    assert f"{tokens} tokens a run read this text of 592 training tokens" in said(test)


def test_a_sample_has_no_such_sentence(app):
    assert "tokens a run read this text" not in said(app("race_batch_sizes", text="kitchen"))
