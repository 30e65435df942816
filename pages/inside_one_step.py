"""Inside one training step: an update of the weights in five stages that can be walked."""

import streamlit as st

from core.lab.cluster import LabError
from core.lessons.inside_one_step.view import show_cost, show_gradients, show_positions, show_update
from core.ui.batches import show_batch
from core.ui.page import next_lesson, open_page, show_error
from core.ui.plots.step import show_tokens
from core.ui.settings import choose_device, choose_model
from core.ui.steps import current_step, show_code, walk_controls
from core.ui.take_away import take_away
from core.ui.texts import choose_text

choices = open_page(
    "What happens in one training step?",
    """Five stages, then the weights are a little better, and it begins again. Walk through them: everything shown is the model's and
the batch's own, at the step that you are at.""",
)

with st.container(horizontal=True, vertical_alignment="bottom"):
    choices.number("step", width=150)
    choices.number("batch_size", width=150)
    choices.number("block_size", width=150)
    choices.number("learning_rate", width=150)
    more = st.popover("Text, model and the rest")
with more:
    choose_text(choices)
    choose_model(choices)
    choices.number("seed", "Seed: of the first weights and of the windows")
    choices.number("sgd_rate")
    choose_device(choices)
walk_controls(choices)

try:
    step = current_step(choices)
    B, T, V = choices.batch_size, choices.block_size, step.corpus.tokenizer.vocab_size
    match choices.stage:
        case "Batch":
            st.markdown(
                f"""**In:** {len(step.corpus.train_ids):,} tokens of text, the seed {choices.seed}, the step {choices.step:,}. **Out:** x and y, each (B, T) = ({B}, {T}), int64.

Without a batch there is nothing to learn from. The seed and the step alone decide which {B} windows come: the same two give the same batch on any machine."""
            )
            show_batch(step.corpus, step.batch, key="step_batch")
        case "Forward":
            st.markdown(
                f"""**In:** x, (B, T) = ({B}, {T}). **Out:** logits, (B, T, V) = ({B}, {T}, {V}), one number for every token that could come next, at every position.

A softmax makes probabilities of them. Each cell is an input token; the stronger its colour, the more probability its position gives to the token that really comes next."""
            )
            show_tokens(step, "probability", "step_forward")
        case "Loss":
            st.markdown(
                f"""**In:** logits ({B}, {T}, {V}) and y ({B}, {T}). **Out:** {B} × {T} = {B * T:,} losses, and their mean, one number.

The loss is taken **token by token**: −ln of the probability that the right token got. Training needs one number to improve, so it takes the mean of all cells."""
            )
            loss = show_tokens(step, "loss", "step_loss")
            st.markdown(f"The loss of this step, as training takes it: **{loss:.4f}** nats per token.")
        case "Gradients":
            st.markdown(
                f"""**In:** the loss, one number. **Out:** for each of the weights, how the loss changes when that weight grows a little: the gradient.

Backward goes through the model once for the whole batch. Here it is also done {"for each example by itself" if B > 1 else "once more, for its only example"}, to see what the mean is made of."""
            )
            show_gradients(step)
        case "Update":
            st.markdown(
                """**In:** the weights and their gradient. **Out:** new weights, of the same shapes.

The gradient says where down is; the optimizer says how far to go. AdamW gives each weight a stride of about the learning rate; SGD steps in
proportion to the gradient. Training goes on with AdamW."""
            )
            show_update(step, choices)
    show_code(choices)

    st.subheader("Why is y a whole sequence?", anchor=False)
    st.markdown(
        "One row of T tokens asks T questions: after each prefix, what comes next? Here each of them is asked alone."
    )
    show_positions(step, choices)
    st.subheader("What would one by one cost?", anchor=False)
    st.markdown(
        f"The batch could go through the model one example at a time, in {B:,} {'turn' if B == 1 else 'turns'}. Does the result differ, and what does it cost?"
    )
    show_cost(step)
except (ValueError, LabError) as error:
    show_error(error)
    st.stop()

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **The first loss is near ln V.** Before any training every token is about equally likely. Point at any cell at step 1, then at step 50.
- **One example against the mean.** At B = 1 the cosine is 1: nothing to average, all its noise goes into the weights. Raise B and watch the mean grow shorter than its parts.
- **This batch and the next.** A step is made for one batch, and usually lowers that one's loss by more than the next one's. Not always: AdamW also goes on where earlier steps went. Set the learning rate to 0.1, then to 1, and see when a step helps neither.
- **In one go, or one by one:** the same numbers to six digits. The difference is time.
"""
    )
take_away(choices, "inside_one_step", step=choices.step)
next_lesson("pages/measure_the_noise.py", "How far the loss and the gradient of a batch lie from the whole text's.")
