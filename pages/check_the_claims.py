"""Check the claims: what is said about batch size, judged by experiments."""

import streamlit as st

from core.experiments.race.offers import claim_race_of
from core.lessons.check_the_claims import tables, verdicts
from core.lessons.check_the_claims import view_charts as charts
from core.lessons.check_the_claims.view import Claim, show_claim, show_overview
from core.ui.choices import Choices
from core.ui.guess import Question
from core.ui.page import next_lesson, open_page
from core.ui.take_away import take_away

CLAIMS = {
    "slower": Claim(
        text="Small batches are slower.",
        evidence=("claim_race",),
        judge=verdicts.slower,
        show=charts.show_cost_to_target,
        numbers=tables.cost_table,
        test="All three sizes are trained on the same examples. How many tokens a second does each read? And how long does each take to the **same validation loss**?",
        nuance="A small batch leaves part of the hardware idle: until it is full, twice the batch costs hardly more time. But speed by the token is only half of the story. A small batch makes more updates out of the same tokens, and often needs far fewer of them. What you wait for is the product: **steps to the target × seconds a step**.",
    ),
    "memory": Claim(
        text="Small batches use less memory.",
        evidence=("claim_cost",),
        judge=verdicts.memory,
        show=charts.show_memory,
        numbers=tables.memory_table,
        test="One step at each size. Autograd reports every tensor that it keeps for the backward pass, and we add up their bytes, exactly. Weights, gradients and the optimizer's state are counted too.",
        nuance="Only **activations** grow with B × T. Weights, gradients and AdamW's two averages are needed whatever the batch, about 16 bytes a parameter in float32. With a tiny model most of it is activations; with billions of parameters it can be the other way round, and a smaller batch then saves little. Not counted: what a layer needs for a moment while it computes. Try a larger model.",
    ),
    "noisy": Claim(
        text="Small batches are noisy, large ones are smooth.",
        evidence=("claim_race",),
        judge=verdicts.noisy,
        show=charts.show_noise_of_race,
        numbers=tables.noise_table,
        test="How far does each loss jump from one step to the next, once the trend is removed? And which size has the lowest loss on text that no run has trained on?",
        nuance="True, and less important than it sounds. At equal weights the jumps shrink as 1/√B (lesson *Measure the noise*). Here each size has weights of its own, so the ratio differs somewhat. But **a smooth curve is not a good one**: it says how exactly the loss was measured, not how low it is.",
    ),
    "balanced": Claim(
        text="Medium batches (64 to 256) are the balanced choice.",
        evidence=("claim_race",),
        judge=verdicts.balanced,
        show=charts.show_cost_to_target,
        numbers=tables.cost_table,
        test="The way to the same loss has three prices: steps, tokens, seconds. By what factor does each size exceed the cheapest in each of them? A size is judged by the **worst** of its three factors.",
        nuance="There is always some size in the middle that is bad at nothing. But where the middle lies depends on the task, the model and the hardware: 16 in one case, 16,000 in another. Numbers without a context are no rule.",
    ),
    "fast": Claim(
        text="Large batches (512 to 4096) are fast.",
        evidence=("claim_race",),
        judge=verdicts.fast,
        show=charts.show_cost_to_target,
        numbers=tables.cost_table,
        test="The large size against the medium one: tokens a second, and seconds to the same validation loss.",
        nuance="Fast by the token, as long as part of the hardware is idle; on a big GPU, or on many of them, that goes far. Beyond that point, each extra window only makes the step longer. And the target must be reached too.",
    ),
    "overfit": Claim(
        text="Large batches overfit.",
        evidence=("claim_race",),
        judge=verdicts.overfit,
        show=charts.show_gaps,
        numbers=tables.gap_table,
        test="Overfitting is a validation loss that stays above the training loss. The text can be cut short, so that it can be memorised. The gap between the two is compared in three ways: after **equal tokens**, after **equal steps**, and where all runs have reached an **equal training loss**.",
        nuance="At equal tokens a large batch has made far fewer updates; usually it is *under*-trained. At equal steps it has read many times as much text, so of course it has memorised more of it. The fair question is the third. Keskar and others (2017), whose paper the saying comes from, write that the gap they saw was “not due to over-fitting”; Shallue and others (2018) found no evidence that large batches do worse out of sample.",
    ),
    "tuning": Claim(
        text="Large batches need tuning.",
        evidence=("claim_sweep",),
        judge=verdicts.tuning,
        show=charts.show_rates,
        numbers=tables.rates_table,
        test="Every size is trained at every learning rate of a grid. What does the large one lose with the rate that suits the small one? And vice versa?",
        nuance="Every batch size has a best rate; a rate is usually tuned at one size and then carried over. So it is the *change* of batch size that needs tuning, in either direction. Rules (√B for Adam, B for SGD) are guesses to start from: lesson *Tune the rate*.",
    ),
    "accumulation": Claim(
        text="Gradient accumulation speeds up training.",
        evidence=("claim_cost",),
        judge=verdicts.accumulation,
        show=charts.show_splits,
        numbers=tables.splits_table,
        test="The same large batch, once in one pass, and once in micro-batches whose gradients are added up before the update. Each way is timed in turn, round by round, and the gradients are compared.",
        nuance="Accumulation imitates a batch that does not fit into memory: **the same gradient, less activation memory**. It makes no more updates a second than the large batch would. Where the parts keep the hardware less busy, it is slower. Where they fit a processor's cache better, it can be a little faster, which has nothing to do with learning.",
    ),
    "noise-scale": Claim(
        text="The gradient noise scale is the best batch size.",
        evidence=("claim_sweep", "claim_noise"),
        judge=verdicts.noise_scale,
        show=charts.show_bend,
        numbers=tables.bend_table,
        test="The noise scale is measured along a training run. It is compared with the bend of a curve: how many steps each size takes to the same loss, at its best rate.",
        nuance="It is a **proxy**: it knows the gradients at one moment and nothing of the optimizer, and it changes during training. In its own paper (McCandlish and others, 2018) the two numbers differ by factors from 0.05 to 8; for a large model trained with Adam, Merrill and others (2025) found it orders of magnitude below what they measured. And no single size is best: to its left you save tokens, to its right you save steps.",
    ),
}

choices = open_page(
    "Is it true what people say about batch size?",
    """**Nine things people often say**, each judged by an experiment on your text and your machine. A verdict is about this model, this text and this
device only.""",
    Question(
        f"“{CLAIMS[Choices().claim].text}” What will the experiments say?",
        ("it holds", "it holds in part", "it does not hold"),
    ),
)

show_overview(choices, CLAIMS)
show_claim(choices, CLAIMS[choices.claim])

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Change one thing and run it again**: a longer text cannot be memorised in this budget; a larger model needs more memory that no batch size saves.
- **A claim can hold by the token and fail by the clock**, or the other way round. Ask “fast at what?”, “at equal what?”.
- **Three seeds are few.** “Not resolved” is a result: it says that more seeds, or a longer run, are needed before anyone can claim anything.
"""
    )
take_away(choices, "check_the_claims", batch_size=choices.claim_small, race=claim_race_of)
next_lesson("pages/summary.py", "What all lessons have measured, on one page: which batch size should you take?")
