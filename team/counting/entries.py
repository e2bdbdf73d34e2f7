"""What the months count, from the rows that somebody may see; one query for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from channels.audience import seen_by
from experts.models import Feedback
from mentions.models import Question, Reply
from team.duties.slack import name_of
from team.models import (
    ExpertiseTurn,
    HandOver,
    HandOverItem,
    Incident,
    IncidentReply,
    Meeting,
    Release,
    StandIn,
    UrgentCall,
    VolunteerDay,
)
from team.release import release_times


@dataclass(frozen=True, slots=True)
class Entry:
    """One of a count. `seconds`: how long it waited, if it did."""

    slug: str
    day: date
    text: str
    url: str = ""
    seconds: float | None = None


Source = Callable[[Any, datetime, datetime, tzinfo], Iterator[Entry]]


def _of_tickets(slug: str, rows: QuerySet[Any], moment: str, zone: tzinfo) -> Iterator[Entry]:
    for at, ticket, subject in rows.order_by(moment, "pk").values_list(moment, "ticket", "ticket__subject"):
        url = reverse("mentions:ticket", args=[ticket])
        yield Entry(slug, at.astimezone(zone).date(), f"#{ticket} {subject}".strip(), url)


def urgent(user: Any, since: datetime, _now: datetime, zone: tzinfo) -> Iterator[Entry]:
    calls = seen_by(user, UrgentCall).filter(asked_at__gte=since).exclude(state=UrgentCall.State.WITHDRAWN)
    for call in calls.select_related("ticket").order_by("asked_at", "pk"):
        day, text = call.asked_at.astimezone(zone).date(), f"#{call.ticket_id} {call.ticket.subject}".strip()
        url = reverse("mentions:ticket", args=[call.ticket_id])
        wait = (call.taken_at - call.asked_at).total_seconds() if call.taken_at else None
        yield Entry("urgent", day, text, url, wait)
        if call.step or call.round:
            yield Entry("escalated", day, text, url)


def hand_overs(user: Any, since: datetime, _now: datetime, zone: tzinfo) -> Iterator[Entry]:
    days = seen_by(user, HandOver).filter(day__gte=since.date()).select_related("user").order_by("day", "pk")
    for each in days:
        if each.done_at is not None or each.lapsed_at is not None:
            yield Entry("lapsed" if each.done_at is None else "handed", each.day, _on(name_of(each.user), each.day))
    passed = seen_by(user, HandOverItem).filter(at__gte=since, decision=HandOverItem.Decision.PASS)
    yield from _of_tickets("passed", passed, "at", zone)


def questions(user: Any, since: datetime, _now: datetime, zone: tzinfo) -> Iterator[Entry]:
    seen = seen_by(user, Question)
    yield from _of_tickets(
        "asked", seen.filter(asked_at__gte=since).exclude(state=Question.State.FAILED), "asked_at", zone
    )
    yield from _of_tickets("answered", seen.filter(answered_at__gte=since), "answered_at", zone)


def incidents(user: Any, since: datetime, _now: datetime, zone: tzinfo) -> Iterator[Entry]:
    for each in Incident.objects.filter(started_at__gte=since).order_by("started_at", "pk"):
        url = reverse("team:incident", args=[each.pk])
        yield Entry("incidents", each.started_at.astimezone(zone).date(), each.name, url)
    sent = seen_by(user, IncidentReply).filter(reply__state__in=(Reply.State.SENT, Reply.State.DELETED))
    yield from _of_tickets("bulk", sent.filter(send_at__gte=since), "send_at", zone)


def releases(_user: Any, since: datetime, now: datetime, _zone: tzinfo) -> Iterator[Entry]:
    """Release days that are over."""
    near = Release.objects.filter(day__gte=since.date(), day__lte=now.date(), rule__is_active=True)
    for each in near.select_related("rule").order_by("day", "pk"):
        if release_times.hours_of(each).end <= now:
            words = _on(each.name or str(each.rule), each.day)
            yield Entry("releases", each.day, words, reverse("team:release", args=[each.pk]))


def volunteers(user: Any, since: datetime, now: datetime, zone: tzinfo) -> Iterator[Entry]:
    """Volunteer days that have begun, with what the volunteers sent on them."""
    begun = VolunteerDay.objects.filter(state=VolunteerDay.State.ACCEPTED, term__begun_at__isnull=False)
    for each in begun.filter(day__gte=since.date()).select_related("user").order_by("day", "pk"):
        yield Entry("volunteers", each.day, _on(name_of(each.user), each.day), reverse("team:volunteers"))
    on_their_day = begun.filter(
        user=OuterRef("author"), term__starts_at__lte=OuterRef("created_at"), term__ends_at__gt=OuterRef("created_at")
    )
    sent = seen_by(user, Reply).filter(state=Reply.State.SENT, created_at__gte=since)
    yield from _of_tickets("helped", sent.filter(Exists(on_their_day)), "created_at", zone)


def feedback(user: Any, since: datetime, _now: datetime, zone: tzinfo) -> Iterator[Entry]:
    seen = seen_by(user, Feedback)
    yield from _of_tickets("feedback", seen.filter(routed_at__gte=since), "routed_at", zone)
    settled = seen.filter(state_at__gte=since).exclude(state=Feedback.State.OPEN)
    yield from _of_tickets("outcomes", settled, "state_at", zone)


def duties(_user: Any, since: datetime, now: datetime, zone: tzinfo) -> Iterator[Entry]:
    turns = ExpertiseTurn.objects.filter(since__gte=since.date(), since__lte=now.date())
    for turn in turns.select_related("expertise", "user").order_by("since", "pk"):
        words = f"{turn.expertise}: {_on(name_of(turn.user), turn.since)}"
        yield Entry("rotated", turn.since, words, reverse("team:expertises"))
    begun = StandIn.objects.filter(begun_at__gte=since).select_related("to").order_by("begun_at", "pk")
    for row in begun:
        if row.begun_at is not None:
            day = row.begun_at.astimezone(zone).date()
            yield Entry("stood_in", day, f"{row.get_role_display()}, {row.what}: {_on(name_of(row.to), day)}")
    reported = Meeting.objects.filter(reported_at__gte=since)
    for meeting in reported.select_related("rule").order_by("reported_at", "pk"):
        if meeting.reported_at is not None:
            day = meeting.reported_at.astimezone(zone).date()
            yield Entry("slides", day, _on(meeting.rule.name, day), reverse("team:meeting", args=[meeting.pk]))


SOURCES: tuple[Source, ...] = (
    urgent, hand_overs, questions, incidents, releases, volunteers, feedback, duties
)  # fmt: skip


def _on(what: str, day: date) -> str:
    return f"{what}, {day:%Y-%m-%d}"
