"""Names that settings had in a URL before. Links with them were shared, and still open the same page."""

OLD_NAMES = {  # former -> present
    "text": "source",
    "layers": "n_layer",
    "heads": "n_head",
    "channels": "n_embd",
    "batch": "batch_number",
    "rule": "lr_rule",
    "sizes": "batch_sizes",
    "seeds": "num_seeds",
    "tokens": "max_tokens",
    "x": "axis",
    "smooth": "smoothing_half_life",
    "recorded": "recorded_on",
    "look": "chosen_loss",
    "sgd": "sgd_rate",
    "steps": "noise_steps",
    "drawn": "noise_sizes",
    "batches": "num_batches",
    "trained": "train_batch_size",
    "at": "noise_at_step",
    "swept": "sweep_sizes",
    "rates": "sweep_rates",
    "each": "sweep_tokens",
    "beta2": "beta2_rule",
    "bound": "max_batch_size",
    "memory": "budget_mb",
    "small": "claim_small",
    "medium": "claim_medium",
    "large": "claim_large",
    "model": "claim_model",
    "drawn_examples": "order_examples",
    "order_B": "order_batch_size",
    "micro": "micro_batch_size",
    "parts": "accumulation_steps",
    "mistake": "accumulation_mistake",
    "ranks": "num_ranks",
    "rank_micro": "rank_micro_batch",
    "rank_parts": "rank_accumulation",
    "billions": "billion_parameters",
    "gb": "device_gb",
    "tensor": "tensor_parts",
    "stages": "pipeline_stages",
    "in_pipe": "pipeline_batches",
    "row": "row_length",
    "way": "packing_strategy",
    "packing_way": "packing_strategy",
}


def present(params: dict[str, str]) -> dict[str, tuple[str, str]]:
    """What a URL says, by present name: the name that it uses, and the text. A present name counts before a former one.

    >>> present({"sizes": "4,8", "lr": "0.1"})
    {'batch_sizes': ('sizes', '4,8'), 'lr': ('lr', '0.1')}
    """
    former = {OLD_NAMES[name]: (name, text) for name, text in params.items() if name in OLD_NAMES}
    return former | {name: (name, text) for name, text in params.items() if name not in OLD_NAMES}
