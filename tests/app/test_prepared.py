"""Links that prepare a page: what is locked, hidden, asked first; the note; and the way out."""

import pytest
from playwright.sync_api import expect

from core.settings.declared import PREPARABLE
from core.ui.choices import PAGE
from core.ui.page import LESSONS
from core.ui.sentences import plain
from tests.app.axe import findings
from tests.app.browsing import at_rest, load
from tests.mutated_links import mutated_links

LESSON_PAGES = [path.removeprefix("pages/")[:-3] for pages in LESSONS.values() for path, *_ in pages]
WITHOUT_SETTINGS = ("start", "summary", "hold_a_class", "for_teachers", "words")
NOTE = "See http://x.example www.x.example a@x.example <b>b</b> **c** [d](http://x.example) :material/home: $x$ a -> b"
GUESS = "FormSubmitter:guess-That is my guess"
WIDGETS = ("number_input", "selectbox", "multiselect", "button_group", "radio", "checkbox", "text_input", "toggle")


def settings_widgets(test) -> dict[str, bool]:
    """Of the page's settings, by key: whether it is disabled."""
    found = [widget for kind in WIDGETS for widget in test.get(kind)]
    return {each.key: each.disabled for each in found if (each.key or "").startswith("choice_")}


def said(test) -> str:
    assert not test.exception, test.exception
    return " ".join(part.value for kind in ("markdown", "info", "caption") for part in test.get(kind))


def share_key(test, name: str) -> str:
    return f"share_{name}_{test.session_state[PAGE]}"


def open_share(test):
    test.session_state["share"] = True
    return test.run()


# ---- locked, hidden


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSON_PAGES)
def test_every_setting_of_a_page_can_be_locked_and_hidden(app, name):
    every = ",".join(PREPARABLE)
    locked, hidden = settings_widgets(app(name, lock=every)), settings_widgets(app(name, hide=every))
    assert all(locked.values()) and not hidden
    free = app(name)
    assert len(locked) == len(settings_widgets(free))  # all are shown
    if name not in WITHOUT_SETTINGS:
        (labels,) = free.session_state["_drawn_choices"].values()
        assert len(set(labels.values())) == len(labels) and labels.keys() <= set(PREPARABLE.values())


def test_what_is_locked_is_shown_and_cannot_be_changed(app):
    test = app("make_a_batch", lock="T,batch_number", T="8")
    assert "Somebody prepared this page for you. Locked: Block size T, Batch number." in said(test)
    box = test.number_input(key="choice_block_size")
    assert box.disabled and box.value == 8 and not test.number_input(key="choice_batch_size").disabled
    box._value = 16  # what no browser does, but somebody else may send
    test.run()
    assert test.number_input(key="choice_block_size").value == 8 and test.query_params["T"] == "8"
    assert next(button for button in test.button if button.label == "Next batch").disabled


def test_a_lock_goes_along_to_other_pages_until_the_page_is_freed(app):
    test = app("make_a_batch", lock="T", T="8", note="Count.")
    test.switch_page("pages/follow_the_shapes.py").run()
    assert test.number_input(key="choice_block_size").disabled
    test.button(key="free").click().run()
    assert not test.number_input(key="choice_block_size").disabled and "Somebody prepared" not in said(test)
    assert dict(test.query_params) == {"T": "8"}


def test_what_is_hidden_is_not_there(app):
    test = app("make_a_batch", hide="T,tokenizer")
    keys = settings_widgets(test)
    assert keys and not {"choice_block_size", "choice_tokenizer"} & keys.keys()
    assert "Hidden: 2 settings." in said(test)


def test_a_locked_choice_that_cannot_be_here_is_corrected_all_the_same(app):
    test = app("measure_the_noise", lock="noise_at_step,batch_number,device", noise_at_step="7", device="cuda")
    assert not test.exception and test.session_state["_choices"].noise_at_step == 0


# ---- results after a guess


def test_results_come_after_a_guess_and_the_guess_stands_with_them(app):
    test = app("race_batch_sizes", guess_first="1")
    assert "How many times" in test.number_input[0].label and len(test.number_input) == 1
    assert "the loss jumps by" not in said(test) and not test.get("vega_lite_chart")
    test.button(key=GUESS).click().run()
    assert test.warning[0].value == plain("There is no guess yet. Make one, then press “That is my guess”.")
    test.number_input[0].set_value(16.0)
    test.button(key=GUESS).click().run()
    assert "You guessed: **16 times**." in said(test) and "the loss jumps by" in said(test)
    assert test.get("vega_lite_chart")
    test.switch_page("pages/pack_documents.py").run()
    assert "You guessed" not in said(test) and "What share of the slots" in test.number_input[0].label


