"""Distribute the batch: several processes, each with a part of every batch."""

import streamlit as st

from core.experiments.parallel.offers import parallel_of
from core.lessons.distribute_the_batch.view import choose_ranks, choose_rest, draw_parallel, show_model_parallel
from core.ui.experiment import experiment
from core.ui.guess import Question
from core.ui.page import folded, next_lesson, open_page
from core.ui.take_away import take_away

choices = open_page(
    "How do several processes share one batch?",
    """Each process, a **rank**, has a copy of the model and takes its own rows of the batch. Then all average their gradients, and each makes
the same update. These are real processes, started as on a cluster.""",
    Question("What share of a step's time goes into waiting and exchange?", unit="percent"),
)

ranks = experiment(choices, "parallel", "Start the ranks", main=choose_ranks, more=choose_rest)
W, m, K = choices.num_ranks, choices.rank_micro_batch, choices.rank_accumulation
ranks.show(draw_parallel)
st.markdown(
    f"**Global batch = micro-batch × accumulation × ranks = {m} × {K} × {W} = {m * K * W:,} windows** for each update, with your settings."
)

st.subheader("And when the model itself does not fit?", anchor=False)
st.markdown(
    "Data parallel splits the batch, never the model. Tensor and pipeline parallel split the model; both are computed here, not run."
)
show_model_parallel(choices)
with st.expander("Tensor parallel, pipeline parallel, sharded data parallel"):
    st.markdown(
        """
- **Tensor parallel** splits each layer's matrices. Every device does a part of every multiplication, and they exchange activations in each layer, so it stays within one machine.
- **Pipeline parallel** gives each device some of the layers. Activations pass from one to the next, and micro-batches follow each other like cars on a line.
- **Sharded data parallel** (ZeRO, FSDP) keeps the layers whole but spreads AdamW's averages over the ranks.
"""
    )
with folded("What people ask", "parallel_questions") as shown:
    if shown:
        st.markdown(
            """
- **Do I get the same result as on one device?** The same gradient, up to rounding: see the answer above. The batch size has changed, and with it perhaps the learning rate that fits.
- **Why is my loss, or my gradient, W times too small?** DistributedDataParallel *averages* over the ranks. A rank's loss must be W × (the sum of its token losses) / (all target tokens of all ranks).
- **Are W ranks W times as fast?** Only if each has its own device, and only while computing takes longer than the exchange. Ranks that share a processor share its speed.
- **Over several machines?** The same code: `torchrun --nnodes=2 … -m core distribute`, see the README.
"""
        )
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Each rank's own gradient** is noisier than the average: its cosine with the whole is below 1, and falls with smaller parts.
- **More accumulation, same ranks**: the exchange stays as long, the computing grows. Watch the share.
- **Uneven targets and “the mean over its own targets”**: off by some per cent, with no error message. So this mistake can stay for years.
"""
    )
take_away(choices, "distribute_the_batch", batch_size=m * K * W, own=parallel_of)
next_lesson("pages/pack_documents.py", "What fills a batch when documents are not equally long.")
