"""Guess first: what a page asks before it is read, and what was guessed, beside what was measured. A guess is kept in
this session and nowhere else.
"""

from dataclasses import dataclass

import streamlit as st

from core.settings.line import one_line
from core.ui.choices import PAGE, Choices
from core.ui.sentences import plain

ASKED, GUESSES, FOLD = "_asked", "_guesses", "guess_fold"
MAX_GUESS = 120  # characters, of one in words
MOST = 1e9  # of one in numbers
BUTTON = "That is my guess"
HELP = "A guess is not kept, and nobody sees it. It stands beside what was measured."


@dataclass(frozen=True)
class Question:
    """It is answered by one of the options, by a number of the unit, or, where it has neither, in a line."""

    text: str
    options: tuple[str, ...] = ()
    unit: str = ""

    def read(self, given) -> str:
        """The guess as a page shows it; empty for none.

        >>> Question("How many?", unit="times").read(16.0), Question("Why?").read("<b>")
        ('16 times', '“\\\\<b\\\\>”')
        """
        if given is None or self.options:
            return given or ""
        if self.unit:
            return f"{given:,.6g} {self.unit}"
        line = plain(one_line(given, MAX_GUESS))
        return line and f"“{line}”"


IN_A_LINE = Question("Your guess, in one line")


def begin(choices: Choices, question: Question | None) -> Question | None:
    """A page is drawn, which asks this. What it does ask: a note of whoever prepared the page comes first."""
    if question and choices.guess_first and choices.note:
        question = IN_A_LINE
    st.session_state[ASKED] = question and (st.session_state[PAGE], question.text)
    return question


def asks() -> bool:
    """Whether this page has a question."""
    return bool(st.session_state.get(ASKED))


def guessed() -> str:
    """What the visitor has guessed on this page."""
    return st.session_state.get(GUESSES, {}).get(st.session_state.get(ASKED), "")


def waits_for_guess(choices: Choices) -> bool:
    """Whether a prepared page shows nothing yet."""
    return bool(choices.guess_first and not guessed())


def offer_guess(choices: Choices, question: Question) -> None:
    """For those who like to; made only while it is open."""
    label = "Your guess" if guessed() else "Guess first"
    icon = ":material/lightbulb:"
    with st.popover(label, icon=icon, type="tertiary", help=HELP, key=FOLD, on_change="rerun") as opened:
        if opened.open:
            ask(choices, question)


def ask(choices: Choices, question: Question) -> None:
    key = f"guess_{'option' if question.options else 'number' if question.unit else 'line'}"
    with st.form("guess", border=False):
        if question.options:
            st.radio(question.text, question.options, index=None, key=key)
        elif question.unit:
            label = f"{question.text} ({question.unit})"
            st.number_input(label, 0.0, MOST, None, 1.0, format="%g", key=key, placeholder="A number")
        else:
            st.text_input(question.text, max_chars=MAX_GUESS, key=key)
        st.form_submit_button(BUTTON, on_click=take, args=(choices, question, key))


def take(choices: Choices, question: Question, key: str) -> None:
    if guess := question.read(st.session_state[key]):
        st.session_state.setdefault(GUESSES, {})[st.session_state[ASKED]] = guess
        st.session_state[FOLD] = False
    else:
        choices.add_note(f"There is no guess yet. Make one, then press “{BUTTON}”.")


def show_guess() -> None:
    """Beside what was measured."""
    if guess := guessed():
        st.markdown(f"You guessed: **{guess}**.")
