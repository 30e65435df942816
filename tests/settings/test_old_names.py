"""Links that were made with former names open the same page."""

import pytest

from core.settings.declared import PREPARABLE, SETTINGS
from core.settings.old_names import OLD_NAMES
from core.settings.values import Settings

FORMER = {  # every name of the version 38da86b, a text that it took, and what that means today
    "text": ("mill", {"source": "mill"}),
    "tokenizer": ("bpe", {"tokenizer": "bpe"}),
    "T": ("16", {"block_size": 16}),
    "B": ("8", {"batch_size": 8}),
    "seed": ("7", {"seed": 7}),
    "order": ("shuffled", {"order": "shuffled"}),
    "batch": ("3", {"batch_number": 3}),
    "sizes": ("2,8", {"batch_sizes": (2, 8)}),
    "layers": ("1", {"n_layer": 1}),
    "heads": ("2", {"n_head": 2}),
    "channels": ("16", {"n_embd": 16}),
    "lr": ("0.01", {"learning_rate": 0.01}),
    "rule": ("sqrt", {"lr_rule": "sqrt"}),
    "seeds": ("2", {"num_seeds": 2}),
    "tokens": ("6000", {"max_tokens": 6000}),
    "device": ("cpu", {"device": "cpu"}),
    "x": ("seconds", {"axis": "seconds"}),
    "smooth": ("2000", {"smoothing_half_life": 2000}),
    "recorded": ("gpu", {"recorded_on": "gpu"}),
    "race": ("a-B_9", {"race": "a-B_9"}),
    "noise": ("a1", {"noise": "a1"}),
    "sweep": ("a2", {"sweep": "a2"}),
    "swept": ("2,8,32", {"sweep_sizes": (2, 8, 32)}),
    "each": ("4000", {"sweep_tokens": 4000}),
    "rates": ("0.001,0.01", {"sweep_rates": (0.001, 0.01)}),
    "beta2": ("half-life", {"beta2_rule": "half-life"}),
    "target": ("2.35", {"target": 2.35}),
    "steps": ("0,7", {"noise_steps": (0, 7)}),
    "drawn": ("1,4,16", {"noise_sizes": (1, 4, 16)}),
    "batches": ("20", {"num_batches": 20}),
    "trained": ("4", {"train_batch_size": 4}),
    "at": ("150", {"noise_at_step": 150}),
    "claim": ("noisy", {"claim": "noisy"}),
    "claim_race": ("b1", {"claim_race": "b1"}),
    "claim_cost": ("b2", {"claim_cost": "b2"}),
    "claim_sweep": ("b3", {"claim_sweep": "b3"}),
    "claim_noise": ("b4", {"claim_noise": "b4"}),
    "small": ("8", {"claim_small": 8}),
    "medium": ("64", {"claim_medium": 64}),
    "large": ("1024", {"claim_large": 1024}),
    "model": ("small", {"claim_model": "small"}),
    "claim_tokens": ("30000", {"claim_tokens": 30000}),
    "claim_rates": ("0.001,0.002", {"claim_rates": (0.001, 0.002)}),
    "excerpt": ("0", {"excerpt": 0}),
    "micro": ("2", {"micro_batch_size": 2}),
    "parts": ("4", {"accumulation_steps": 4}),
    "targets": ("uneven", {"targets": "uneven"}),
    "mistake": ("step-each", {"accumulation_mistake": "step-each"}),
    "splits": ("c1", {"splits": "c1"}),
    "parallel": ("c2", {"parallel": "c2"}),
    "ranks": ("3", {"num_ranks": 3}),
    "rank_micro": ("2", {"rank_micro_batch": 2}),
    "rank_parts": ("1", {"rank_accumulation": 1}),
    "rank_steps": ("5", {"rank_steps": 5}),
    "rank_mistake": ("same-seed", {"rank_mistake": "same-seed"}),
    "port": ("8000", {"port": 8000}),
    "billions": ("70", {"billion_parameters": 70.0}),
    "gb": ("40", {"device_gb": 40.0}),
    "tensor": ("8", {"tensor_parts": 8}),
    "stages": ("2", {"pipeline_stages": 2}),
    "in_pipe": ("12", {"pipeline_batches": 12}),
    "orders": ("d1", {"orders": "d1"}),
    "drawn_examples": ("50", {"order_examples": 50}),
    "order_B": ("4", {"order_batch_size": 4}),
    "order_model": ("small", {"order_model": "small"}),
    "order_tokens": ("16000", {"order_tokens": 16000}),
    "order_seeds": ("2", {"order_seeds": 2}),
    "speed": ("d2", {"speed": "d2"}),
    "bound": ("32", {"max_batch_size": 32}),
    "memory": ("2", {"budget_mb": 2}),
    "documents": ("four", {"documents": "four"}),
    "row": ("16", {"row_length": 16}),
    "way": ("pad", {"packing_strategy": "pad"}),
    "packing_way": ("pad", {"packing_strategy": "pad"}),
    "packing_model": ("small", {"packing_model": "small"}),
    "packed_row": ("1", {"packed_row": 1}),
    "attention": ("whole row", {"attention": "whole row"}),
    "look": ("4.0.312", {"chosen_loss": (4, 0, 312)}),
    "step": ("9", {"step": 9}),
    "stage": ("Gradients", {"stage": "Gradients"}),
    "pace": ("4", {"pace": 4}),
    "sgd": ("0.5", {"sgd_rate": 0.5}),
}


@pytest.mark.parametrize("name", FORMER)
def test_a_former_link_opens_the_same_page_without_a_note(name):
    text, values = FORMER[name]
    settings, notes = Settings.from_url({name: text})
    assert notes == [] and settings == Settings(**values) != Settings()
    assert settings.to_url() == {OLD_NAMES.get(name, name): text if name not in ("billions", "gb") else f"{text}.0"}


def test_all_former_names_together_open_the_same_page():
    settings, notes = Settings.from_url({name: text for name, (text, _) in FORMER.items()})
    wanted = {name: value for _, values in FORMER.values() for name, value in values.items()}
    assert notes == [] and settings == Settings(**wanted)


def test_every_name_that_changed_is_in_the_table_and_none_has_a_new_meaning():
    present = {setting.url_name for setting in SETTINGS.values()}
    assert {name for name in FORMER if name not in present} == set(OLD_NAMES)
    assert set(OLD_NAMES.values()) <= present


def test_where_both_are_given_the_present_name_counts():
    for params in ({"sizes": "2,8", "batch_sizes": "4"}, {"batch_sizes": "4", "sizes": "2,8"}):
        assert Settings.from_url(params) == (Settings(batch_sizes=(4,)), [])


@pytest.mark.parametrize("what", ["lock", "hide"])
def test_a_former_name_may_be_locked_and_hidden(what):
    for former, url_name in OLD_NAMES.items():
        if url_name in PREPARABLE:
            assert Settings.from_url({what: former}) == (Settings(**{what: (PREPARABLE[url_name],)}), [])


def test_a_note_names_what_the_address_says():
    settings, (note,) = Settings.from_url({"sizes": "4,x"})
    assert settings == Settings()
    assert note == "The address's “sizes” could not be used (“x” is not a whole number); the default is used."
