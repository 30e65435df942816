"""The words of the check: each question with its options, and what is said to whoever chooses one. Which of them is
right stands nowhere here: a measurement decides, so each option has words for either case."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    text: str
    if_right: str  # why it is, where the measurement says so
    if_wrong: str


@dataclass(frozen=True)
class Text:
    ask: str
    options: dict[str, Option]  # by the name that a judge gives


TEXTS = {
    "tokens": Text(
        "A batch has {windows} windows of T = {block} tokens. How many predictions does one step ask for?",
        {
            "windows": Option(
                "{windows}: one for each window",
                "In this run each window had one target only.",
                "A window does not ask for one prediction. Each of its positions has a next token to guess.",
            ),
            "block": Option(
                "{block}: one for each position",
                "In this run the batch had as many targets as a window has positions.",
                "That is one window. A step takes all windows of the batch.",
            ),
            "product": Option(
                "{product}: B × T",
                "Every position of every window predicts its next token. The loss of the step is the mean of B × T "
                "losses.",
                "In this run fewer tokens were targets than B × T.",
            ),
        },
    ),
    "noise": Text(
        "The weights stand still, and you take four times the batch. What becomes of the noise of its loss?",
        {
            "quarter": Option(
                "It falls to a quarter",
                "Here it fell as 1/B, faster than a mean of independent windows does.",
                "A quarter would be 1/B. In a mean, errors cancel in part only: its spread falls as 1/√B.",
            ),
            "half": Option(
                "It falls to a half",
                "The spread of a mean of B independent windows falls as 1/√B, and √4 = 2.",
                "A half would be 1/√B, as for independent windows. The interval does not hold it here.",
            ),
            "same": Option(
                "It stays the same",
                "Here more windows averaged out nothing.",
                "More windows average out more of their chance. So the mean over them scatters less.",
            ),
        },
    ),
    "updates": Text(
        "Two runs read the same number of tokens, one with B = {small}, one with B = {large}. How many updates does "
        "the larger one make?",
        {
            "same": Option(
                "As many as the smaller one",
                "Here both made as many.",
                "Then it would read {times} times as many tokens: each of its updates takes a larger batch.",
            ),
            "more": Option(
                "{times} times as many",
                "Here it made more.",
                "It is the other way round. A larger batch uses up the tokens in fewer updates.",
            ),
            "fewer": Option(
                "1/{times} as many",
                "An update takes B × T tokens. With the tokens given, updates go as 1/B.",
                "That would follow from B × T tokens an update. This run did not show it.",
            ),
        },
    ),
    "memory": Text(
        "Which of these takes more memory when the batch grows?",
        {
            "weights": Option(
                "The weights",
                "Here the weights grew.",
                "The model is the same at every batch size, and so are its weights.",
            ),
            "optimizer": Option(
                "The two averages that AdamW keeps",
                "Here AdamW's averages grew.",
                "AdamW keeps two numbers for each weight. It does not know how many windows the gradient came from.",
            ),
            "activations": Option(
                "The activations",
                "Forward leaves them behind for backward, for each window anew. So they grow with B.",
                "Here the activations did not grow.",
            ),
        },
    ),
    "accumulation": Text(
        "A batch of {size} is taken in micro-batches, and each gradient counts by its share of the targets. What is "
        "the sum?",
        {
            "same": Option(
                "The gradient of the whole batch, but for rounding",
                "The gradient of a mean is the mean of the gradients. It does not matter in which parts you add.",
                "It should be. Here the sum lay further away than rounding can take it.",
            ),
            "noisier": Option(
                "A noisier gradient, like that of a small batch",
                "Here the sum did differ from the gradient of one go.",
                "Each part is noisier. Their sum is not, for all windows are in it before the weights change.",
            ),
            "longer": Option(
                "A gradient that is as many times too long as there are parts",
                "Here the parts were added up undivided.",
                "That happens when each part's mean is added up undivided. Here each counts by its share.",
            ),
        },
    ),
    "ranks": Text(
        "{ranks} processes share a batch of {windows} windows, {each} each. They average their gradients, then each "
        "updates its own copy of the weights. How does their gradient compare with that of one process that takes the "
        "whole batch?",
        {
            "same": Option(
                "It is the same, but for rounding",
                "The mean over the batch is the mean of its parts' means. All step by the same gradient, so their "
                "copies stay equal too.",
                "It should be. Here the two lay further apart than rounding can take them.",
            ),
            "noisier": Option(
                "It is as noisy as that of {each} windows",
                "Here the average did differ from the gradient of the whole batch.",
                "Each process's own gradient is. The average has all {windows} windows in it, before any copy changes.",
            ),
            "longer": Option(
                "It is {ranks} times as long, one gradient from each process",
                "Here the gradients were added up and not divided.",
                "That happens when they are added up and not divided by the number of processes.",
            ),
        },
    ),
    "order": Text(
        "The same text and as many tokens, but the windows come front to back instead of shuffled. What becomes of the "
        "validation loss?",
        {
            "higher": Option(
                "It is higher",
                "Neighbouring windows are alike, so a batch says less of the whole text. The model follows the text "
                "from subject to subject.",
                "That is a good guess: neighbouring windows are alike. These runs say otherwise.",
            ),
            "lower": Option(
                "It is lower",
                "Here reading front to back helped.",
                "A reader gains from reading in order. This model begins each window anew and has seen nothing before "
                "it.",
            ),
            "same": Option(
                "About the same: it reads the same tokens",
                "Here the order made no difference that matters.",
                "The tokens are the same, the gradients are not: each step sees a few neighbouring places only.",
            ),
        },
    ),
    "padding": Text(
        "Documents of {shortest} to {longest} tokens fill the rows of a batch. Which way leaves more of it empty?",
        {
            "padded": Option(
                "One document a row, filled up with padding",
                "A row is as long as the longest document allows, and a short document leaves the rest of it empty.",
                "Here one document a row leaves no more empty than packing does.",
            ),
            "packed": Option(
                "Several documents in a row, packed",
                "Here packed rows leave more empty: their row is longer than these documents fill.",
                "Packing puts short documents where padding would stand. Only what no document fits stays empty.",
            ),
            "same": Option(
                "Both the same: the documents are the same",
                "Here both leave as much empty.",
                "The tokens are the same, the rows are not. Padding adds slots that hold no token.",
            ),
        },
    ),
    "better": Text(
        "All runs have read the same number of tokens. Has the largest batch, B = {large}, the lowest validation loss?",
        {
            "yes": Option(
                "Yes: its gradients are the most exact",
                "Here it has. Its updates were enough, and each was more exact.",
                "Each of its gradients is more exact, but it makes fewer updates. A smooth curve is not a low one.",
            ),
            "no": Option(
                "No: another batch size has a lower one",
                "At equal tokens the largest batch makes the fewest updates. Here that cost more than its steadier "
                "gradient gained.",
                "It makes the fewest updates, so it may well be behind. These runs say otherwise.",
            ),
            "same": Option(
                "All have the same: they read the same tokens",
                "Here no difference that matters was left.",
                "What counts is what was made of the tokens: how many updates, and how noisy each one.",
            ),
        },
    ),
}
