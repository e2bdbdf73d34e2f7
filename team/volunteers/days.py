"""Runs the days: rights start and end at midnight, a welcome comes in the morning, a thank-you the morning after."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from channels import sweeps
from mentions.models import Reply, Ticket
from mentions.people import access, role_terms
from mentions.queue import claims
from team import roster
from team.coverage import DAY
from team.models import VolunteerDay
from team.practice import progress
from team.volunteers import telling

STILL_NEWS = timedelta(days=3)
"""A scheduler that was down for longer sends no belated thanks."""
State = VolunteerDay.State
MORNING = time(8)
"""In their time zone, so that no welcome wakes anybody."""


def run(now: datetime) -> int:
    """Everything that is due; returns how many days and emails changed. Idempotent."""
    changed = role_terms.run(now)
    accepted = VolunteerDay.objects.filter(state=State.ACCEPTED, thanked_at=None).order_by("pk")
    started = accepted.filter(welcomed_at=None, term__begun_at__isnull=False, term__ended_at=None)
    over = accepted.filter(term__ended_at__isnull=False)
    changed += sweeps.each("volunteers", list(started.values_list("pk", flat=True)), lambda pk: _welcome(pk, now))
    changed += sweeps.each("volunteers", list(over.values_list("pk", flat=True)), lambda pk: _thank(pk, now))
    return changed + telling.send_mails(now)


@transaction.atomic
def _welcome(volunteer_id: int, now: datetime) -> bool:
    found = _locked(volunteer_id)
    if found.welcomed_at is not None or found.state != State.ACCEPTED or now < _morning(found, found.day):
        return False
    found.welcomed_at = now
    found.save(update_fields=["welcomed_at"])
    telling.tell(found, found.user, "welcome", now)
    return True


@transaction.atomic
def _thank(volunteer_id: int, now: datetime) -> bool:
    """Their claimed tickets return to the queue at once, and their practice texts are deleted. A day that never began
    ends without thanks."""
    found = _locked(volunteer_id)
    if found.thanked_at is not None or found.state != State.ACCEPTED or found.term is None:
        return False
    _release(found.user_id, now)
    if found.term.begun_at is not None and now < _morning(found, found.day + DAY):
        return False
    found.thanked_at = now
    found.save(update_fields=["thanked_at"])
    progress.forget(found.user_id)
    if found.term.begun_at is not None and now - found.term.ends_at < STILL_NEWS:
        telling.thanks(found, answers_of(found), now)
    return True


def _morning(volunteer: VolunteerDay, day: date) -> datetime:
    return datetime.combine(day, MORNING, roster.zone_of(volunteer.user))


def answers_of(volunteer: VolunteerDay) -> int:
    """Replies they sent while they had the rights."""
    if volunteer.term is None:
        return 0
    span = (volunteer.term.starts_at, volunteer.term.ends_at)
    return Reply.objects.filter(author=volunteer.user_id, state=Reply.State.SENT, created_at__range=span).count()


def _release(user_id: int, now: datetime) -> None:
    """Nothing stays with somebody who can't play any more."""
    user: Any = get_user_model().objects.get(pk=user_id)
    if user.has_perm(access.PLAY):
        return
    for ticket in Ticket.objects.filter(claimed_by=user).exclude(claim_token=None).order_by("pk"):
        claims.release(ticket.pk, user, ticket.claim_token, now)
    claims.end_shift(user_id)


def _locked(volunteer_id: int) -> VolunteerDay:
    rows = VolunteerDay.objects.select_for_update(of=("self",)).select_related("user", "buddy", "invited_by", "term")
    return rows.get(pk=volunteer_id)
