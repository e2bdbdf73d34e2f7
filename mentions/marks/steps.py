"""Contributors' steps by month: marked, helping others, swag suggested and given, applications, core team. Each figure
is the number of the people, or applications, that it lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.audience import seen_by
from mentions.models import Application, Author, Event, EventKind, Mark, Person, SwagRule, SwagSuggestion, Ticket
from mentions.text.cells import written

MONTHS = 12
MAX_SHOWN = 300
_DONE = str(Application.State.DONE)

STEPS: dict[str, tuple[Promise, bool]] = {
    "contributor": (gettext_lazy("New contributors"), True),
    "helped": (gettext_lazy("First help for others"), True),
    "suggested": (gettext_lazy("Swag suggested"), True),
    "given": (gettext_lazy("Swag given"), True),
    "declined": (gettext_lazy("Swag: not this time"), True),
    "core": (gettext_lazy("Joined the core team"), True),
    "applied": (gettext_lazy("Applications"), False),
    "approved": (gettext_lazy("Approved"), False),
    "refused": (gettext_lazy("Declined"), False),
}
"""Slug → heading, and whether it counts people; else applications, by their tickets."""


@dataclass(frozen=True, slots=True)
class Who:
    """`account`: an author page; `ticket`: of an application."""

    name: str
    account: int | None = None
    ticket: int | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """`months`: the newest first; `found`: (step, month) → ids of people or tickets, each once."""

    months: list[date]
    found: dict[tuple[str, date], list[int]]

    @property
    def rows(self) -> list[tuple[date, list[tuple[str, int]]]]:
        return [(month, [(step, self.count(step, month)) for step in STEPS]) for month in self.months]

    def count(self, step: str, month: date) -> int:
        return len(self.found.get((step, month), ()))

    @property
    def is_empty(self) -> bool:
        return not any(self.found.values())


def of(user: Any, now: datetime, zone: tzinfo) -> Steps:
    """The steps that this person may see, by months of `zone`. Five queries."""
    months = months_until(now.astimezone(zone).date())
    since = datetime.combine(months[-1], time(0), zone).astimezone(UTC)
    found: dict[tuple[str, date], dict[int, None]] = {}
    for step, day, number in (*_marked(user, months[-1]), *_swag(user, since, zone), *_applications(user, since, zone)):
        if (month := day.replace(day=1)) in months:
            found.setdefault((step, month), {})[number] = None
    return Steps(months, {cell: list(numbers) for cell, numbers in found.items()})


def months_until(today: date) -> list[date]:
    """The first days of this month and of those before it, the newest first. Pure."""
    number = today.year * 12 + today.month - 1
    return [date((number - back) // 12, (number - back) % 12 + 1, 1) for back in range(MONTHS)]


def _marked(user: Any, first: date) -> Iterator[tuple[str, date, int]]:
    """People marked, by the date of the mark. Marks without a date may be years old, so they count in no month."""
    rows = seen_by(user, Mark).filter(is_given=True, person__is_us=False, since__gte=first)
    rows = rows.filter(kind__in=(Mark.Kind.CONTRIBUTOR, Mark.Kind.CORE)).order_by("since", "pk")
    for kind, since, person in rows.values_list("kind", "since", "person"):
        if since is not None:
            yield str(kind), since, person


def _swag(user: Any, since: datetime, zone: tzinfo) -> Iterator[tuple[str, date, int]]:
    """Swag suggested, given or declined; a suggestion by a *helps somebody* rule also counts as helping."""
    state = SwagSuggestion.State
    seen = seen_by(user, SwagSuggestion).filter(person__is_us=False)
    made = seen.filter(made_at__gte=since).order_by("made_at", "pk")
    for at, when, person in made.values_list("made_at", "rule__when", "person"):
        yield "suggested", at.astimezone(zone).date(), person
        if when == SwagRule.When.HELPED:
            yield "helped", at.astimezone(zone).date(), person
    decided = seen.filter(decided_at__gte=since, state__in=(state.GIVEN, state.DECLINED)).order_by("decided_at", "pk")
    for settled, what, person in decided.values_list("decided_at", "state", "person"):
        if settled is not None:
            yield ("given" if what == state.GIVEN else "declined"), settled.astimezone(zone).date(), person


def _applications(user: Any, since: datetime, zone: tzinfo) -> Iterator[tuple[str, date, int]]:
    """A decision that was undone does not count; one that was changed counts as it is now."""
    seen = seen_by(user, Application)
    for at, ticket in seen.filter(created_at__gte=since).order_by("created_at").values_list("created_at", "ticket"):
        yield "applied", at.astimezone(zone).date(), ticket
    rows = Event.objects.filter(kind=EventKind.APPLICATION, at__gte=since, ticket__in=seen.values("ticket"))
    last: dict[int, tuple[datetime, str]] = {}
    for at, ticket, data in rows.order_by("at", "pk").values_list("at", "ticket", "data"):
        if (state := str(data.get("to"))) != _DONE:
            last[ticket] = (at, state)
    steps = {str(Application.State.APPROVED): "approved", str(Application.State.DECLINED): "refused"}
    for ticket, (at, state) in last.items():
        if state in steps:
            yield steps[state], at.astimezone(zone).date(), ticket


def people(user: Any, step: str, numbers: Sequence[int]) -> list[Who]:
    """The people or applications behind one figure, at most MAX_SHOWN. Two queries at most."""
    chosen = numbers[:MAX_SHOWN]
    if not STEPS[step][1]:
        tickets = seen_by(user, Ticket).filter(pk__in=chosen).select_related("requester").order_by("pk")
        return [Who(str(ticket.requester or ticket), ticket=ticket.pk) for ticket in tickets]
    accounts = seen_by(user, Author).filter(person__in=chosen).order_by("-pk").values_list("person", "pk")
    known = dict(accounts)
    rows = Person.objects.filter(pk__in=chosen).order_by("name", "pk")
    return [Who(person.name, account=known.get(person.pk)) for person in rows]


def as_csv(steps: Steps) -> str:
    lines: Iterable[list[str]] = (
        [f"{month:%Y-%m}", *(str(number) for _step, number in cells)] for month, cells in steps.rows
    )
    return written([[_("Month"), *(str(label) for label, _people in STEPS.values())], *lines])
