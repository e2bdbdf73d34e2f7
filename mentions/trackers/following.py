"""Follows linked issues: asks their trackers from time to time, and at once when a poll or webhook shows a change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from channels import sweeps
from channels.clocks import Clock, clock_from
from channels.contract import IssueNow
from channels.dispatch import send_task
from channels.errors import ChannelError, Rejected
from channels.registry.configs import source_of
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform
from channels.secrets.vault import without_secrets
from mentions.models import Issue, ThreadState
from mentions.text.storable_text import storable
from mentions.trackers import closing
from mentions.trackers.same_issue import absorb

OFTEN, SELDOM = timedelta(minutes=10), timedelta(hours=1)
FRESH = timedelta(days=2)
"""Issues younger than this are queried often."""
LEASE = timedelta(minutes=5)
MAX_PER_RUN = 30
MAX_RUN = timedelta(seconds=45)
State = Issue.State


def notice(state_ids: Iterable[int], now: datetime) -> int:
    """A poll or webhook returned news about these conversations: query the linked ones. Returns how many."""
    rows = ThreadState.objects.filter(pk__in=list(state_ids)).values_list("namespace", "thread_id", "is_over")
    those = Q(pk__in=[])
    for namespace, thread_id, is_over in rows:
        same = Q(namespace=namespace, external_id=thread_id)
        those |= same & (Q(state=State.OPEN) if is_over else Q(state=State.CLOSED))
    count = Issue.objects.filter(those).update(due_at=now) if those else 0
    if count:
        send_task("mentions.read_issues")
    return count


def read_due(now: datetime) -> int:
    """Ask trackers about due issues, bounded in number and time; returns how many were asked."""
    clock, asked = clock_from(now), 0
    while asked < MAX_PER_RUN and clock() - now < MAX_RUN:
        issue_id = _lease(clock())
        if issue_id is None:
            break
        sweeps.each("issues", [issue_id], lambda pk: _read(pk, clock))
        asked += 1
    return asked


@transaction.atomic
def _lease(now: datetime) -> int | None:
    due = Issue.objects.filter(state__in=Issue.FOLLOWED, due_at__lte=now, connection__is_active=True)
    issue = due.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "pk").first()
    if issue is not None:
        Issue.objects.filter(pk=issue.pk).update(due_at=now + LEASE)
    return issue.pk if issue else None


def _read(issue_id: int, clock: Clock) -> bool:
    """Ask the tracker about one issue, outside any transaction."""
    issue = Issue.objects.get(pk=issue_id)
    try:
        source = source_of(issue.connection_id)
        found = source.adapter.read_issue(source.config, issue.reference)
    except Rejected as error:
        return _not_there(issue_id, without_secrets(str(error)), clock())
    except (ChannelError, InvalidSettings, UnknownPlatform) as error:
        _later(issue_id, without_secrets(str(error)), clock())
        return False
    return apply(issue_id, found, clock())


def _later(issue_id: int, error: str, now: datetime) -> None:
    Issue.objects.filter(pk=issue_id).update(error=error, due_at=now + SELDOM)


@transaction.atomic
def _not_there(issue_id: int, error: str, now: datetime) -> bool:
    issue = closing.locked(issue_id)
    is_news = issue.state != State.MISSING
    issue.state, issue.error, issue.read_at, issue.due_at = State.MISSING, error, now, None
    issue.save(update_fields=["state", "error", "read_at", "due_at"])
    if is_news:
        closing.lost(issue, now)
    return is_news


@transaction.atomic
def apply(issue_id: int, found: IssueNow, now: datetime) -> bool:
    """Apply the issue's present state, and return tickets to the queue if it was closed. True if the state changed."""
    issue = closing.locked(issue_id)
    before = issue.state
    absorb(issue, found.external_id)
    issue.url, issue.is_confidential = storable(found.url, 1000) or issue.url, found.is_confidential
    _take_words(issue, found)
    issue.state = State.CLOSED if found.is_over else State.OPEN
    issue.error, issue.read_at = "", now
    issue.closed_at = (issue.closed_at or now) if found.is_over else None
    issue.due_at = next_read(issue, now)
    issue.save()
    if issue.state == State.CLOSED:
        closing.bring_back(issue, now)
    elif before == State.CLOSED:
        closing.reopened(issue, now)
    return issue.state != before


def _take_words(issue: Issue, found: IssueNow) -> None:
    """Nothing is read from a confidential issue that was not opened here: otherwise anybody who links its address could
    learn its content."""
    if found.is_confidential and issue.outbound_id is None:
        issue.title, issue.assignees = "", []
        return
    issue.title = storable(found.title, 500) or issue.title
    issue.assignees = [storable(name, 200) for name in found.assignees]


def next_read(issue: Issue, now: datetime) -> datetime | None:
    """When to query the issue next. A closed one is still watched for a while, since it may be reopened before anybody
    was told."""
    if not issue.links.exists():
        return None
    if not issue.links.filter(told_at__isnull=True).exists():
        return None if issue.state == State.CLOSED else now + SELDOM
    return now + (OFTEN if now - issue.created_at < FRESH else SELDOM)
