"""The colours, by formulas that are written here.

Contrast by WCAG 2.2. Colour-blindness by the matrices that Machado, Oliveira and Fernandes (2009, "A
Physiologically-based Model for Simulation of Color Vision Deficiency") publish for severity 1.0, applied to linear
RGB. Lightness L* and distance (Delta E 1976, the straight line) in CIE Lab, by way of IEC 61966-2-1 (sRGB) and D65.
"""

import itertools

import numpy as np
import pytest

from core.charts.palette import PALETTES, batch_size_color

THEMES = ("light", "dark")
FINE_BATCH_SIZES = sorted({round(2 ** (k / 8)) for k in range(12 * 8 + 1)})
SIMULATION = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
POWERS_OF_FOUR = [4**k for k in range(7)]
RATES_PAGE = [4, 8, 16, 32, 64]


def linear(color):
    channels = np.array([int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(color):
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def lab(color, sight="none"):
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    seen = np.clip(SIMULATION[sight] @ linear(color), 0, 1)
    ratios = to_xyz @ seen / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(ratios > (6 / 29) ** 3, np.cbrt(ratios), ratios / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(first, second, sight="none"):
    return float(np.linalg.norm(lab(first, sight) - lab(second, sight)))


def test_the_measures_themselves():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert lab("#FFFFFF") == pytest.approx([100, 0, 0], abs=0.05)
    assert lab("#777777")[0] == pytest.approx(116 * ((0x77 / 255 + 0.055) / 1.055) ** (2.4 / 3) - 16, abs=0.01)
    assert distance("#000000", "#FFFFFF") == pytest.approx(100, abs=0.05)
    for sight, matrix in SIMULATION.items():
        assert matrix.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5), sight  # grey stays grey
    red_green = ("#FF0000", "#808000")
    distances = {sight: np.linalg.norm(lab(red_green[0], sight) - lab(red_green[1], sight)) for sight in SIMULATION}
    assert distances["deuteranopia"] < distances["none"] / 2


@pytest.mark.parametrize("theme", THEMES)
def test_every_batch_size_stands_out_from_the_background(theme):
    background = PALETTES[theme].background
    assert min(contrast(batch_size_color(b, theme), background) for b in FINE_BATCH_SIZES) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_larger_is_further_from_the_background(theme):
    background = PALETTES[theme].background
    steps = [contrast(batch_size_color(2**k, theme), background) for k in range(13)]
    assert all(a < b for a, b in itertools.pairwise(steps))


@pytest.mark.parametrize("theme, nearest, farthest", [("light", 61, 9), ("dark", 43, 95)])
def test_grey_keeps_the_order(theme, nearest, farthest):
    lightness = [lab(batch_size_color(b, theme))[0] for b in FINE_BATCH_SIZES]
    away = np.diff(lightness) * (1 if theme == "dark" else -1)
    assert len(away) > 60 and away.min() > 0
    assert lightness[0] == pytest.approx(nearest, abs=1) and lightness[-1] == pytest.approx(farthest, abs=1)
    steps = np.abs(np.diff([lab(batch_size_color(b, theme))[0] for b in POWERS_OF_FOUR]))
    assert steps.min() >= 8  # 4, 16 and 64, once one grey, too


@pytest.mark.parametrize("sight, least", [("none", 25), ("protanopia", 15), ("deuteranopia", 15), ("tritanopia", 15)])
@pytest.mark.parametrize("theme", THEMES)
def test_a_factor_of_four_is_told_apart(theme, sight, least):
    colors = [batch_size_color(b, theme) for b in POWERS_OF_FOUR]
    assert min(distance(*two, sight) for two in itertools.combinations(colors, 2)) >= least
    between = [batch_size_color(2 * b, theme) for b in POWERS_OF_FOUR[:-1]]  # 2, 8, 32: they lie between two of them
    assert min(distance(*two, sight) for two in itertools.combinations(between, 2)) >= 0.7 * least


@pytest.mark.parametrize("sight, least", [("none", 12), ("protanopia", 7), ("deuteranopia", 7), ("tritanopia", 7)])
@pytest.mark.parametrize("theme", THEMES)
def test_a_factor_of_two_is_seen_but_needs_a_name_too(theme, sight, least):
    sizes = sorted({*RATES_PAGE, *(2**k for k in range(13))})
    colors = [batch_size_color(b, theme) for b in sizes]
    assert min(distance(*two, sight) for two in itertools.combinations(colors, 2)) >= least


@pytest.mark.parametrize("theme", THEMES)
def test_warm_where_small_and_cool_where_large(theme):
    small, large = linear(batch_size_color(1, theme)), linear(batch_size_color(4096, theme))
    assert small[0] > 1.5 * small[2]
    assert large[2] > 1.5 * large[0]


@pytest.mark.parametrize("theme", THEMES)
def test_text_colors_can_be_read(theme):
    palette = PALETTES[theme]
    for color in (palette.text, palette.theory, palette.x, palette.y):
        assert contrast(color, palette.background) >= 4.5


@pytest.mark.parametrize("sight", SIMULATION)
@pytest.mark.parametrize("theme", THEMES)
def test_the_whole_stands_out_from_its_parts(theme, sight):
    palette = PALETTES[theme]
    assert contrast(palette.part, palette.background) >= 3 and contrast(palette.whole, palette.part) >= 2
    assert np.linalg.norm(lab(palette.whole, sight) - lab(palette.part, sight)) >= 30


def test_ends_of_the_ramp():
    assert batch_size_color(1, "light") == PALETTES["light"].ramp[0]
    assert batch_size_color(4096, "dark") == batch_size_color(10_000, "dark") == PALETTES["dark"].ramp[-1]
    with pytest.raises(ValueError, match="at least 1"):
        batch_size_color(0, "light")
