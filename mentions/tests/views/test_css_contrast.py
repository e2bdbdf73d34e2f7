"""Contrast of the colour tokens, computed pair by pair (https://www.w3.org/TR/WCAG22/#contrast-minimum)."""

import re

import pytest
from django.conf import settings

CSS = settings.BASE_DIR / "static" / "css"
TEXT_PAIRS = [
    *[(text, ground) for text in ("text", "muted", "accent") for ground in ("ground", "surface", "raised")],
    *[(text, "accent-soft") for text in ("text", "muted", "accent", "accent-strong")],
    *[("accent-strong", ground) for ground in ("ground", "surface", "raised")],
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    *[(kind, f"{kind}-soft") for kind in ("danger", "warn", "ok")],
    *[("text", f"{kind}-soft") for kind in ("danger", "warn", "ok")],
    *[(kind, ground) for kind in ("danger", "warn", "ok") for ground in ("ground", "surface")],
    ("danger", "raised"),
    ("danger", "accent-soft"),
    ("text", "mark"),
    ("text", "note"),
    ("muted", "note"),
    ("accent", "note"),
    ("surface", "text"),
    ("surface", "muted"),
]
EDGE_PAIRS = [(edge, ground) for edge in ("edge", "accent") for ground in ("ground", "surface", "raised")]
"""Borders of controls and the focus ring need 3 to 1 (1.4.11)."""


def tokens() -> dict[str, tuple[str, str]]:
    """name → (light, dark), each `#rrggbb`."""
    source = (CSS / "tokens.css").read_text()
    return {
        name: (light, dark)
        for name, light, dark in re.findall(r"--([\w-]+):\s*light-dark\((#\w{6}),\s*(#\w{6})\)", source)
    }


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_agrees_with_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_on_its_ground_passes_aa(text, ground, theme):
    colours = tokens()
    assert contrast(colours[text][theme], colours[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGE_PAIRS)
def test_edges_of_controls_can_be_seen(edge, ground, theme):
    colours = tokens()
    assert contrast(colours[edge][theme], colours[ground][theme]) >= 3
