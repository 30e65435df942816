"""Links of prepared pages, and what becomes of them on their way: cut off, garbled, or made to do harm."""

import random
from urllib.parse import parse_qs, quote, urlencode

from core.settings.declared import PREPARABLE, SETTINGS

LINKS = (
    {"lock": "lr,T,batch_sizes", "hide": "seed", "guess_first": "1", "note": "Look at the smallest batch first."},
    {"lock": ",".join(PREPARABLE), "B": "16", "T": "8", "note": "As it is."},
    {"hide": ",".join(PREPARABLE), "present": "1", "source": "mill", "tokenizer": "bpe"},
    {"guess_first": "1", "note": "Wie viele? 多少? 🙂", "order": "shuffled", "batch_sizes": "4,16"},
    {"lock": "B", "sizes": "2,8", "text": "bees", "race": "a-B_9", "class_code": "KMRTX", "class_role": "board"},
)
GARBAGE = (
    "%", "%zz", "%00", "%ff%fe", "%0d%0a", "%1b[31m", "&", "&&=", "=", "#", "+", ";", "%u0041", "\x00", "\u202e",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</style><style>*{display:none}</style>",
    "**b** [a](http://x.example) ![i](http://x.example/i.png)", "http://x.example www.x.example a@x.example",
    "$x^2$ :red[r] :material/home: `c`", "# h\n- l", "javascript:alert(1)", "{{7*7}} ${7*7} %(x)s {0}",
    "'; drop table experiments; --", "../../etc/passwd", "Z" + 50 * "\u0351", "9" * 400, "-1", "nan", "1e999",
)  # fmt: skip


def mutated_links(count: int, seed: int = 0) -> list[dict[str, str]]:
    """The parameters of so many, always the same, as Streamlit reads them."""
    chance = random.Random(seed)
    return [read(mutated(urlencode(chance.choice(LINKS)), chance)) for _ in range(count)]


def read(query: str) -> dict[str, str]:
    return {name: texts[-1] for name, texts in parse_qs(query, keep_blank_values=True).items()}


def mutated(query: str, chance: random.Random) -> str:
    """With one to four changes."""
    for _ in range(chance.randint(1, 4)):
        at, name = chance.randrange(len(query) + 1), chance.choice(list(SETTINGS))
        garbage = chance.choice(GARBAGE)
        query = chance.choice(
            (
                query[:at],
                query[:at] + garbage + query[at:],
                query[:at] + quote(garbage) + query[at:],
                query[:at] + query[at + chance.randint(1, 9) :],
                f"{query}&{name}={quote(garbage)}",
                f"{query}&note={quote(garbage * chance.choice((1, 40, 2_000)))}",
                f"{query}&lock={quote(','.join([garbage, name] * chance.choice((1, 3_000))))}",
                f"{query}&{query}",
            )
        )
    return query
