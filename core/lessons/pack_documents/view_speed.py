"""What padding costs in time: padded against packed updates on a page."""

import numpy as np
import streamlit as st

from core import charts
from core.lessons.pack_documents.words import times_sentences
from core.measure.comparison import ratio_of
from core.measure.estimate import Estimate
from core.measure.reports import StepTimes
from core.ui.lab import ask_worker
from core.ui.packing import Packing
from core.ui.page import fragment

TIMES = "_packing_times"
FIRST_ROUNDS, MORE_ROUNDS = 8, 40
number = charts.format_significant


@fragment
def show_speed(packing: Packing) -> None:
    """Padded against packed updates, in turn; some rounds at once, more on request."""
    more = st.button(f"Time {MORE_ROUNDS} more rounds", icon=":material/timer:", key="packing_more")
    earlier = taken_times(packing)
    show_times(take_rounds(packing, len(earlier.seconds) + MORE_ROUNDS if earlier and more else FIRST_ROUNDS))


def take_rounds(packing: Packing, rounds: int) -> StepTimes:
    """The rounds that this session has taken of these documents, made up to so many."""
    times = taken_times(packing)
    seconds = list(times.seconds) if times else []
    bar = st.empty()
    while len(seconds) < rounds:
        few = rounds - len(seconds)
        subject = list(packing.ids), packing.config, packing.seed, packing.device
        times = ask_worker("core.calls.packing:time_steps", *subject, few, fresh=True)
        seconds += times.seconds
        bar.progress(min(1.0, len(seconds) / rounds), text=f"{len(seconds)} of {rounds} rounds timed …")
    bar.empty()
    times = StepTimes(times.device, times.num_documents, times.num_slots, times.num_tokens, tuple(seconds))
    st.session_state[TIMES] = packing.key, times
    return times


def taken_times(packing: Packing) -> StepTimes | None:
    key, times = st.session_state.get(TIMES, (None, None))
    return times if key == packing.key else None


def gain_of(times: StepTimes) -> tuple[np.ndarray, Estimate]:
    """(speeds (2,), gain): real tokens a second, padded and packed; and their ratio, paired over the rounds."""
    speeds = np.array(times.num_tokens) / np.array(times.seconds)  # (rounds, 2)
    return np.exp(np.log(speeds).mean(axis=0)), ratio_of(speeds[:, 1], speeds[:, 0])


def show_times(times: StepTimes) -> None:
    speeds, gain = gain_of(times)
    padded, packed, ratio = st.columns(3)
    padded.metric("Padded: real tokens a second", charts.format_count(speeds[0]))
    packed.metric("Packed: real tokens a second", charts.format_count(speeds[1]))
    ratio.metric("Packed over padded", f"× {number(gain.value)}", help="Below 1, packing is slower.")
    st.caption(times_sentences(times, gain))
