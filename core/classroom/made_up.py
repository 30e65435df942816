"""What a class and its members are called, and how they prove who they are: codes, names and secrets."""

import hashlib
import secrets

CODE_LENGTH = 5
CODE_LETTERS = "ABCDEFGHJKMNPRTUVWXY"  # none that is misread: I and L, O and Q, S and Z look like others or figures
MAX_NAME = 24  # characters
COLOURS = (
    "Amber", "Black", "Blue", "Bronze", "Copper", "Coral", "Crimson", "Golden", "Green", "Grey", "Indigo", "Ivory",
    "Orange", "Purple", "Red", "Rose", "Scarlet", "Silver", "Violet", "White", "Yellow",
)  # fmt: skip
BIRDS = (
    "bittern", "crane", "cuckoo", "dove", "eagle", "egret", "falcon", "finch", "goose", "gull", "hawk", "heron",
    "ibis", "jay", "kestrel", "kingfisher", "lark", "magpie", "nightingale", "oriole", "osprey", "owl", "pelican",
    "plover", "puffin", "quail", "raven", "robin", "sandpiper", "sparrow", "starling", "stork", "swallow", "swan",
    "swift", "tern", "thrush", "wagtail", "warbler", "woodpecker", "wren",
)  # fmt: skip


def new_code() -> str:
    """Five letters, of 3.2 million; a class is not found by trying them, for tries are counted (`tries.py`)."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def read_code(text: str) -> str:
    """A code as somebody types it; empty for what cannot be one.

    >>> read_code(" kmr-tx "), read_code("KMRT5"), read_code("kmr")
    ('KMRTX', '', '')
    """
    letters = "".join(c for c in text[:20].upper() if c.isalnum())
    return letters if len(letters) == CODE_LENGTH and set(letters) <= set(CODE_LETTERS) else ""


def new_secret() -> str:
    """What its owner alone knows, 128 random bits: of a teacher's link, and of a member's browser."""
    return secrets.token_urlsafe(16)


def hash_of(secret: str) -> str:
    """What is kept of it: who reads the database cannot open a desk with it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_name(taken: set[str]) -> str:
    """A name that nobody in the class has yet."""
    while True:
        name = f"{secrets.choice(COLOURS)} {secrets.choice(BIRDS)}"
        if name not in taken:
            return name
