"""What a page says, and its details unfolded, in Streamlit's own test; and how a race begins that a page is shown."""

from streamlit.testing.v1 import AppTest

STARTED = {
    "kind": "started",
    "device": "cpu",
    "vocab_size": 60,
    "num_parameters": 9,
    "train_tokens": 9,
    "val_tokens": 9,
}


def text_of(test: AppTest) -> str:
    """Where a line may break does not matter here."""
    return " ".join(part.value for part in test.markdown).replace("\u00a0", " ")


def unfold(test: AppTest, *names: str) -> AppTest:
    """With these details unfolded, as `core.ui.page.folded` names them."""
    for name in names:
        test.session_state[f"fold_{name}"] = True
    return test.run()
