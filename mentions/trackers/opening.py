"""Opens an issue from a ticket, once, through the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from channels.models import OutboundItem
from channels.outbox import outbox
from channels.registry.configs import source_for
from mentions.models import EventKind, Issue, IssueLink, Ticket
from mentions.models.casework.issue import conversation_of
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, lock_open, record
from mentions.trackers.places import Project
from mentions.trackers.same_issue import absorb

MAX_TITLE = 255
MAX_TEXT = 50_000
State = Issue.State
Sent = OutboundItem.State


class AlreadyOpened(OutcomeRefused):
    """Another issue was opened from this ticket; a second one needs a confirmation."""


@transaction.atomic
def open_issue(
    ticket_id: int,
    actor: Any,
    token: Any,
    *,
    key: UUID,
    project: Project,
    title: str,
    text: str,
    is_confidential: bool = False,
    assignees: tuple[str, ...] = (),
    waits: bool = False,
    again: bool = False,
    now: datetime,
) -> Issue:
    """Queue the issue and link it; `key` is the page's, so a double click opens one. `waits` parks the ticket until it
    is closed. Raises OutcomeRefused, AlreadyOpened unless `again`, ClaimLost."""
    ticket = lock_open(ticket_id, actor, token, now)
    known = Issue.objects.filter(key=key).first()
    if known is not None:
        return known
    title, text = title.replace("\0", "").strip(), text.replace("\0", "").strip()
    if not title or len(title) > MAX_TITLE:
        raise OutcomeRefused(_("Enter a title of at most %(most)s characters.") % {"most": MAX_TITLE})
    if not text or len(text) > MAX_TEXT:
        raise OutcomeRefused(_("Describe the issue in at most %(most)s characters.") % {"most": MAX_TEXT})
    _refuse_second(ticket, again)
    names = [name for each in assignees if (name := each.strip().lstrip("@"))]
    source = source_for(project.connection)
    payload = {
        "project": project.name,
        "title": title,
        "text": text,
        "is_confidential": is_confidential,
        "assignees": names,
    }
    item = outbox.enqueue(
        key=key,
        kind=OutboundItem.Kind.ISSUE,
        connection_id=project.connection.pk,
        conversation=conversation_of(ticket.pk),
        payload=payload,
        not_before=now,
    )
    issue = Issue.objects.create(
        connection=project.connection,
        namespace=source.adapter.namespace(source.config),
        project=project.name,
        title=title,
        is_confidential=is_confidential,
        assignees=names,
        state=State.OPENING,
        key=key,
        outbound=item,
        created_at=now,
    )
    IssueLink.objects.create(ticket=ticket, issue=issue, by=actor, at=now)
    _record(ticket, issue, "opening", actor, now)
    if waits:
        park(ticket, actor, now)
    return issue


def _refuse_second(ticket: Ticket, again: bool) -> None:
    """Raises AlreadyOpened, unless `again`, if this ticket has an issue that is open or on its way: from another tab,
    or by a colleague."""
    links = IssueLink.objects.filter(ticket=ticket, issue__state__in=Issue.RUNNING).select_related("issue")
    first = links.order_by("at").first()
    if first is not None and not again:
        raise AlreadyOpened(
            _("This ticket already has the issue “%(issue)s”. If you need a second one, tick “open another one”.")
            % {"issue": first.issue.title_on(ticket.pk) or first.issue.url or first.issue.project}
        )


def park(ticket: Ticket, actor: Any, now: datetime) -> None:
    """Wait for the issue outside the queue."""
    parking.set_aside(ticket, actor, now, EventKind.PARKED, waiting_on=Ticket.WaitingOn.ISSUE)


def _record(ticket: Ticket, issue: Issue, said: str, actor: Any, now: datetime) -> None:
    data = {"issue": issue.pk, "said": said, "title": issue.title_on(ticket.pk), "url": issue.url}
    record(ticket, actor, now, EventKind.ISSUE, data)


def unsettled() -> list[int]:
    """Outbound items whose result is not in their issue yet."""
    done = (Sent.SENT, Sent.FAILED, Sent.CANCELLED)
    waiting = Issue.objects.filter(state=State.OPENING, outbound__state__in=done)
    refused = Issue.objects.filter(state=State.FAILED, outbound__state=Sent.SENT)
    return [pk for pk in (waiting | refused).order_by("pk").values_list("outbound_id", flat=True) if pk]


@transaction.atomic
def apply_delivery(outbound_id: int, now: datetime) -> bool:
    """Record the result from the tracker. Idempotent; True if something changed."""
    issue_id = Issue.objects.filter(outbound=outbound_id).values_list("pk", flat=True).first()
    if issue_id is None:
        return False
    tickets = list(IssueLink.objects.filter(issue=issue_id).values_list("ticket_id", flat=True))
    list(Ticket.objects.filter(pk__in=tickets).order_by("pk").select_for_update().values_list("pk"))
    issue = Issue.objects.select_for_update().get(pk=issue_id)
    item = OutboundItem.objects.get(pk=outbound_id)
    if item.state == Sent.SENT and issue.state in (State.OPENING, State.FAILED):
        return _opened(issue, item, now)
    if item.state in (Sent.FAILED, Sent.CANCELLED) and issue.state == State.OPENING:
        return _failed(issue, item, now)
    if item.state in (Sent.QUEUED, Sent.RETRYING, Sent.SENDING) and issue.state == State.FAILED:
        issue.state, issue.error = State.OPENING, ""
        issue.save(update_fields=["state", "error"])
        return True
    return False


def _opened(issue: Issue, item: OutboundItem, now: datetime) -> bool:
    issue.state, issue.error, issue.url = State.OPEN, "", item.url[:1000]
    absorb(issue, item.external_id)
    issue.due_at = now
    issue.save(update_fields=["state", "error", "url", "external_id", "reference", "due_at"])
    for link in issue.links.select_related("ticket"):
        _record(link.ticket, issue, "opened", None, now)
    return True


def _failed(issue: Issue, item: OutboundItem, now: datetime) -> bool:
    """The issue doesn't exist, so its ticket comes back with the reason."""
    issue.state, issue.error = State.FAILED, item.error
    issue.save(update_fields=["state", "error"])
    for link in issue.links.select_related("ticket"):
        _record(link.ticket, issue, "failed", None, now)
        if link.ticket.waiting_on == Ticket.WaitingOn.ISSUE:
            parking.wake(link.ticket_id, None, now=now, why="issue_failed")
    return True


@transaction.atomic
def retry(issue_id: int, actor: Any, now: datetime) -> None:
    """Try once more to open it. Raises OutcomeRefused."""
    issue = Issue.objects.select_for_update().get(pk=issue_id)
    if issue.state != State.FAILED or issue.outbound_id is None:
        raise OutcomeRefused(
            _("This issue is %(state)s: there is nothing to retry.") % {"state": issue.get_state_display()}
        )
    outbox.retry(issue.outbound_id, now)
    issue.state, issue.error = State.OPENING, ""
    issue.save(update_fields=["state", "error"])
