"""The claims about batch size on a page: all of them in a table, and the evidence for the one that is chosen."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.lessons.check_the_claims.verdicts import OTHER_SUBJECTS, Outcome, Verdict
from core.lessons.check_the_claims.words import answer_text, fact_sentences, headline, outcome_text, summary_of
from core.ui.choices import Choices
from core.ui.experiment import OnPage, View, experiment, own_or_recorded, same_subject
from core.ui.glossary import explain
from core.ui.page import folded, plain, show_answer
from core.ui.settings import choose_device
from core.ui.texts import choose_text

ICONS = {
    Outcome.HOLDS: ":material/check_circle:",
    Outcome.PARTLY: ":material/contrast:",
    Outcome.FAILS: ":material/cancel:",
    Outcome.UNRESOLVED: ":material/help:",
    Outcome.NOT_YET: ":material/hourglass_empty:",
}
ROWS = """<style>
[class*="st-key-claim_row"] { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
[class*="st-key-claim_row"] { padding: 0.15rem 0.4rem; }
[class*="st-key-claim_row"] [data-testid="stHorizontalBlock"] { gap: 0 1rem; }
[class*="st-key-claim_row"] button { text-align: left; }
@media (max-width: 40rem) {  /* a phone: the chosen claim's picture is not nine rows away */
  .st-key-all_claims { max-height: 17rem; overflow-y: auto; flex-wrap: nowrap; padding-bottom: 2.5rem; }
  .st-key-all_claims { mask-image: linear-gradient(#000 calc(100% - 3.5rem), transparent); }  /* there are more */
}
.st-key-claim_row_chosen { background: color-mix(in srgb, var(--st-primary-color, #1D5C8F) 12%, transparent); }
</style>"""


@dataclass(frozen=True)
class Claim:
    """Something that is said about batch size, and what it takes to judge it."""

    text: str
    evidence: tuple[str, ...]  # of EVIDENCE, in the order that `judge`, `show` and `numbers` take them
    judge: Callable[..., Verdict]
    show: Callable[..., None]  # draws the charts, of the evidence's views
    numbers: Callable[..., pd.DataFrame]  # what they show as a table, of the evidence's results
    test: str  # how it is tested here
    nuance: str  # what is right about it, and what is not


EVIDENCE = {  # what its button says, by the name of its offer
    "claim_race": "Race the three",
    "claim_cost": "Measure the costs",
    "claim_sweep": "Sweep the rates",
    "claim_noise": "Measure the noise",
}


def judged(claim: Claim, views: list[View]) -> tuple[Verdict, str]:
    """The verdict, and its outcome in words."""
    same = same_subject(*(view.race for view in views))
    verdict = claim.judge(*(view.results for view in views)) if same else OTHER_SUBJECTS
    return verdict, outcome_text(verdict.outcome, done=all(view.done for view in views))


# ---- all claims


def show_overview(choices: Choices, claims: dict[str, Claim]) -> None:
    """A row a claim: its verdict so far and the number behind it, from the visitor's experiments where there are any. A
    click chooses it."""
    if not choices.draws("claim"):
        return
    views_of = {name: own_or_recorded(choices, name).view() for name in EVIDENCE}
    st.html(ROWS)
    with st.container(gap=None, key="all_claims"):
        for name, claim in claims.items():
            show_row(choices, name, claim, [views_of[each] for each in claim.evidence])
    st.caption(
        "In brackets: 95% intervals. Not resolved: too close to call with these runs. From recorded runs, except "
        "where a row says that they are yours. Click a claim for its evidence.",
        help=explain("resolved, not resolved", "95% interval"),
    )


def show_row(choices: Choices, name: str, claim: Claim, views: list[View]) -> None:
    verdict, outcome = judged(claim, views)
    recorded = [view.recorded for view in views]
    by = "" if all(recorded) else " · partly yours" if any(recorded) else " · yours"
    chosen = name == choices.claim
    with st.container(key=f"claim_row_{'chosen' if chosen else name}"):
        first, second, third = st.columns([1.9, 1.1, 2.6], vertical_alignment="center")
        first.button(
            claim.text,
            key=f"choose_{name}",
            type="tertiary",
            wrap=True,
            icon=f":material/radio_button_{'checked' if chosen else 'unchecked'}:",
            on_click=choices.set,
            kwargs={"claim": name},
            disabled=choices.fixed("claim"),
        )
        second.markdown(f"{ICONS[verdict.outcome]} {outcome}{by}")
        third.markdown(f":small[{plain(headline(verdict))}]")


# ---- one claim


def show_claim(choices: Choices, claim: Claim) -> None:
    """The buttons of its experiments, how far they are, and the verdict from what they have found so far."""
    st.subheader(f"“{claim.text}”", anchor=False)
    *names, final = claim.evidence
    others = [experiment(choices, name, EVIDENCE[name]) for name in names]
    last = experiment(choices, final, EVIDENCE[final], more=choose_experiments)
    for other in others:
        if other.experiment:
            other.show(nothing)
    last.show(show_verdict, claim, others, rest=show_details)


def choose_experiments(choices: Choices) -> None:
    """The settings of all experiments that claims are judged by."""
    left, middle, right = st.columns(3)
    with left:
        choose_text(choices)
        choices.number("excerpt")
        choices.number("block_size", "Block size T (tokens)")
    with middle:
        choices.select("claim_small")
        choices.select("claim_medium")
        choices.select("claim_large")
        choices.select("claim_model")
        choices.number("learning_rate")
    with right:
        choices.number("claim_tokens")
        choices.several("claim_rates")
        choices.number("num_seeds")
        choices.number("seed")
        choose_device(choices)


def nothing(view: View) -> None:
    pass


def show_verdict(view: View, claim: Claim, others: list[OnPage]) -> None:
    """The verdict and its reason, and the charts."""
    views = [*(other.view() for other in others), view]
    verdict, outcome = judged(claim, views)
    show_answer(f"{ICONS[verdict.outcome]} **{outcome.capitalize()}.** {plain(answer_text(verdict))}")
    claim.show(*views)


def show_details(view: View, claim: Claim, others: list[OnPage]) -> None:
    """How it was tested; folded, what is right about it, and the figures."""
    views = [*(other.view() for other in others), view]
    st.markdown(f"**How it is tested.** {claim.test}")
    with folded("What is right about it, and what is not", "claim_nuance") as shown:
        if shown:
            st.markdown(claim.nuance)
    with folded("The figures behind the verdict", "claim_facts") as shown:
        if shown:
            st.markdown("\n".join(f"- {plain(fact)}" for fact in fact_sentences(judged(claim, views)[0])))
            st.caption(plain(summary_of(views[0].race)))
    with folded("The charts in numbers", "claim_numbers") as shown:
        if shown:
            st.table(claim.numbers(*(each.results for each in views)))
