"""Inside one training step: an update of the weights in five stages that can be walked."""

import streamlit as st

from core.lab.cluster import LabError
from core.lessons.inside_one_step.view import show_cost, show_gradients, show_positions, show_update
from core.lessons.inside_one_step.words import batch_sentence, forward_sentence, loss_sentence
from core.ui.batches import show_batch
from core.ui.glossary import explain
from core.ui.guess import Question
from core.ui.page import folded, next_lesson, open_page, show_answer, show_error
from core.ui.plots.step import show_tokens
from core.ui.settings import choose_device, choose_model
from core.ui.steps import current_step, show_code, walk_controls
from core.ui.take_away import take_away
from core.ui.texts import choose_text

FORWARD_HELP = "Each cell is an input token. The stronger its colour, the more probability its position gives to the token that really comes next."
LOSS_HELP = explain("loss", "nat", "ln V, uniform guess")
STAGE_NOTES = {
    "Batch": "**In:** the tokens of the text, the seed, the step number. **Out:** x and y, each (B, T), int64 (whole numbers in 8 bytes).",
    "Forward": "**In:** x, (B, T). **Out:** logits, (B, T, V), one number for every token that could come next, at every position. A softmax turns them into probabilities.",
    "Loss": "**In:** logits (B, T, V) and y (B, T). **Out:** B × T losses, and their mean, one number. Training needs one number to improve, so it takes the mean of all cells.",
    "Gradients": "**In:** the loss, one number. **Out:** for each of the weights, how the loss changes when that weight grows a little: the gradient. "
    "The backward pass goes through the model once for the whole batch. Here it is also done for each example by itself, to see what the mean is made of.",
    "Update": "**In:** the weights and their gradient. **Out:** new weights, of the same shapes. The gradient says where down is; the optimizer says how far to go. "
    "AdamW gives each weight a stride of about the learning rate; SGD steps in proportion to the gradient. Training continues with AdamW.",
}

choices = open_page(
    "What happens in one training step?",
    "Five stages, then the weights are a little better, and it starts again. Everything you see is computed from this model and this batch, "
    "at this step.",
    Question(
        "An update is made for one batch. What does it do to the loss of the next batch?",
        ("it falls as much", "it falls less", "it stays", "it rises"),
    ),
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
    shape, V = (choices.batch_size, choices.block_size), step.corpus.tokenizer.vocab_size
    match choices.stage:
        case "Batch":
            show_answer(batch_sentence(len(step.corpus.train_ids), shape, choices.seed, choices.step))
            show_batch(step.corpus, step.batch, key="step_batch")
        case "Forward":
            show_answer(forward_sentence(step.ask("predictions").losses, V))
            st.subheader("How likely is the right next token?", anchor=False, help=FORWARD_HELP)
            show_tokens(step, "probability", "step_forward")
        case "Loss":
            show_answer(loss_sentence(step.ask("predictions").loss, shape, V))
            st.subheader("The loss of every token", anchor=False, help=LOSS_HELP)
            show_tokens(step, "loss", "step_loss")
        case "Gradients":
            show_gradients(step)
        case "Update":
            show_update(step, choices)
    with st.expander("What goes in, and what comes out?"):
        st.markdown(STAGE_NOTES[choices.stage])
    show_code(choices)

    with folded("Why is y a whole sequence?", "step_positions") as shown:
        if shown:
            st.markdown(
                "One row of T tokens asks T questions: after each prefix, what comes next? Here we ask each of them alone."
            )
            show_positions(step, choices)
    with folded("What if we went one example at a time?", "step_cost") as shown:
        if shown:
            turns = "turn" if choices.batch_size == 1 else "turns"
            st.markdown(
                f"The batch could go through the model one example at a time, in {choices.batch_size:,} {turns}. Does the result differ, and what does it cost?"
            )
            show_cost(step)
except (ValueError, LabError) as error:
    show_error(error)
    st.stop()

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **The first loss is near ln V.** Before any training every token is about equally likely. Point at any cell at step 1, then at step 50.
- **One example and the mean.** At B = 1 the cosine is 1: there is nothing to average, and all its noise goes into the weights. Raise B and watch the mean grow shorter than its parts.
- **This batch and the next.** A step is made for one batch, and usually lowers that one's loss by more than the next one's. Not always: AdamW also continues where earlier steps went. Set the learning rate to 0.1, then to 1, and see when a step helps neither.
- **In one pass, or one by one:** the same numbers to six digits. The difference is time.
"""
    )
take_away(choices, "inside_one_step", step=choices.step)
next_lesson("pages/measure_the_noise.py", "How far the loss and the gradient of a batch are from the whole text's.")
