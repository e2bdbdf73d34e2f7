"""The colours of a chart are distinct for colour-blind readers and stand out from the page, in both themes."""

import itertools
import math

import pytest

from metrics.drawing.charts import INK
from metrics.drawing.day_charts import FURTHER

SEEN = {
    "everybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""For linear RGB at full severity: Machado, Oliveira, Fernandes 2009."""
LEAST = 20
"""Distance in CIELAB; 2.3 is a just noticeable difference."""
WHITE = (0.95047, 1.0, 1.08883)


def linear(colour):
    values = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]


def xyz(rgb):
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    return [sum(share * value for share, value in zip(row, rgb, strict=True)) for row in rows]


def lab(colour, seen):
    rgb = [min(1, max(0, sum(a * b for a, b in zip(row, linear(colour), strict=True)))) for row in seen]
    shares = (value / white for value, white in zip(xyz(rgb), WHITE, strict=True))
    x, y, z = (t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in shares)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def contrast(one, other):
    low, high = sorted(xyz(linear(colour))[1] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_the_distance_is_that_of_the_textbook():
    """Red and green are far apart for most people but not for everybody."""
    red, green = "#c23b22", "#6b7a1f"
    most, some = (math.dist(lab(red, SEEN[who]), lab(green, SEEN[who])) for who in ("everybody", "deuteranopia"))
    assert most > 60 > 20 > some
    assert lab("#ffffff", SEEN["everybody"]) == pytest.approx((100, 0, 0), abs=0.1)


@pytest.mark.parametrize("who", SEEN)
@pytest.mark.parametrize("theme", INK)
def test_colours_that_stand_side_by_side_stay_apart(theme, who):
    colours = (*INK[theme].series, *FURTHER[theme])
    for one, other in itertools.combinations(colours, 2):
        assert math.dist(lab(one, SEEN[who]), lab(other, SEEN[who])) > LEAST, (one, other)


@pytest.mark.parametrize("theme", INK)
def test_every_colour_stands_out_from_the_page(theme):
    for colour in (*INK[theme].series, *FURTHER[theme]):
        assert contrast(colour, INK[theme].page) >= 3, colour
