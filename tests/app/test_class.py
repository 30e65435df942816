"""A class on its page: who gets in, who steers, what can go wrong."""

import random
import re
import string
from types import SimpleNamespace

import pytest
import streamlit as st

from core.classroom.activities import PREPARED
from core.classroom.made_up import CODE_LETTERS, new_code
from core.classroom.measurement import trial_of, with_tokens
from core.classroom.phase import Phase
from core.classroom.tries import FROM_ALL, FROM_ONE_PLACE
from core.experiments.registry import to_json
from core.lab.cluster import Lab
from core.lessons.hold_a_class import view_access
from core.lessons.hold_a_class.words import DO_NOW, NEXT_STEP
from core.ui.lab import server
from tests.app.pages import STARTED, text_of

pytestmark = pytest.mark.usefixtures("routed")

NOISIER = PREPARED[0]


def press(test, label: str):
    next(button for button in test.button if button.label == label).click()
    test.run()
    assert not test.exception, test.exception
    return test


@pytest.fixture
def desk(app):
    """(the teacher's page, the class's code)"""
    test = press(app("hold_a_class"), "Open a class")
    return test, "".join(test.query_params["class_code"])


def join(app, code: str):
    return press(app("hold_a_class", class_code=code), "Join the class")


def look(code: str):
    return server().classes.look(server().classes.find(code))


def test_who_opens_a_class_has_its_desk_and_the_address_does_not_hold_the_secret(desk):
    test, code = desk
    assert f"Class {code}" in [each.value for each in test.subheader]
    assert set(test.query_params) == {"class_code", "class_role"} and "".join(test.query_params["class_role"]) == "desk"


def test_the_teachers_link_opens_the_desk_elsewhere_and_no_other_secret_does(app, desk):
    test, code = desk
    secret = re.search(r"desk_secret=([\w-]+)", " ".join(each.value for each in test.code))[1]
    there = app("hold_a_class", desk_secret=secret)
    assert f"Class {code}" in [each.value for each in there.subheader] and "desk_secret" not in there.query_params
    for wrong in (secret[:-1], secret[::-1], "x"):
        there = app("hold_a_class", desk_secret=wrong, class_code=code, class_role="desk")
        assert not there.exception and [button.label for button in there.button if button.label == "Begin"] == []


def test_a_member_has_a_name_of_their_own_and_may_change_it(app, desk):
    _, code = desk
    test = join(app, code)
    name = look(code).members[0].name
    assert f"You are **{name}** in the class {code}." in text_of(test)
    test.text_input[0].set_value("<b>Ada</b> **x**")
    press(test, "Take it")
    assert look(code).members[0].name == "<b>Ada</b> **x**"
    assert r"\<b\>Ada\</b\> \*\*x\*\*" in text_of(test)  # shown as it was written
    test.text_input[0].set_value(" \u202e ")
    assert "a letter or a figure" in press(test, "Take it").error[0].value


@pytest.mark.parametrize("code", ["", "ABCDE", "abc", "A" * 40, "ABCD1", "' OR 1=1", "<b>", "\0", "-"])
def test_a_wrong_code_is_answered_in_a_sentence(app, code):
    test = app("hold_a_class", class_code=code)
    assert not test.exception and "Join a class" in [each.value for each in test.subheader]
    test.text_input[0].set_value(code[:12])
    press(test, "Join")
    assert "no class with that code" in test.warning[0].value


def test_codes_cannot_be_tried_for_ever(app, desk):
    _, code = desk
    for number in range(FROM_ALL):  # Streamlit's test has another address in each run
        server().tries.count_wrong(f"place {number}")
    test = app("hold_a_class")
    test.text_input[0].set_value(new_code())
    assert "Too many wrong codes" in press(test, "Join").warning[0].value
    assert look(code).members == ()


