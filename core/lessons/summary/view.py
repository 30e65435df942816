"""The summary on a page: the answer, why there are batches, the two tables, and a check of nine questions."""

import streamlit as st

from core.lessons.summary.evidence import EXPERIMENTS, LESSONS, Evidence, Padding
from core.lessons.summary.html import table_html
from core.lessons.summary.quiz import Settled, measurement_sentence
from core.lessons.summary.tables import Table
from core.lessons.summary.words import ESTIMATE, answer_lines, recommendation, unknown_lines
from core.settings.values import Settings
from core.ui.charts import theme
from core.ui.choices import Choices
from core.ui.experiment import find_own, recorded, same_subject
from core.ui.packing import current_packing, pack_all
from core.ui.page import fragment
from core.ui.page_file import page_file
from core.ui.reasons import reasons_of
from core.ui.sentences import unbroken

AT, CHECKED = "summary_question", "summary_checked"
OF_DOCUMENTS = ("documents", "tokenizer", "row_length")  # the settings that packing is counted from


# ---- what it is made of


def gather(choices: Choices) -> Evidence:
    """The visitor's experiments, those in the address, and the recorded ones."""
    kept = {name: recorded(name).view() for name in EXPERIMENTS}
    found = {name: find_own(choices, name) for name in EXPERIMENTS}
    own = {name: mine.view() for name, mine in found.items() if mine}
    at_hand = kept | own
    apart = not same_subject(at_hand["speed"].race, at_hand["sweep"].race)
    sweep = (kept if apart else at_hand)["sweep"]
    return Evidence(
        own={name: view.results for name, view in own.items()} | own_padding(choices.settings),
        recorded={name: view.results for name, view in kept.items()} | {"packing": padding_of(Settings())},
        apart=apart,
        noise_apart=not same_subject(at_hand["noise"].race, sweep.race),
    )


def padding_of(settings: Settings) -> Padding:
    """Raises ValueError, with a sentence, for documents that cannot be packed."""
    packing = current_packing(settings)
    return Padding.of([len(ids) for ids in packing.ids], pack_all(packing))


def own_padding(settings: Settings) -> dict[str, Padding]:
    """Of the documents that the visitor has chosen; none for the usual ones, or where they cannot be packed."""
    usual = Settings()
    if all(getattr(settings, name) == getattr(usual, name) for name in OF_DOCUMENTS):
        return {}
    try:
        return {"packing": padding_of(settings)}
    except ValueError:
        return {}


# ---- the answer, and why


def show_answer(evidence: Evidence, target: float) -> None:
    """The card that answers the page's question."""
    timed = evidence.timed
    with st.container(border=True):
        st.markdown(recommendation(timed, target))
        st.markdown("\n".join(f"- {line}" for line in answer_lines(timed, target)))
        with st.container(horizontal=True):
            for name in ("sweep", "speed"):
                show_link(name, timed.mark)


def show_unknown(evidence: Evidence, target: float) -> None:
    """What the answer does not know."""
    with st.expander("What the answer does not know"):
        st.markdown("\n".join(f"- {line}" for line in unknown_lines(evidence, target)))
        with st.container(horizontal=True):
            show_link("noise", evidence.mark("noise"))
            show_link("sweep", evidence.timed.mark)


def show_link(name: str, mark: str) -> None:
    """To where it was measured; it keeps all that the visitor has chosen."""
    lesson = LESSONS[name]
    label = f"{lesson.title} ({mark})"
    st.page_link(page_file(lesson.path), label=label, icon=":material/arrow_forward:", width="content")


def show_reasons(evidence: Evidence) -> None:
    st.markdown(ESTIMATE)
    reasons = reasons_of(evidence.of("speed"), evidence.of("noise"))
    for column, reason in zip(st.columns(3, gap="medium"), reasons, strict=True):
        with column:
            st.markdown(f"{reason.name}: **{reason.figure}**. {reason.sentence}")
            show_link(reason.measured, evidence.mark(reason.measured))


# ---- the tables


def show_table(choices: Choices, table: Table) -> None:
    st.html(table_html(table, choices.settings.to_url(), theme()))


# ---- the check


@fragment
def show_check(questions: list[Settled]) -> None:
    """One question at a time: nothing is counted, and nothing is timed."""
    at = st.session_state.get(AT, 0) % len(questions)
    question = questions[at]
    chosen = st.radio(
        f"Question {at + 1} of {len(questions)}. {question.ask}",
        list(question.options),
        format_func=question.options.get,
        index=None,
        key=answer_key(at),
    )
    with st.container(horizontal=True):
        icon = ":material/check:"
        st.button("Check", type="primary", icon=icon, key="summary_check", on_click=check, args=(at,))
        last = at + 1 == len(questions)
        st.button(
            "First question" if last else "Next question",
            icon=":material/arrow_forward:",
            key="summary_next",
            on_click=go_on,
            args=((at + 1) % len(questions),),
        )
    if st.session_state.get(CHECKED) == (at, chosen):
        show_feedback(question, chosen)


def answer_key(at: int) -> str:
    return f"summary_answer_{at}"


def check(at: int) -> None:
    st.session_state[CHECKED] = (at, st.session_state[answer_key(at)])


def go_on(to: int) -> None:
    st.session_state[AT] = to
    st.session_state.pop(CHECKED, None)


def show_feedback(question: Settled, chosen: str | None) -> None:
    if chosen is None:
        st.info("Choose an answer first.")
        return
    parts = (question.feedback[chosen], question.unresolved, measurement_sentence(question))
    said = unbroken("\n\n".join(filter(None, parts)))
    if chosen == question.right:
        st.success(said, icon=":material/check_circle:")
    else:
        st.info(said, icon=":material/help:")
    lesson = question.lesson
    label = f"Measured in **{lesson.title}**"
    st.page_link(page_file(lesson.path), label=label, icon=":material/arrow_forward:", width="content")
