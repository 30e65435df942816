"""Check the claims: what is said about batch size, judged by experiments."""

import streamlit as st

from core.experiments.race.offers import claim_race_of
from core.lessons.check_the_claims import verdicts
from core.lessons.check_the_claims import view as claims
from core.lessons.check_the_claims.view import Claim, show_claim, show_overview
from core.ui.page import next_lesson, open_page
from core.ui.plots import step_cost
from core.ui.settings import choose_device
from core.ui.take_away import take_away
from core.ui.texts import choose_text

CLAIMS = {
    "slower": Claim(
        text="Small batches are slower.",
        evidence=("claim_race",),
        judge=verdicts.slower,
        show=claims.show_cost_to_target,
        test="All three sizes are trained on the same examples. How many tokens a second does each read? And how long does each take to the **same validation loss**?",
        nuance="A small batch leaves part of the hardware idle: until it is full, twice the batch costs hardly more time. But speed by the token is only half of the story. A small batch makes more updates out of the same tokens, and often needs far fewer of them. What you wait for is the product: **steps to the target × seconds a step**.",
    ),
    "memory": Claim(
        text="Small batches use less memory.",
        evidence=("claim_cost",),
        judge=verdicts.memory,
        show=step_cost.show_memory,
        test="One step at each size. Autograd tells of every tensor that it keeps for the backward pass; their bytes are added up, exactly. Weights, gradients and the optimizer's state are counted too.",
        nuance="Only **activations** grow with B × T. Weights, gradients and AdamW's two averages are there whatever the batch, about 16 bytes a parameter in float32. With a tiny model most of it is activations; with billions of parameters it can be the other way round, and a smaller batch then saves little. Not counted: what a layer needs for a moment while it computes. Try a larger model.",
    ),
    "noisy": Claim(
        text="Small batches are noisy, large ones are smooth.",
        evidence=("claim_race",),
        judge=verdicts.noisy,
        show=claims.show_noise_of_race,
        test="How far does each loss jump from one step to the next, once the trend is taken away? And which size has the lowest loss on text that no run has trained on?",
        nuance="True, and less important than it sounds. At equal weights the jumps shrink as 1/√B (lesson *Measure the noise*); here each size is at weights of its own, so the ratio differs somewhat. But **a smooth curve is not a good one**: it says how exactly the loss was measured, not how low it is.",
    ),
    "balanced": Claim(
        text="Medium batches (64 to 256) are the balanced choice.",
        evidence=("claim_race",),
        judge=verdicts.balanced,
        show=claims.show_cost_to_target,
        test="Three prices are paid on the way to the same loss: steps, tokens, seconds. By what factor does each size exceed the cheapest in each of them? The **worst** of its three factors is what a size is judged by.",
        nuance="There is always some size in the middle that is bad at nothing. But where the middle lies depends on the task, the model and the hardware: 16 in one case, 16,000 in another. Numbers without a context are no rule.",
    ),
    "fast": Claim(
        text="Large batches (512 to 4096) are fast.",
        evidence=("claim_race",),
        judge=verdicts.fast,
        show=claims.show_cost_to_target,
        test="The large size against the medium one: tokens a second, and seconds to the same validation loss.",
        nuance="Fast by the token, as long as there is idle hardware to fill; on a big GPU, or on many of them, that goes far. Beyond that point, each further window only makes the step longer. And the target must be reached too.",
    ),
    "overfit": Claim(
        text="Large batches overfit.",
        evidence=("claim_race",),
        judge=verdicts.overfit,
        show=claims.show_gaps,
        test="Overfitting is a validation loss that stays behind the training loss. The text can be cut short, so that it can be learnt by heart, and the gap between the two is compared in three ways: after **equal tokens**, after **equal steps**, and where all runs have come to an **equal training loss**.",
        nuance="At equal tokens a large batch has made far fewer updates; usually it is *under*-trained. At equal steps it has read many times as much text, so of course it has learnt more of it by heart. The fair question is the third. Keskar and others (2017), whose paper the saying comes from, write that the gap they saw was “not due to over-fitting”; Shallue and others (2018) found no evidence that large batches do worse out of sample.",
    ),
    "tuning": Claim(
        text="Large batches need tuning.",
        evidence=("claim_sweep",),
        judge=verdicts.tuning,
        show=claims.show_rates,
        test="Every size is trained at every learning rate of a grid. What does the large one lose with the rate that suits the small one? And the other way round?",
        nuance="Every batch size has a best rate; a rate is usually tuned at one size and then carried over. So it is the *change* of batch size that needs tuning, in either direction. Rules (√B for Adam, B for SGD) are guesses to start from: lesson *Tune the rate*.",
    ),
    "accumulation": Claim(
        text="Gradient accumulation speeds up training.",
        evidence=("claim_cost",),
        judge=verdicts.accumulation,
        show=step_cost.show_splits,
        test="The same large batch, once in one go, and once in micro-batches whose gradients are added up before the update. Each way is timed in turn, round by round; the gradients are held against each other.",
        nuance="Accumulation imitates a batch that does not fit into memory: **the same gradient, less activation memory**. It makes no more updates a second than the large batch would. Where the parts keep the hardware less busy, it is slower; where they fit a processor's cache better, it can be a little faster, which has nothing to do with learning.",
    ),
    "noise-scale": Claim(
        text="The gradient noise scale is the best batch size.",
        evidence=("claim_sweep", "claim_noise"),
        judge=verdicts.noise_scale,
        show=claims.show_bend,
        test="The noise scale is measured along a training run. Beside it: how many steps each size takes to the same loss, at its best rate, and the bend of the curve through them.",
        nuance="It is a **proxy**: it knows the gradients at one moment, nothing of the optimizer, and it changes during training. In its own paper (McCandlish and others, 2018) the two numbers differ by factors from 0.05 to 8; for a large model trained with Adam, Merrill and others (2025) found it orders of magnitude below what they measured. And no single size is best: to its left you save tokens, to its right you save steps.",
    ),
}

choices = open_page(
    "Is it true what people say about batch size?",
    """Nine sentences that are often read. Each can be tested, here, on your text and your machine: choose one, look at what was measured, then run it
yourself. A verdict holds for this model, this text and this device; where the runs cannot tell, it says so.""",
)

which, _ = st.columns([2, 1])
choices.select("claim", where=which, format_func=lambda name: CLAIMS[name].text)
claim = CLAIMS[choices.claim]
st.markdown(f"**The test.** {claim.test}")
with st.expander("Batch sizes, text, model, budget and the rest"):
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

show_claim(choices, claim)
st.markdown(f"**What is right about it, and what is not.** {claim.nuance}")

st.subheader("All nine, as measured so far", anchor=False)
show_overview(choices, CLAIMS)
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Change one thing and run it again**: a longer text cannot be learnt by heart in this budget; a larger model has more memory that no batch size saves.
- **A claim can hold by the token and fail by the clock**, or the other way round. Ask “fast at what?”, “at equal what?”.
- **Three seeds are few.** “Not resolved” is a result: it says that more seeds, or a longer run, are needed before anyone may claim anything.
"""
    )
take_away(choices, "check_the_claims", batch_size=choices.claim_small, race=claim_race_of)
next_lesson("pages/summary.py", "What all lessons have measured, on one page: which batch size should you take?")
