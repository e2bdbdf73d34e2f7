"""Opens and ends incidents, following the status page or by hand, each once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from channels import sweeps
from mentions.handle_rules import availability
from mentions.incidents import incidents
from mentions.incidents.incidents import Latest
from mentions.tickets.transitions import OutcomeRefused
from team.models import Incident

State = Incident.State
NEWS = timedelta(hours=6)
"""Older updates of a status page open no incident, such as its past ones when it is first connected."""
FOLLOWED = timedelta(days=14)
"""How long an incident on the status page is followed."""
MAX_NAME, MAX_COMPONENTS = 200, 3


def follow(now: datetime) -> int:
    """Open and end incidents as the status page does, each once; returns how many changed. One that started and ended
    between two looks is opened as over: its mentions still wait for answers."""
    return sweeps.each("incidents", incidents.latest(now - FOLLOWED), lambda update: _follow(update, now))


@transaction.atomic
def _follow(update: Latest, now: datetime) -> bool:
    found = Incident.objects.select_for_update(no_key=True).filter(source=update.source).first()
    if found is None:
        return update.at > now - NEWS and _open(update, now)
    if found.state == State.OPEN and update.is_over:
        return (found.reopened_at is None or update.at > found.reopened_at) and _end(found, update.at)
    if found.state == State.OVER and not update.is_over and found.over_at is not None and update.at > found.over_at:
        return _go_on(found)
    return False


def _open(update: Latest, now: datetime) -> bool:
    ended = {"state": State.OVER, "over_at": max(update.at, update.began_at)} if update.is_over else {}
    try:
        with transaction.atomic():
            Incident.objects.create(
                name=update.title[:MAX_NAME] or _("Incident"), source=update.source, url=update.url[:500],
                words=default_words(update.components), started_at=update.began_at, opened_at=now, **ended,
            )  # fmt: skip
    except IntegrityError:  # another worker opened it at the same moment
        return False
    return True


def default_words(components: Sequence[str] = ()) -> list[str]:
    """What people say when something is down, and what is down."""
    return list(dict.fromkeys([*(name[:80] for name in components[:MAX_COMPONENTS]), *availability.WORDS]))


def _end(incident: Incident, at: datetime) -> bool:
    incident.state, incident.over_at = State.OVER, max(at, incident.started_at)
    incident.save(update_fields=["state", "over_at"])
    return True


def _go_on(incident: Incident) -> bool:
    """Take back the incident's end; when it ends again, that is announced again."""
    incident.state, incident.over_at, incident.told_over_at = State.OPEN, None, None
    incident.save(update_fields=["state", "over_at", "told_over_at"])
    return True


@transaction.atomic
def open_by_hand(
    actor: Any, *, name: str, url: str, words: Sequence[str], started_at: datetime, now: datetime
) -> Incident:
    """Open an incident by hand. Raises OutcomeRefused if one with this name is open: somebody pressed twice, or two
    people did."""
    name = " ".join(name.replace("\0", "").split())[:MAX_NAME]
    same = Incident.objects.filter(name__iexact=name).exclude(state=State.CLOSED).first()
    if same is not None:
        raise OutcomeRefused(_("There is already an open incident “%(name)s”.") % {"name": same.name})
    return Incident.objects.create(
        name=name, url=url, words=list(words) or default_words(), started_at=started_at, opened_at=now, opened_by=actor
    )


@transaction.atomic
def end_by_hand(incident_id: int, now: datetime) -> bool:
    """Mark it as over. False if it already is."""
    incident = locked(incident_id)
    return incident.state == State.OPEN and _end(incident, now)


@transaction.atomic
def go_on_by_hand(incident_id: int, now: datetime) -> bool:
    """Mark it as not over; the next update of the status page may end it again. False unless it is over, not closed."""
    incident = locked(incident_id)
    if incident.state != State.OVER:
        return False
    incident.reopened_at = now
    incident.save(update_fields=["reopened_at"])
    return _go_on(incident)


def locked(incident_id: int) -> Incident:
    """Locked until the caller's transaction ends, without blocking rows that refer to it. Raises DoesNotExist."""
    return Incident.objects.select_for_update(no_key=True).get(pk=incident_id)
