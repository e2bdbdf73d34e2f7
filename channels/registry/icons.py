"""The icon of a platform: a symbol of the sprite, named like the platform, else the first letter of its label.

A new platform has its letter at once; drawing a symbol for it in the sprite is enough to replace the letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

from channels.registry.finding_adapters import all_adapters

SPRITE = "img/platforms.svg"
"""Static file; its sources and licences are in the file beside it."""


@dataclass(frozen=True, slots=True)
class PlatformIcon:
    """`symbol` is an id in the sprite, or "" where `letter` is shown instead."""

    label: str
    symbol: str
    letter: str


def platform_of(namespace: str) -> str:
    """`discourse:forum.example.com` → `discourse`; a platform stays as it is."""
    return namespace.partition(":")[0]


@cache
def icon_of(platform: str) -> PlatformIcon:
    """The icon of a platform, also of one whose adapter is gone, since its messages stay."""
    adapter = all_adapters().get(platform)
    label = adapter.label if adapter is not None else platform
    return PlatformIcon(label, platform if platform in symbols() else "", (label or "?")[0].upper())


def with_platform(name: str, platform: str) -> str:
    """A channel's name where no icon can be shown: `@acme (Twitter)`, unchanged if it names the platform already."""
    label = icon_of(platform).label
    return name if label.lower() in name.lower() else f"{name} ({label})"


@cache
def symbols() -> frozenset[str]:
    """The ids in the sprite."""
    found = finders.find(SPRITE)
    text = Path(str(found)).read_text("utf-8") if found else ""
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', text))
