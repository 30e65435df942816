"""One meaning, one colour, in the light and in the dark theme. Knows nothing of charts.

A batch size is coloured by its log2: warm and close to the background where it is small and noisy, cool and
far from it where it is large and calm. The order is one of lightness too, so that grey keeps it: L* (CIELAB) falls from
61 to 8 in the light theme, about 8 for each factor of 4, and rises from 42 to 95 in the dark one. The first ends there
because a thin line must keep 3:1 against the background: on white that is L* 61 at most, on the dark ground 42 at
least. What the light end cannot have, the far end gives, down to a navy that is nearly black.

A factor of 4 from 1 on (1, 4, 16 ...) is at least 25 apart in CIE76, and 15 for protanopia, deuteranopia and
tritanopia. A factor of 2 is not: 12 and 7, for one line of colours has no room for thirteen such steps. A chart that
may show both 8 and 16 therefore names its lines at their ends, or on an axis.
"""

import math
from dataclasses import dataclass
from typing import Literal

Theme = Literal["light", "dark"]

LARGEST_BATCH_SIZE = 4096


@dataclass(frozen=True, kw_only=True)
class Palette:
    background: str
    text: str
    theory: str
    """Theory lines, reference lines and their labels."""
    grid: str
    ghost: str
    """What stands behind for comparison."""
    x: str
    """The input tokens of a batch."""
    y: str
    """The target tokens of a batch."""
    part: str
    """One of many: an example, a token's loss, a step among the others."""
    whole: str
    """What the parts make: their sum or mean; or the one of them that is looked at."""
    orders: tuple[str, str, str]
    """The orders that windows can come in; each has a mark of its own too."""
    ramp: tuple[str, ...]
    """Colours of the batch sizes 1, 4, 16, ... 4096."""


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        background="#FFFFFF",
        text="#16202A",
        theory="#5A6673",
        grid="#E3E8ED",
        ghost="#AEBAC6",
        x="#0B6AA8",
        y="#A3520B",
        part="#2A8577",
        whole="#16202A",
        orders=("#6E8F00", "#7B35C9", "#12312A"),
        ramp=("#D48102", "#E44541", "#C32E66", "#8D3475", "#5A00B6", "#001F74", "#11182B"),
    ),
    "dark": Palette(
        background="#10161D",
        text="#EDF2F7",
        theory="#9DABB9",
        grid="#26313D",
        ghost="#566675",
        x="#7CC4F5",
        y="#E9A25B",
        part="#3C9A8A",
        whole="#EDF2F7",
        orders=("#B7B13A", "#8F6BD6", "#E4FBEF"),
        ramp=("#9A5029", "#CC521A", "#FD477F", "#ED7FB7", "#C4ADFE", "#BCD6FF", "#B1FEFF"),
    ),
}


def batch_size_color(batch_size: int, theme: Theme) -> str:
    """The colour of a batch size of 1 or more; all from 4096 on share one.

    >>> batch_size_color(4, "light")
    '#E44541'
    """
    if batch_size < 1:
        raise ValueError(f"A batch size is at least 1, not {batch_size}.")
    ramp = PALETTES[theme].ramp
    position = math.log2(min(batch_size, LARGEST_BATCH_SIZE)) / math.log2(LARGEST_BATCH_SIZE) * (len(ramp) - 1)
    lower = min(int(position), len(ramp) - 2)
    return _mix(ramp[lower], ramp[lower + 1], position - lower)


def batch_size_colors(batch_sizes: list[int], theme: Theme) -> list[str]:
    return [batch_size_color(batch_size, theme) for batch_size in batch_sizes]


def _mix(first: str, second: str, share: float) -> str:
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(a + share * (b - a)):02X}" for a, b in pairs)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