def test_a_note_is_the_question_where_there_is_one(app):
    test = app("race_batch_sizes", guess_first="1", note="Which curve is the calmest?")
    assert test.info[0].value == plain("Which curve is the calmest?") and not test.number_input
    test.text_input[0].set_value("<b>64</b>, since **it averages** http://x.example")
    test.button(key=GUESS).click().run()
    guess = plain("<b>64</b>, since **it averages** http://x.example")
    assert f"You guessed: **“{guess}”**." in said(test)


@pytest.mark.parametrize("name", ["", "summary", "words", "hold_a_class", "for_teachers"])
def test_pages_that_ask_nothing_are_there_without_a_guess(app, name):
    test = app(name, guess_first="1")
    assert not any(button.key == GUESS for button in test.button) and len(test.main.children) > 3


def test_who_likes_to_guesses_first_and_the_fold_closes(app):
    test = app("tune_the_rate")
    assert not test.radio and "You guessed" not in said(test)
    test.session_state["guess_fold"] = True
    test.run().radio[0].set_value("it falls")
    test.button(key=GUESS).click().run()
    assert "You guessed: **it falls**." in said(test) and not test.session_state["guess_fold"]
    assert dict(test.query_params) == {}  # it is in this session alone


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*LESSON_PAGES} - {*WITHOUT_SETTINGS}))
def test_every_lesson_asks_and_shows_the_guess_with_what_was_measured(app, name):
    test = app(name, guess_first="1")
    if test.radio:
        test.radio[0].set_value(test.radio[0].options[1])
        guess = test.radio[0].options[1]
    else:
        test.number_input[0].set_value(40.0)
        guess = "40 "
    test.button(key=GUESS).click().run()
    assert f"You guessed: **{guess}" in said(test) and not any(button.key == GUESS for button in test.button)


# ---- the link


def test_a_link_has_the_settings_and_what_is_prepared_and_the_page_stays_free(app):
    test = open_share(app("make_a_batch", T="8", present="1", class_code="KMRTX"))
    assert test.code[0].value.endswith("?T=8")
    assert "Your class is not in it" in said(test)
    test.multiselect(key=share_key(test, "lock")).set_value(["block_size", "order"])
    test.multiselect(key=share_key(test, "hide")).set_value(["seed"])
    test.text_input(key=share_key(test, "note")).set_value("Look\tat <b>x</b>")
    for box in test.checkbox:
        box.check()
    test.run()
    link = "?T=8&present=1&lock=T%2Corder&hide=seed&guess_first=1&note=Look+at+%3Cb%3Ex%3C%2Fb%3E"
    assert test.code[0].value.endswith(link)
    assert not test.number_input(key="choice_block_size").disabled and "lock" not in test.query_params
    test.session_state["share"] = False
    assert not test.run().code
    assert open_share(test).code[0].value.endswith(link)  # nothing is lost


def test_a_teacher_s_link_to_the_desk_is_never_handed_on(app):
    test = open_share(app("make_a_batch", class_role="desk", desk_secret="s3cret"))
    assert "s3cret" not in test.code[0].value and "desk" not in test.code[0].value


def test_a_link_says_what_it_leads_to(app):
    assert "Your own text is not in it" in said(open_share(app("make_a_batch", source="pasted")))
    assert "leads to what you have run" in said(open_share(app("make_a_batch", race="a1")))


def test_the_link_of_a_prepared_page_is_as_it_was_prepared(app):
    test = open_share(app("make_a_batch", lock="T"))
    assert test.code[0].value.endswith("?lock=T") and not test.checkbox
    assert "It is prepared as this page is." in said(test)


@pytest.mark.slow
def test_no_mutilated_link_makes_a_page_fail(app):
    for params in mutated_links(30, seed=1):
        test = app("make_a_batch", **params)
        assert not test.exception, params
        assert all(len(part.value) < 3_000 for kind in ("markdown", "info", "warning") for part in test.get(kind))


# ---- in a browser


@pytest.mark.browser
def test_a_note_is_text_and_nothing_else_and_the_popover_can_be_used_by_everyone(shared_server, page):
    page.set_viewport_size({"width": 390, "height": 844})
    load(page, f"{shared_server.url}make_a_batch?lock=T&note={NOTE.replace(' ', '+')}")
    note = page.get_by_test_id("stAlert")
    expect(note).to_have_count(1)
    assert note.inner_text().replace("\u2060", "").splitlines()[-1] == NOTE
    assert note.locator("p > *").count() == 0  # no link, no icon, nothing bold
    page.get_by_role("button", name="Use the page freely").click()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    at_rest(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_test_id("stCode").first).to_contain_text("/make_a_batch")
    page.get_by_text("Prepare it for a class").click()
    box = page.get_by_test_id("stPopoverBody").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    found = findings(page)
    assert {"button-name", "label"} & set(found["passes"]) and not found["ours"], found["ours"]
