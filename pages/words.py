"""Words: what the terms on these pages mean, each in a sentence or two."""

import streamlit as st

from core.ui.page import open_page

WORDS = {
    "The text and the batch": {
        "token": "A piece of the text that the model reads as one: a character, a byte, or with BPE a group of letters that often stand together. It has a number, its *id*.",
        "vocabulary, V": "All tokens that there are; V is how many.",
        "window": "T tokens that stand next to each other in the text, and one more as the last thing to predict. One window is one *example*.",
        "block size, T": "How many tokens a window shows the model.",
        "batch, batch size B": "The windows that the model sees before it changes its weights once; B is how many.",
        "x and y": "x is what the model reads, (B, T) ids. y holds the right answers, the same windows one token on.",
        "epoch": "As many windows as the text can be cut into, side by side: enough to read it once.",
        "training part, validation part": "The model learns from the first, most of the text. The second is kept back, so that its loss tells what the model does on text that it has never seen.",
    },
    "The model": {
        "weights, parameters": "The numbers that training changes. All else in a model is computed from them and from x.",
        "layer, head, channels C": "A layer looks back over the window (attention, in several *heads*), then works on each position by itself (the MLP). Between layers a position is a row of C numbers.",
        "wte, wpe, lm_head, ln": "Names from nanoGPT, another small GPT: the table of tokens, the table of positions, the last step from numbers to tokens, and layer norms, which bring a row of numbers to a usual size.",
        "logits, softmax": "A logit is a score for each token that could come next. Softmax makes probabilities of scores.",
        "activations": "All that is computed on the way from x to the loss and kept, because backward needs it. They grow with B × T; weights do not.",
        "float32, bfloat16": "How a number is stored: in 4 bytes, with about 7 digits, or in 2 bytes, with about 3.",
    },
    "Training": {
        "loss": "How surprised the model is by the right token: −ln of the probability that it gave to it, here the mean over many tokens. 0 would be: certain, and right.",
        "nat": "The unit of that loss. One nat less: the right token gets e ≈ 2.7 times the probability.",
        "ln V, uniform guess": "The loss of one who knows nothing and gives every token the same probability, 1 / V. Training starts near it.",
        "gradient": "For each weight, how the loss changes when that weight grows a little. It points uphill, so the step goes the other way.",
        "step, update": "One batch, one gradient, one change of all weights.",
        "learning rate": "How far a step goes.",
        "SGD, AdamW": "Two ways to make a step of a gradient. SGD goes in proportion to it. AdamW gives every weight a stride of about the learning rate, from averages over earlier gradients; β₁ and β₂ say how far back they reach.",
        "clipping": "A gradient longer than a bound is cut to that length, so that one strange batch cannot throw the weights far.",
        "seed": "The number that all chance begins from. The same seed gives the same first weights and the same windows.",
        "overfitting": "The model learns its text by heart: the training loss still falls, the validation loss rises.",
        "diverged": "The loss grew far beyond a uniform guess, as it does when the learning rate is too large.",
    },
    "Noise, and what can be told": {
        "noise, spread σ": "How far the losses (or gradients) of different batches lie from each other: the standard deviation, taken at weights that are held still, or from a curve, as what jumps from step to step.",
        "95% interval": "Made in a way that holds the truth 95 times in 100. A *t interval* comes from how much a few runs differ, a *bootstrap* from drawing the same measurements again and again.",
        "resolved, not resolved": "Whether the interval lies on one side of what it is held against. “Not resolved” means that these runs cannot tell, not that there is no difference.",
        "paired": "Runs with the same seed share first weights, and at different batch sizes the examples too. So they are compared with each other first: what the seed brings to both cancels.",
        "geometric mean": "The mean for things that are compared by how many times one is the other.",
        "half-life of smoothing": "In a smoothed curve, the number of tokens after which a loss counts half.",
        "cosine": "Whether two gradients point the same way: 1, the same; 0, at right angles; −1, opposite.",
        "|G|², tr Σ": "The squared length of the whole text's gradient; and how far single examples' gradients scatter around it, squared and added up over all weights.",
        "noise scale": "tr Σ / |G|²: the batch size at which the noise is as long as the gradient itself. A guess at a good batch size, not the answer.",
        "design effect": "How many times as much the mean of a window varies as that of as many tokens from anywhere would: tokens of one window are not independent.",
        "S_min, E_min": "From the runs of a sweep: the steps below which no batch size gets, and the windows below which none gets, on the way to the same loss.",
    },
    "The machine": {
        "micro-batch, accumulation": "A batch that does not fit into memory goes through the model in parts, and their gradients are added up.",
        "rank": "One of several processes that train together, each on its part of the batch.",
        "padding, packing": "Rows of documents are filled up with nothing, or with other documents.",
        "knee": "The batch size at which the fixed part of a step's time and the part that grows with B are equal.",
        "MKL, oneDNN": "Two libraries that multiply matrices on a processor. Torch can call either.",
        "tensor, shape": "A table of numbers with any number of sizes; its shape lists them, (B, T, C) say.",
    },
}  # fmt: skip

open_page(
    "What do the words mean?",
    "The terms on these pages, each in a sentence or two, in the order in which the lessons need them. Your browser's search finds one.",
)
for title, words in WORDS.items():
    st.subheader(title, anchor=False)
    st.markdown("\n".join(f"- **{word}**: {meaning}" for word, meaning in words.items()))
