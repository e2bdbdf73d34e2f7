"""Cuts an axis so that one outlier doesn't flatten the rest, and says so on the axis. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

ROBUST = 4
"""The axis ends at this many medians if a value exceeds twice as many (an outlier)."""
LEAST = 10


@dataclass(frozen=True, slots=True)
class Top:
    """The end of an axis; `is_cut`: something lies beyond it."""

    value: float
    is_cut: bool

    def titled(self, title: str) -> str:
        return _("%(what)s (cut off at %(top)d)") % {"what": title, "top": self.value} if self.is_cut else title

    def scale(self, alt: Any) -> Any:
        """The scale of an axis, from zero; only a cut axis needs an explicit end."""
        return alt.Scale(domain=[0, self.value], clamp=True) if self.is_cut else alt.Scale(domainMin=0)


def top(values: Iterable[float | None], targets: Iterable[float] = ()) -> Top:
    """`targets`: lines that stay visible."""
    found = sorted(value for value in values if value is not None)
    most = max(found, default=1)
    median = found[len(found) // 2] if found else 1
    limit = max(LEAST, ROBUST * median, *(1.2 * target for target in targets))
    return Top(ceil(limit), True) if most > 2 * limit else Top(max(1, most), False)
