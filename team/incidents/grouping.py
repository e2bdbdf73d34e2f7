"""Which tickets are about an incident: proposed with a reason, decided by a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from channels import sweeps
from channels.links.canonical_urls import canonical
from mentions.clocks import counted
from mentions.db import locks
from mentions.models import EventKind, Message, Ticket
from mentions.people import access
from mentions.tickets.transitions import OutcomeRefused, record
from team.incidents import matching
from team.models import Incident, IncidentMention, IncidentReply

BEFORE, AFTER = timedelta(hours=1), timedelta(hours=2)
"""People notice an incident before the status page does, and still talk about it afterwards."""
MAX_MESSAGES, MAX_PROPOSED, TEXT = 3000, 100, 5000
NOISE = (Ticket.NoReply.SPAM, Ticket.NoReply.SPAM_REPORTED, Ticket.NoReply.AUTOMATIC)


@dataclass(frozen=True, slots=True)
class Proposal:
    ticket: Ticket
    why: str


def proposed(incident: Incident, user: Any, now: datetime) -> list[Proposal]:
    """Undecided tickets from the time of the incident that name it and that this person may see, oldest first. Three
    statements."""
    wanted = matching.signs(incident.url, incident.words)
    whys: dict[int, str] = {}
    for ticket_id, text, pages in _said(incident, user, now):
        if ticket_id not in whys and (why := matching.reason(wanted, text, pages)):
            whys[ticket_id] = why
    found = access.visible_tickets(user).filter(pk__in=list(whys)[:MAX_PROPOSED])
    related = ("channel__connection", "requester", "claimed_by")
    return [Proposal(ticket, whys[ticket.pk]) for ticket in found.select_related(*related).order_by("posted_at", "pk")]


def _said(incident: Incident, user: Any, now: datetime) -> Iterable[tuple[int, str, frozenset[str]]]:
    """(ticket, text, pages) of every inbound message in the undecided tickets of that time."""
    end = (incident.over_at or now) + AFTER
    begun = Ticket.objects.filter(posted_at__gte=incident.started_at - BEFORE, posted_at__lt=end)
    tickets = counted.from_outside(begun).exclude(no_reply_reason__in=NOISE)
    tickets = tickets.exclude(pk__in=IncidentMention.objects.filter(incident=incident).values("ticket"))
    if chosen := list(incident.channels.values_list("pk", flat=True)):
        tickets = tickets.filter(channel__in=chosen)
    rows = access.seen_by(user, Message).filter(ticket__in=tickets, direction=Message.Direction.INBOUND)
    values = rows.order_by("posted_at", "pk").values_list(
        "ticket_id", "subject", "thread_title", Left("text", TEXT), "links", "canonical_url", "page_url"
    )
    for ticket_id, subject, title, text, links, address, page in values[:MAX_MESSAGES]:
        linked = [canonical(link) for link in links if isinstance(link, str)] if isinstance(links, list) else []
        yield ticket_id, "\n".join((subject, title, text)), frozenset({*linked, address, page} - {""})


def decide(
    incident_id: int, whys: Mapping[int, str], actor: Any, now: datetime, *, is_part: bool
) -> tuple[list[IncidentMention], list[str]]:
    """Decide whether tickets (id → why) are about the incident; a later decision overrides an earlier one. The caller
    has checked that `actor` may see them. Returns what changed, and refusals in words."""
    changed, refused = [], []
    for ticket_id in sorted(whys):
        try:
            if (
                mention := decide_one(incident_id, ticket_id, actor, now, is_part=is_part, why=whys[ticket_id])
            ) is not None:
                changed.append(mention)
        except OutcomeRefused as error:
            refused.append(str(error))
    return changed, refused


@transaction.atomic
def decide_one(
    incident_id: int, ticket_id: int, actor: Any, now: datetime, *, is_part: bool, why: str = ""
) -> IncidentMention | None:
    """Decide whether one ticket is about the incident; returns None if nothing changes. Raises OutcomeRefused for a
    merged ticket, for one that belongs to another incident that isn't closed, and for removing one whose requester was
    told about this incident."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    incident = Incident.objects.get(pk=incident_id)
    _check(incident, ticket, is_part=is_part)
    mention, is_new = IncidentMention.objects.get_or_create(
        incident=incident, ticket=ticket, defaults={"is_part": is_part, "by": actor, "at": now, "why": why[:300]}
    )
    if not is_new:
        if mention.is_part == is_part:
            return None
        mention.is_part, mention.by, mention.at, mention.why = is_part, actor, now, why[:300]
        mention.save(update_fields=["is_part", "by", "at", "why"])
    _log(incident, ticket, actor, now, "added" if is_part else "declined")
    return mention


