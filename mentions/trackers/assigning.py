"""Assigns an issue: to yourself, so that others see that somebody is on it, or to experts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from channels.models import OutboundItem
from channels.outbox import outbox
from mentions.models import EventKind, Issue, IssueLink, Ticket
from mentions.models.casework.issue import conversation_of
from mentions.tickets.transitions import OutcomeRefused, record

READ_AFTER = timedelta(seconds=20)


@transaction.atomic
def assign(link_id: int, actor: Any, *, key: UUID, names: list[str], now: datetime) -> OutboundItem:
    """Queue the assignment, once per `key`. Raises OutcomeRefused."""
    link = IssueLink.objects.select_related("issue").get(pk=link_id)
    ticket = Ticket.objects.select_for_update().get(pk=link.ticket_id)
    issue = Issue.objects.select_for_update().get(pk=link.issue_id)
    wanted = list(dict.fromkeys(name for each in names if (name := each.replace("\0", "").strip().lstrip("@")[:200])))
    if not wanted:
        raise OutcomeRefused(_("Enter at least one account name."))
    if not issue.reference or issue.state not in (Issue.State.OPEN, Issue.State.CLOSED):
        raise OutcomeRefused(
            _("This issue is %(state)s: nobody can be assigned to it now.") % {"state": issue.get_state_display()}
        )
    item = outbox.enqueue(
        key=key,
        kind=OutboundItem.Kind.ASSIGN,
        connection_id=issue.connection_id,
        conversation=conversation_of(ticket.pk),
        payload={"external_id": issue.reference, "assignees": wanted},
        not_before=now,
    )
    if item.__dict__.pop("is_new", False):
        data = {"issue": issue.pk, "said": "assigned", "title": issue.title_on(ticket.pk), "who": ", ".join(wanted)}
        record(ticket, actor, now, EventKind.ISSUE, {**data, "outbound": item.pk})
        Issue.objects.filter(pk=issue.pk).update(due_at=now + READ_AFTER)
    return item


def trouble_of(issue_ids: list[int]) -> dict[int, str]:
    """Issue → why its latest assignment was refused."""
    references = dict(Issue.objects.filter(pk__in=issue_ids).exclude(reference="").values_list("reference", "pk"))
    items = OutboundItem.objects.filter(
        kind=OutboundItem.Kind.ASSIGN, payload__external_id__in=list(references)
    ).order_by("pk")
    latest = {item.payload["external_id"]: item for item in items}
    return {
        references[reference]: item.error
        for reference, item in latest.items()
        if item.state == OutboundItem.State.FAILED
    }
