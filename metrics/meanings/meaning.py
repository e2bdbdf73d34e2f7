"""One written definition."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Meaning:
    """`key` is the figure's name, `label` the head it is shown under."""

    key: str
    label: str | Promise
    text: str | Promise
