"""Distribute the batch: several processes, each with a part of every batch."""

import streamlit as st

from core.experiments.parallel.offers import parallel_of
from core.lessons.distribute_the_batch.view import draw_parallel, show_model_parallel
from core.ui.experiment import experiment
from core.ui.page import next_lesson, open_page
from core.ui.settings import choose_device, choose_model
from core.ui.take_away import take_away
from core.ui.texts import choose_text

choices = open_page(
    "How do several processes share one batch?",
    """Each process, a **rank**, has a copy of the model and takes its own rows of the batch. Then all average their gradients, and each makes the same
update. Here they are real processes, started as on a cluster, and what they get is held against one process that takes the whole batch.""",
)

with st.container(horizontal=True, vertical_alignment="bottom"):
    choices.number("num_ranks", width=135)
    choices.number("rank_micro_batch", width=130)
    choices.number("rank_accumulation", width=130)
    choices.select("targets", width=225)
    choices.select("rank_mistake", width=300)
    more = st.popover("More")
with more:
    choose_text(choices)
    choices.number("block_size")
    choose_model(choices)
    choices.number("rank_steps")
    choices.number("seed", "Seed: of the first weights and of the windows")
    choices.number("port")
    choose_device(choices)
W, m, K = choices.num_ranks, choices.rank_micro_batch, choices.rank_accumulation
st.markdown(
    f"**Global batch = micro-batch × accumulation × ranks = {m} × {K} × {W} = {m * K * W:,} windows** for each update."
)

experiment(choices, "parallel", "Start the ranks").show(draw_parallel)

st.subheader("And when the model itself does not fit?", anchor=False)
st.markdown(
    """Data parallel splits the batch, never the model. Two other ways split the model, and are computed here, not run. **Tensor parallel** cuts each layer's
matrices: every device does a part of every multiplication, and they exchange activations in each layer, so it stays within one machine. **Pipeline parallel**
gives each device some of the layers: activations pass from one to the next, and micro-batches follow each other like cars on a line. Sharded data parallel
(ZeRO, FSDP) keeps the layers whole but spreads what AdamW remembers over the ranks."""
)
show_model_parallel(choices)

st.subheader("What people ask", anchor=False)
st.markdown(
    """
- **Do I get the same result as on one device?** The same gradient, up to rounding: see the first number above. It is the batch size that has changed, and with it perhaps the learning rate that fits.
- **Why is my loss W times too small, or the gradient?** Because DistributedDataParallel *averages* over the ranks. A rank's loss must be W × (the sum of its token losses) / (all target tokens of all ranks).
- **Are W ranks W times as fast?** Only if each has a device of its own, and as far as computing takes longer than the exchange. Ranks that share a processor share its speed.
- **Over several machines?** The same code: `torchrun --nnodes=2 … -m core distribute`, see the README.
"""
)
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Each rank's own gradient** is noisier than the average: its cosine with the whole is below 1, and falls with smaller parts.
- **More accumulation, same ranks**: the exchange stays as long, the computing grows. Watch the share.
- **Uneven targets and “the mean over its own targets”**: off by some per cent, with no error message. That is how this mistake lives for years.
"""
    )
take_away(choices, "distribute_the_batch", batch_size=m * K * W, own=parallel_of)
next_lesson("pages/pack_documents.py", "What fills a batch when documents are not equally long.")