def _check(incident: Incident, ticket: Ticket, *, is_part: bool) -> None:
    names = {"id": ticket.pk, "name": incident.name}
    if incident.state == Incident.State.CLOSED:
        raise OutcomeRefused(_("“%(name)s” is closed. Reopen it first.") % names)
    if ticket.merged_into_id:
        raise OutcomeRefused(_("#%(id)s was merged into #%(into)s.") % {**names, "into": ticket.merged_into_id})
    if not is_part:
        if _is_notified(incident, ticket):
            raise OutcomeRefused(_("#%(id)s was already told about “%(name)s”, so it stays.") % names)
        return
    others = IncidentMention.objects.filter(ticket=ticket, is_part=True).exclude(incident=incident)
    other = others.exclude(incident__state=Incident.State.CLOSED).select_related("incident").first()
    if other is not None:
        raise OutcomeRefused(
            _("#%(id)s belongs to “%(name)s”. Remove it there first.") % {**names, "name": other.incident.name}
        )


def _is_notified(incident: Incident, ticket: Ticket) -> bool:
    return IncidentReply.objects.filter(incident=incident, ticket=ticket, state__in=IncidentReply.LIVE).exists()


@transaction.atomic
def take_back(mention_id: int, actor: Any, now: datetime) -> bool:
    """Forget the decision; the ticket may be proposed again. False if there was none. Raises OutcomeRefused as
    `decide_one` does."""
    try:
        mention = locks.with_ticket(IncidentMention.objects.select_related("incident", "ticket"), mention_id)
    except IncidentMention.DoesNotExist:
        return False
    _check(mention.incident, mention.ticket, is_part=False)
    _log(mention.incident, mention.ticket, actor, now, "removed")
    mention.delete()
    return True


def take_back_together(mention: IncidentMention, actor: Any, now: datetime) -> tuple[int, list[str]]:
    """Take back everything decided in the same step, and nothing else. Returns how many, and refusals in words."""
    seen = access.seen_by(actor, IncidentMention)
    step = seen.filter(incident=mention.incident_id, by=mention.by_id, at=mention.at, is_part=mention.is_part)
    count, refused = 0, []
    for mention_id in step.order_by("ticket_id").values_list("pk", flat=True):
        try:
            count += take_back(mention_id, actor, now)
        except OutcomeRefused as error:
            refused.append(str(error))
    return count, refused


def follow_merges(now: datetime) -> int:
    """Move a merged ticket's membership to the ticket it was merged into."""
    merged = IncidentMention.objects.filter(ticket__merged_into__isnull=False, is_part=True)
    wanted = merged.exclude(incident__state=Incident.State.CLOSED).values_list("pk", flat=True)
    return sweeps.each("merged mentions of incidents", list(wanted), lambda pk: _follow_merge(pk, now))


@transaction.atomic
def _follow_merge(mention_id: int, now: datetime) -> bool:
    mention = IncidentMention.objects.select_related("incident", "ticket", "by").get(pk=mention_id)
    target = Ticket.objects.select_for_update().get(pk=mention.ticket.merged_into_id)
    values = {"is_part": True, "by": mention.by, "at": mention.at, "why": mention.why}
    found, is_new = IncidentMention.objects.get_or_create(incident=mention.incident, ticket=target, defaults=values)
    if is_new:
        _log(mention.incident, target, None, now, "added")
    elif not found.is_part:
        IncidentMention.objects.filter(pk=found.pk).update(is_part=True)
    mention.delete()
    return True


def _log(incident: Incident, ticket: Ticket, actor: Any, now: datetime, said: str) -> None:
    record(ticket, actor, now, EventKind.INCIDENT, {"said": said, "incident": incident.pk, "name": incident.name})
