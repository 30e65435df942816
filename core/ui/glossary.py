"""What the terms mean, each in a sentence or two: for the glossary, and for the places where they stand."""

WORDS = {  # by subject
    "The text and the batch": {
        "token": "A piece of the text that the model reads as a unit: a character, a byte, or with BPE a group of letters that often occur together. Its number is its *id*.",
        "vocabulary, V": "The set of all different tokens; V is its size.",
        "window": "T consecutive tokens of the text, and one more as the last target. One window is one *example*.",
        "block size, T": "The number of tokens that a window shows the model.",
        "batch, batch size B": "The windows that the model sees before it changes its weights once; B is their number.",
        "x and y": "x is what the model reads, (B, T) ids. y contains the right answers: the same windows, shifted by one token.",
        "epoch": "The number of windows that the text can be cut into without overlap: enough to read it once.",
        "training part, validation part": "The model learns from the first, most of the text. The second is kept back: its loss shows what the model does on text that it has never seen.",
    },
    "The model": {
        "weights, parameters": "The numbers that training changes. Everything else in a model is computed from them and from x.",
        "layer, head, channels C": "A layer looks back over the window (attention, in several *heads*), then works on each position by itself (the MLP). Between layers a position is a row of C numbers.",
        "wte, wpe, lm_head, ln": "Names from nanoGPT, another small GPT: the table of tokens, the table of positions, the last step from numbers to tokens, and layer norms, which scale a row of numbers to a standard size.",
        "logits, softmax": "A logit is a score for each token that could come next. Softmax makes probabilities of scores.",
        "activations": "Everything that is computed between x and the loss and kept for the backward pass. Activations grow with B × T; weights do not.",
        "float32, bfloat16": "How a number is stored: in 4 bytes, with about 7 digits, or in 2 bytes, with about 3. *int64*: a whole number in 8 bytes.",
    },
    "Training": {
        "loss": "How surprised the model is by the right token: −ln of the probability that it gave to that token, here the mean over many tokens. A loss of 0 means certain and right.",
        "nat": "The unit of that loss. One nat less: the right token gets e ≈ 2.7 times the probability.",
        "ln V, uniform guess": "The loss of a model that knows nothing and gives every token the same probability, 1 / V. Training starts near it.",
        "gradient": "For each weight, how the loss changes when that weight grows a little. It points uphill, so the step goes the other way.",
        "step, update": "One batch, one gradient, one change of all weights.",
        "learning rate": "How far a step goes.",
        "SGD, AdamW": "Two ways to make a step from a gradient. SGD steps in proportion to it. AdamW gives every weight a stride of about the learning rate, from averages over earlier gradients; β₁ and β₂ say how far back they reach.",
        "clipping": "A gradient longer than a bound is shortened to that bound, so that one unusual batch cannot move the weights far.",
        "seed": "The number that all chance starts from. The same seed gives the same first weights and the same windows.",
        "overfitting": "The model memorises its text: the training loss still falls, the validation loss rises.",
        "diverged": "The loss grew far beyond a uniform guess, as it does when the learning rate is too large.",
    },
    "Noise and uncertainty": {
        "noise, spread σ": "How much the losses (or gradients) of different batches vary: their standard deviation, measured at frozen weights, or from a curve, as its jumps from step to step.",
        "95% interval": "Made by a method whose intervals contain the truth 95 times in 100. A *t interval* comes from how much a few runs differ, a *bootstrap* from resampling the same measurements many times.",
        "resolved, not resolved": "Whether the interval excludes the value it is compared with. “Not resolved” means too close to call with these runs, not that there is no difference.",
        "paired": "Runs with the same seed share first weights, and at different batch sizes the examples too. So each pair is compared first: what the seed adds to both cancels.",
        "geometric mean": "The mean for values that are compared by their ratio: the exponential of the mean logarithm.",
        "half-life of smoothing": "In a smoothed curve, the number of tokens after which a loss counts half as much.",
        "cosine": "Whether two gradients point the same way: 1, the same; 0, at right angles; −1, opposite.",
        "|G|², tr Σ": "The squared length of the whole text's gradient; and how far single examples' gradients scatter around it, squared and added up over all weights.",
        "noise scale": "tr Σ / |G|²: the batch size at which the noise is as long as the gradient itself. A guess at a good batch size, not the answer.",
        "design effect": "The variance of a window's mean loss, divided by that of the same number of independent tokens: tokens of one window are not independent.",
        "S_min, E_min": "Estimated from the runs of a sweep: no batch size reaches the same loss in fewer steps than S_min, or with fewer windows than E_min.",
    },
    "The machine": {
        "micro-batch, accumulation": "A batch that does not fit into memory goes through the model in parts, and their gradients are added up.",
        "rank": "One of several processes that train together, each on its part of the batch.",
        "padding, packing": "Rows of documents are filled up with empty slots, or with other documents.",
        "knee": "The batch size at which the fixed part of a step's time and the part that grows with B are equal.",
        "MKL, oneDNN": "Two libraries that multiply matrices on a processor. Torch can call either.",
        "tensor, shape": "A table of numbers with any number of dimensions; its shape lists their sizes, for example (B, T, C).",
    },
}  # fmt: skip


def explain(*terms: str, here: str = "") -> str:
    """The help of a place where these terms stand: what is to be said of the place, then the terms as the glossary
    explains them, with the way there."""
    known = {term: meaning for words in WORDS.values() for term, meaning in words.items()}
    meanings = [f"**{term}**: {known[term]}" for term in terms]
    return "\n\n".join([*filter(None, [here]), *meanings, "More terms: [Glossary](words)"])


T_INTERVAL = explain("95% interval")
