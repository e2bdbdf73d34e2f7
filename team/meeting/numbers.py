"""The numbers for the slides. Floors above supply them; this module only knows who may see what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from mentions.models import Ticket
from mentions.people.audience import for_everybody


@dataclass(frozen=True, slots=True)
class Number:
    """`against`: the goal, or empty."""

    label: str
    value: str
    against: str = ""

    @property
    def line(self) -> str:
        if not self.against:
            return f"{self.label}: {self.value}"
        return _("%(label)s: %(value)s (goal %(goal)s)") % {
            "label": self.label, "value": self.value, "goal": self.against
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """What one floor supplies for the slides. `pictures` and `pages`: (title, path on the desk)."""

    numbers: Sequence[Number] = ()
    pictures: Sequence[tuple[str, str]] = ()
    pages: Sequence[tuple[str, str]] = ()


Offers = Callable[[Any, date, date, datetime], Offer]
_offers: list[Offers] = []


def register(offers: Offers) -> None:
    """`offers(tickets, first day, last day, now)`; `tickets` are those that everybody may see."""
    if offers not in _offers:
        _offers.append(offers)


def of(first: date, last: date, now: datetime) -> Offer:
    """All that is offered for these days."""
    tickets = for_everybody(Ticket.objects.all())
    found = [offers(tickets, first, last, now) for offers in _offers]
    return Offer(
        [n for each in found for n in each.numbers],
        [p for each in found for p in each.pictures],
        [p for each in found for p in each.pages],
    )
