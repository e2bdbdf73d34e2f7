"""Publishing a report: who asked, the checklist, and the 30 days after which the platform publishes it automatically. A
request comes in as an activity of the report and returns the ticket; so does a missing checklist shortly before the
time is up, and the end of that time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels import sweeps
from channels.links.web_addresses import is_web_address
from mentions.models import Disclosure, EventKind, Message, ThreadState, Ticket
from mentions.models.casework.disclosure import PUBLISHED_AFTER
from mentions.tickets.transitions import UNPARKED, OutcomeRefused, lock_open, move, record

WARN_BEFORE = timedelta(days=3)
SWEEP_LIMIT = 200
RECENT = timedelta(days=7)
"""How far back the sweep looks for activities whose nudge was lost."""
ASKS = "agreed-on-going-public"
ENDS = {
    "report-became-public": Disclosure.State.PUBLISHED,
    "manually-disclosed": Disclosure.State.PUBLISHED,
    "cancelled-disclosure-request": Disclosure.State.WITHDRAWN,
}
"""Activities of HackerOne: https://api.hackerone.com/customer-reference/#activity-agreed-on-going-public"""


def note(message_ids: Iterable[int] | None, now: datetime) -> int:
    """Record publication requests from activities; None checks the newest of all reports. Idempotent; returns how
    many."""
    found = Message.objects.filter(extra__activity__in=[ASKS, *ENDS], ticket__isnull=False)
    if message_ids is not None:
        found = found.filter(pk__in=list(message_ids))
    else:
        # Only platforms with reports: an index leads to their messages.
        platforms = set(ThreadState.objects.filter(keeps_open=True).values_list("namespace", flat=True).distinct())
        found = found.filter(namespace__in=platforms, ingested_at__gte=now - RECENT)
    rows = found.order_by("-posted_at", "-pk").defer("search", "html", "text")[:SWEEP_LIMIT]
    return sweeps.each("publications", reversed(rows), lambda message: _note(message, now))


@transaction.atomic
def _note(message: Message, now: datetime) -> bool:
    ticket = Ticket.objects.select_for_update().get(pk=message.ticket_id)
    known = Disclosure.objects.filter(ticket=ticket).first()
    kind = message.extra.get("activity")
    if kind in ENDS:
        return known is not None and _end(known, ENDS[kind], message.posted_at, now)
    if known is not None and (known.is_running or known.state == Disclosure.State.PUBLISHED):
        return False
    if known is not None and known.ended_at and known.ended_at >= message.posted_at:
        return False
    _ask(ticket, is_ours=message.direction == Message.Direction.TEAM, at=message.posted_at, now=now)
    return True


def _ask(ticket: Ticket, *, is_ours: bool, at: datetime, now: datetime, actor: Any = None) -> Disclosure:
    due_at = None if is_ours else at + PUBLISHED_AFTER
    asked, _created = Disclosure.objects.update_or_create(
        ticket=ticket,
        defaults={
            "state": Disclosure.State.ASKED,
            "is_ours": is_ours,
            "asked_at": at,
            "due_at": due_at,
            "remind_at": due_at - WARN_BEFORE if due_at else None,
            "ended_at": None,
        },
    )
    record(ticket, actor, now, EventKind.DISCLOSURE, {"said": "ours" if is_ours else "asked"})
    return asked


def _end(known: Disclosure, state: str, at: datetime, now: datetime) -> bool:
    if not known.is_running or at < known.asked_at:
        return False
    known.state, known.ended_at, known.remind_at = Disclosure.State(state), at, None
    known.save(update_fields=["state", "ended_at", "remind_at"])
    record(known.ticket, None, now, EventKind.DISCLOSURE, {"said": str(state)})
    return True


@transaction.atomic
def check(
    ticket_id: int,
    actor: Any,
    token: Any,
    *,
    has_nothing_sensitive: bool,
    fix_url: str,
    audience: str,
    now: datetime,
) -> Disclosure:
    """Fill in the checklist. Raises OutcomeRefused, ClaimLost."""
    ticket = lock_open(ticket_id, actor, token, now)
    found = Disclosure.objects.select_for_update().filter(ticket=ticket).first()
    if found is None:
        raise OutcomeRefused(_("Nobody has asked to publish this report."))
    fix_url = fix_url.replace("\0", "").strip()[:500]
    if fix_url and not is_web_address(fix_url):
        raise OutcomeRefused(_("The link to the merge request must start with https://."))
    if audience not in Disclosure.Audience.values:
        raise OutcomeRefused(_("Choose whether the issue is public or confidential."))
    found.has_nothing_sensitive, found.fix_url, found.audience = has_nothing_sensitive, fix_url, audience
    found.checked_by, found.checked_at = actor, now
    found.save(update_fields=["has_nothing_sensitive", "fix_url", "audience", "checked_by", "checked_at"])
    record(ticket, actor, now, EventKind.DISCLOSURE, {"said": "checked" if found.is_checked else "unchecked"})
    return found


def remind(now: datetime) -> int:
    """Return tickets whose report is about to be published, or was published because time was up."""
    due = Disclosure.objects.filter(state=Disclosure.State.ASKED, remind_at__lte=now).order_by("remind_at")
    return sweeps.each("publications due", due.values_list("pk", flat=True)[:SWEEP_LIMIT], lambda pk: _remind(pk, now))


@transaction.atomic
def _remind(disclosure_id: int, now: datetime) -> bool:
    ticket_id = Disclosure.objects.values_list("ticket_id", flat=True).get(pk=disclosure_id)
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    found = Disclosure.objects.select_for_update().get(pk=disclosure_id)
    if not found.is_running or found.remind_at is None or found.remind_at > now:
        return False
    is_due = found.due_at is None or found.due_at <= now
    found.remind_at = None if is_due else found.due_at
    found.save(update_fields=["remind_at"])
    if not is_due and found.is_checked:
        return False
    _bring_back(ticket, "due" if is_due else "soon", now)
    return True


def _bring_back(ticket: Ticket, said: str, now: datetime) -> None:
    changes: dict[str, Any] = {**UNPARKED}
    if ticket.status not in (Ticket.Status.NEW, Ticket.Status.OPEN):
        changes["status"] = Ticket.Status.OPEN
    if ticket.merged_into_id:
        changes = {}
    move(ticket, None, now, EventKind.DISCLOSURE, data={"said": said}, keeps_claim=True, **changes)
