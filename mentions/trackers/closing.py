"""Returns tickets whose linked issue was closed, so that somebody tells the requester.

The loop ends when a public message of ours follows, or when somebody says that no news is needed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from channels import sweeps
from mentions.models import EventKind, Issue, IssueLink, Message, Reply, Ticket
from mentions.replies import drafts
from mentions.tickets.transitions import UNPARKED, move, record
from mentions.trackers import wording

SWEEP_LIMIT = 200


def locked(issue_id: int) -> Issue:
    """The issue, locked with its tickets, which come first in the lock order."""
    tickets = IssueLink.objects.filter(issue=issue_id).values("ticket")
    list(Ticket.objects.filter(pk__in=tickets).order_by("pk").select_for_update().values_list("pk"))
    return Issue.objects.select_for_update().get(pk=issue_id)


def bring_back(issue: Issue, now: datetime) -> int:
    """Return each waiting ticket, once per closing, with the news in the composer of whoever linked it."""
    waiting = issue.links.filter(told_at__isnull=True, came_back_at__isnull=True).select_related("ticket", "by")
    links = list(waiting.order_by("ticket"))
    for link in links:
        _back(link.ticket, issue, "closed", now)
        drafts.give_back(link.ticket_id, link.by, wording.news_of(issue), now, replaces=wording.news_of(issue))
        link.came_back_at = now
        link.save(update_fields=["came_back_at"])
    return len(links)


def _back(ticket: Ticket, issue: Issue, said: str, now: datetime) -> None:
    data = {"issue": issue.pk, "said": said, "title": issue.title_on(ticket.pk), "url": issue.url}
    changes: dict[str, Any] = dict(UNPARKED)
    if ticket.status not in (Ticket.Status.NEW, Ticket.Status.OPEN):
        changes["status"] = Ticket.Status.OPEN
    if ticket.merged_into_id:
        changes = {}
    move(ticket, None, now, EventKind.ISSUE, data=data, keeps_claim=True, **changes)


def reopened(issue: Issue, now: datetime) -> None:
    """The issue was reopened before anybody was told, so there is no news after all. The tickets stay in the queue, and
    say why."""
    waiting = issue.links.filter(told_at__isnull=True, came_back_at__isnull=False)
    for link in waiting.select_related("ticket").order_by("ticket"):
        data = {"issue": issue.pk, "said": "reopened", "title": issue.title_on(link.ticket_id), "url": issue.url}
        record(link.ticket, None, now, EventKind.ISSUE, data)
        link.came_back_at = None
        link.save(update_fields=["came_back_at"])


def lost(issue: Issue, now: datetime) -> None:
    """The issue was deleted, moved or hidden: nobody waits for it any longer."""
    for link in issue.links.filter(told_at__isnull=True).select_related("ticket").order_by("ticket"):
        if link.ticket.waiting_on == Ticket.WaitingOn.ISSUE:
            _back(link.ticket, issue, "missing", now)


def mark_notified(now: datetime, ticket_ids: list[int] | None = None) -> int:
    """End the loop of tickets whose requester has heard from us since the issue was closed; returns how many."""
    links = IssueLink.objects.filter(told_at__isnull=True, came_back_at__isnull=False)
    if ticket_ids is not None:
        links = links.filter(ticket__in=ticket_ids)
    said = Message.objects.filter(
        ticket=OuterRef("ticket"), direction=Message.Direction.TEAM, is_auto=False, is_deleted=False, is_bounced=False
    )
    sent = Reply.objects.filter(ticket=OuterRef("ticket"), state=Reply.State.SENT)
    since = Q(Exists(said.filter(posted_at__gte=OuterRef("came_back_at"))))
    since |= Q(Exists(sent.filter(created_at__gte=OuterRef("came_back_at"))))
    notified = links.filter(since).order_by("pk").values_list("pk", flat=True)[:SWEEP_LIMIT]
    return sweeps.each("news told", notified, lambda pk: _mark_notified(pk, now))


@transaction.atomic
def _mark_notified(link_id: int, now: datetime) -> bool:
    link = IssueLink.objects.select_related("issue").get(pk=link_id)
    ticket = Ticket.objects.select_for_update().get(pk=link.ticket_id)
    if not IssueLink.objects.filter(pk=link_id, told_at__isnull=True).update(told_at=now):
        return False
    data = {"issue": link.issue_id, "said": "told", "title": link.issue.title_on(ticket.pk)}
    record(ticket, None, now, EventKind.ISSUE, data)
    return True
