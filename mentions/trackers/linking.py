"""Links an existing issue by its address, and takes a link away."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from channels.dispatch import task_after_commit
from channels.links.web_addresses import is_web_address
from mentions.models import EventKind, Issue, IssueLink, Ticket
from mentions.tickets.transitions import OutcomeRefused, lock_open, record
from mentions.trackers import places
from mentions.trackers.opening import park

State = Issue.State
MAX_LINKS = 20


@transaction.atomic
def link(ticket_id: int, actor: Any, token: Any, *, url: str, waits: bool = False, now: datetime) -> Issue:
    """Link an issue. A worker asks the tracker; until then the issue is *being looked up*. Linking it twice changes
    nothing. Raises OutcomeRefused, ClaimLost."""
    ticket = lock_open(ticket_id, actor, token, now)
    url = url.replace("\0", "").strip()[:1000]
    if not is_web_address(url):
        raise OutcomeRefused(_("The link to the issue must start with https://."))
    found = places.find(url)
    if found is None:
        raise OutcomeRefused(
            _("No connected tracker knows this address. Enter an issue's address, or connect its tracker first.")
        )
    connection, reference, namespace = found
    issue = _known(namespace, reference, url) or Issue.objects.create(
        connection=connection,
        namespace=namespace,
        project=reference.rpartition("#")[0][:300],
        reference=reference,
        url=url.partition("#")[0],
        state=State.LOOKING,
        key=uuid4(),
        created_at=now,
        due_at=now,
    )
    if ticket.issue_links.count() >= MAX_LINKS:
        raise OutcomeRefused(_("A ticket can have at most %(most)s issues.") % {"most": MAX_LINKS})
    _made, is_new = IssueLink.objects.get_or_create(ticket=ticket, issue=issue, defaults={"by": actor, "at": now})
    if is_new:
        Issue.objects.filter(pk=issue.pk).exclude(state=State.OPENING).update(due_at=now)
        data = {"issue": issue.pk, "said": "linked", "title": issue.title_on(ticket.pk), "url": issue.url}
        record(ticket, actor, now, EventKind.ISSUE, data)
        task_after_commit("mentions.read_issues")
    if waits and issue.state in Issue.RUNNING:
        park(ticket, actor, now)
    return issue


def _known(namespace: str, reference: str, url: str) -> Issue | None:
    """The same issue, by its address or the reference of another link."""
    ours = Issue.objects.filter(namespace=namespace)
    return ours.filter(url=url.partition("#")[0]).first() or ours.filter(reference=reference).first()


@transaction.atomic
def unlink(link_id: int, actor: Any, now: datetime) -> None:
    """Remove the link; the issue itself stays as it is. Raises OutcomeRefused while it is being opened."""
    found = IssueLink.objects.select_related("issue").get(pk=link_id)
    ticket = Ticket.objects.select_for_update().get(pk=found.ticket_id)
    if found.issue.state == State.OPENING:
        raise OutcomeRefused(_("The issue is still being opened. Wait a moment."))
    IssueLink.objects.filter(pk=link_id).delete()
    title = found.issue.title_on(ticket.pk)
    data = {"issue": found.issue_id, "said": "unlinked", "title": title, "url": found.issue.url}
    record(ticket, actor, now, EventKind.ISSUE, data)


@transaction.atomic
def no_news_needed(link_id: int, actor: Any, now: datetime) -> None:
    """Record that the requester doesn't need to be told (any more)."""
    found = IssueLink.objects.select_related("issue").get(pk=link_id)
    ticket = Ticket.objects.select_for_update().get(pk=found.ticket_id)
    if IssueLink.objects.filter(pk=link_id, told_at__isnull=True).update(told_at=now):
        record(ticket, actor, now, EventKind.ISSUE, {"issue": found.issue_id, "said": "settled"})
