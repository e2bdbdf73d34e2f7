"""Ignored items: counts per rule and query, the items themselves, and letting one in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from channels.audience import seen_by
from channels.dispatch import items_after_commit
from channels.inbox import recent_items
from channels.inbox.recent_items import RecentItem, ShownItem
from channels.inbox.retention import WITH_RAW
from channels.models import Channel, IgnoreRule, InboundItem
from channels.queries.ignoring import understood
from channels.queries.matching import Clause, subject_of

PAGE = 50
LISTED = {"query": "query", "none": "", "undone": "undone"}
"""Name in the page's URL → `ignored_why`."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    rule: IgnoreRule
    recent: int
    """Items it stopped in the last `recent_items.DAYS` days."""
    ever: int


@dataclass(frozen=True, slots=True)
class IgnoredPage:
    items: list[ShownItem]
    next_below: int | None


def rule_lines(now: datetime) -> list[RuleLine]:
    """All rules, active ones first. Two queries."""
    stopped = InboundItem.objects.filter(ignored_by__isnull=False, state=InboundItem.State.IGNORED)
    recently = Count("pk", filter=Q(created_at__gte=recent_items.since(now)))
    counted = stopped.values_list("ignored_by").annotate(recent=recently, ever=Count("pk")).order_by()
    counts = {rule_id: (recent, ever) for rule_id, recent, ever in counted}
    rules = IgnoreRule.objects.select_related("channel").order_by("-is_active", "name")
    return [RuleLine(rule, *counts.get(rule.pk, (0, 0))) for rule in rules]


def counts(now: datetime) -> dict[str, int]:
    """`ignored_why` → number of items of the last days; "": the adapter found no mention."""
    kept_out = InboundItem.objects.filter(state=InboundItem.State.IGNORED, created_at__gte=recent_items.since(now))
    counted = kept_out.values_list("ignored_why").annotate(count=Count("pk")).order_by()
    return {str(why): count for why, count in counted}


def by_rule(rule: IgnoreRule) -> QuerySet[InboundItem]:
    return InboundItem.objects.filter(ignored_by=rule, state=InboundItem.State.IGNORED)


def by_reason(why: str, now: datetime) -> QuerySet[InboundItem]:
    """Items of the last days that were ignored for this reason."""
    kept_out = InboundItem.objects.filter(state=InboundItem.State.IGNORED, ignored_why=why)
    return kept_out.filter(created_at__gte=recent_items.since(now))


def page_of(items: QuerySet[InboundItem], user: User | AnonymousUser, below: int | None) -> IgnoredPage:
    """The newest PAGE items below id `below` that the user may see, with the matches of the rule or query
    highlighted."""
    items = seen_by(user, items).order_by("-pk")
    if below is not None:
        items = items.filter(pk__lt=below)
    rows = list(items.select_related("ignored_by")[: PAGE + 1])
    queries: dict[int, list[Channel]] = {}
    shown = [_shown(entry, queries) for entry in recent_items.read(rows[:PAGE])]
    return IgnoredPage(shown, rows[PAGE - 1].pk if len(rows) > PAGE else None)


def _shown(entry: RecentItem, channels: dict[int, list[Channel]]) -> ShownItem:
    if entry.mention is None:
        return recent_items.shown(entry)
    subject = subject_of(entry.mention)
    clauses: list[Clause] = []
    rule, connection_id = entry.row.ignored_by, entry.row.connection_id
    if rule is not None:
        query = understood(rule.query, f"ignore rule {rule.pk}")
        clauses = query.explain(subject) if query and query.matches(subject) else []
    elif entry.row.ignored_why == InboundItem.Ignored.QUERY:
        if connection_id not in channels:
            channels[connection_id] = list(Channel.objects.filter(connection=connection_id).exclude(query=""))
        for channel in channels[connection_id]:
            query = understood(channel.query, f"channel {channel.pk}")
            clauses += query.explain(subject) if query and not query.matches(subject) else []
    return recent_items.shown(entry, subject, list(dict.fromkeys(clauses)))


@transaction.atomic
def let_in(item_id: int, user: User | AnonymousUser) -> InboundItem | None:
    """Make one item pending again, exempt from what stopped it (which it names until it is ingested). None if no rule
    or query stops it (any more), its raw form is gone, or the user may not see it."""
    stopped = InboundItem.objects.filter(state=InboundItem.State.IGNORED, ignored_why__in=("rule", "query"))
    stopped = stopped.filter(WITH_RAW)
    item = seen_by(user, stopped).filter(pk=item_id).select_for_update().defer("payload", "raw").first()
    if item is None:
        return None
    InboundItem.objects.filter(pk=item_id).update(state=InboundItem.State.PENDING, attempts=0)
    items_after_commit(item.connection_id, [item_id])
    return item
