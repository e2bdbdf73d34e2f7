"""Where an axis ends, so that one outlier does not flatten the rest. What goes further is cut off, and the axis says
so. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

ROBUST = 4
"""What is more than twice so many times the median is an outlier; the axis ends at so many times."""
LEAST = 10


@dataclass(frozen=True, slots=True)
class Top:
    """The end of an axis; `is_cut`: something goes further."""

    value: float
    is_cut: bool

    def titled(self, title: str) -> str:
        return _("%(what)s (cut off at %(top)d)") % {"what": title, "top": self.value} if self.is_cut else title

    def scale(self, alt: Any) -> Any:
        """From zero; only what is cut off needs an end of its own."""
        return alt.Scale(domain=[0, self.value], clamp=True) if self.is_cut else alt.Scale(domainMin=0)


def top(values: Iterable[float | None], targets: Iterable[float] = ()) -> Top:
    """`targets`: lines that stay in sight."""
    found = sorted(value for value in values if value is not None)
    most = max(found, default=1)
    median = found[len(found) // 2] if found else 1
    limit = max(LEAST, ROBUST * median, *(1.2 * target for target in targets))
    return Top(ceil(limit), True) if most > 2 * limit else Top(max(1, most), False)