def test_a_thousand_guesses_bring_nobody_in(app, desk, monkeypatch):
    """Codes, half of them the class's own but for a letter; and secrets, half of them the teacher's but for one."""
    test, code = desk
    chance, asked = random.Random(0), []
    (secret,) = re.findall(r"desk_secret=([\w-]+)", " ".join(each.value for each in test.code))[:1]

    def guess(right: str, letters: str, number: int) -> str:
        if number % 2:
            return "".join(chance.choice(letters) for _ in right)
        place = chance.randrange(len(right))
        return right[:place] + chance.choice(letters.replace(right[place], "")) + right[place + 1 :]

    classes = server().classes
    monkeypatch.setattr(classes, "find", lambda code, find=classes.find: asked.append(code) or find(code))
    monkeypatch.setattr(view_access.st, "warning", lambda sentence: said.append(sentence))
    monkeypatch.setattr(view_access.st, "context", SimpleNamespace(ip_address="192.0.2.1"))
    said: list[str] = []
    for number in range(1000):
        choices = SimpleNamespace(class_code=guess(code, CODE_LETTERS, number), set=lambda **values: None)
        assert view_access.class_of(choices) is None
        tried = guess(secret, string.ascii_letters + string.digits + "-_", number)
        assert classes.desk(tried) is None and classes.seat(tried) is None
    assert len(asked) == FROM_ONE_PLACE and len(said) == 1000 and said[-1] == view_access.TOO_MANY
    assert look(code).members == ()


def test_who_is_in_a_class_is_not_kept_out_by_codes_that_others_try(app, desk):
    teacher, code = desk
    member, board = join(app, code), app("hold_a_class", class_code=code, class_role="board", present="1")
    for number in range(FROM_ALL):
        server().tries.count_wrong(f"place {number}")
    for page in (member.run(), board.run(), teacher.run()):
        assert not page.warning and page.query_params["class_code"]
    press(teacher, "End it and delete them")
    before = len(server().tries._wrong)
    assert "It may have ended" in member.run().warning[0].value
    assert len(server().tries._wrong) == before  # it was no guess


def test_the_forty_first_is_told_that_the_class_is_full(app, desk):
    _, code = desk
    for _ in range(40):
        server().classes.join(server().classes.find(code))
    test = join(app, code)
    assert "full: it has 40 members" in test.error[0].value.replace("\\", "")


def test_the_page_of_a_member_follows_the_class(app, desk):
    teacher, code = desk
    member = join(app, code)
    press(teacher, "Begin")
    member.run()
    assert NOISIER.question in [each.value.replace("\\", "") for each in member.subheader]
    member.number_input[0].set_value(16.0)
    press(member, "Send")
    assert look(code).answers[Phase.PREDICT] == {1: 16.0} and "**16 times**" in text_of(member)
    member.number_input[0].set_value(8.0)
    press(member, "Change it")
    press(teacher, "Show the answers")
    assert look(code).answers[Phase.PREDICT] == {1: 8.0}
    press(member, "Change it")  # its page had not heard of it yet
    assert look(code).answers[Phase.PREDICT] == {1: 8.0}
    assert "You answered “8 times”." in text_of(member).replace("\\", "")
    press(teacher, "Back")
    assert look(code).phase == Phase.PREDICT


def test_a_question_of_ones_own_needs_its_parts(app, desk):
    teacher, code = desk
    for question, options, sentence in (
        ("", "a\nb", "Write a question"),
        ("Which?", "a", "2 to 6 different options"),
        ("Which?", "a\na", "2 to 6 different options"),
        ("Which?", "\n".join("abcdefg"), "2 to 6 different options"),
    ):
        teacher.text_input[0].set_value(question)
        teacher.text_area[0].set_value(options)
        assert sentence in press(teacher, "Begin with it").error[0].value
    teacher.text_input[0].set_value("Which *one*?")
    teacher.text_area[0].set_value("<i>this</i>\nthat")
    press(teacher, "Begin with it")
    member = join(app, code)
    assert [each.value for each in member.subheader] == [r"Which \*one\*?"]
    assert member.radio[0].options == [r"\<i\>this\</i\>", "that"]
    press(member, "Send")
    assert "Choose one of the answers" in member.info[0].value
    member.radio[0].set_value(1)
    press(member, "Send")
    assert look(code).answers[Phase.PREDICT] == {1: 1.0}


def test_who_has_the_code_can_show_the_board(app, desk):
    _, code = desk
    board = press(app("hold_a_class", class_code=code), "Show the board on this screen")
    assert [button.label for button in board.button] == ["Leave"] and look(code).members == ()


def test_old_classes_are_forgotten_while_the_server_runs(desk):
    assert server().classes.forget_old in server().lab.forgetting


def test_the_board_has_no_button_that_steers(app, desk):
    _, code = desk
    join(app, code)
    board = app("hold_a_class", class_code=code, class_role="board", present="1")
    assert [button.label for button in board.button] == ["Leave"]
    assert look(code).members[0].name in text_of(board)


def test_a_measurement_is_shown_and_one_that_failed_can_be_repeated(app, desk, monkeypatch):
    teacher, code = desk
    member = join(app, code)
    press(teacher, "Begin")
    for label in ("Show the answers", "Predict again", "On to the measurement"):
        press(teacher, label)
    member.run()
    assert "begins when your teacher starts it" in " ".join(each.value for each in member.caption)

    def submit(self, spec, visitor=""):
        made = server().store.create(to_json(spec), spec.text)
        ends = {
            "kind": "summary",
            "steps": 9,
            "final_val_loss": 2.0,
            "tokens_per_second": 1.0,
        }
        rows = [
            ends | {"batch_size": b, "seed": seed, "loss_noise": noise * (1 + 0.1 * seed * (b == 4))}
            for seed in spec.train.seeds
            for b, noise in ((4, 0.4), (64, 0.1))
        ]
        server().store.append(made, [STARTED, *rows])
        server().store.set_status(made, "failed", "The worker died.")
        return made

    monkeypatch.setattr(Lab, "submit", submit)
    race = with_tokens(trial_of(NOISIER, 1), 200_000)
    monkeypatch.setattr("core.lessons.hold_a_class.view_desk.measurement_of", lambda *_: race)
    press(teacher, "Start the race")
    assert look(code).round.experiment_id
    member.run()
    assert "The worker died" in member.get("progress")[0].proto.text.replace("\\", "") and "Measured: **4.2" in text_of(
        member
    )
    assert "Theory says 4 times" in text_of(member)
    before = look(code).round.experiment_id
    press(teacher, "Measure once more")
    assert look(code).round.experiment_id not in ("", before)
    press(teacher, "Compare")
    member.run()
    assert "Sixteen times as many windows" in text_of(member)


def test_who_is_in_a_class_that_has_ended_reads_that(app, desk):
    teacher, code = desk
    member = join(app, code)
    press(teacher, "End it and delete them")
    member.run()
    assert "It may have ended" in member.warning[0].value and server().classes.find(code) is None


def test_a_server_that_starts_again_at_every_step_finds_the_class_where_it_was(app, desk):
    teacher, code = desk
    member = join(app, code)
    secrets = {name: page.session_state[name] for page, name in ((teacher, "_class_desk"), (member, "_class_seat"))}

    def starts_again():
        """(the teacher's page, a member's), whose browsers have kept their secrets"""
        server().lab.close()
        st.cache_resource.clear()
        pages = app("hold_a_class", desk_secret=secrets["_class_desk"]), app("hold_a_class", class_code=code)
        pages[1].session_state["_class_seat"] = secrets["_class_seat"]
        return [page.run() for page in pages]

    teacher, member = starts_again()
    press(teacher, "Begin")
    for phase, label in NEXT_STEP.items():
        teacher, member = starts_again()
        assert DO_NOW[phase] in text_of(member) and look(code).phase == phase
        if phase.takes_answers:
            member.number_input[0].set_value(4.0)
            press(member, "Send")
        if phase == Phase.MEASURE:
            spec = trial_of(NOISIER, 1)
            begun = server().store.create(to_json(spec), spec.text)
            server().store.set_status(begun, "running")
            server().classes.desk(secrets["_class_desk"]).measure(1, begun)
            teacher, member = starts_again()
            server().store.set_status(begun, "interrupted", "The server has ended.")  # what the next one finds
            assert "Measure once more" in [button.label for button in teacher.run().button]
            assert "Interrupted" in member.run().get("progress")[0].proto.text
        press(teacher, label)
    assert "You are in" in text_of(starts_again()[1]) and look(code).phase == Phase.LOBBY
