"""Tests a query on recent items before it is activated. Bounded in items and time: the next request continues a slow
test."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from channels.dispatch import items_after_commit
from channels.inbox import recent_items
from channels.inbox.recent_items import MAX_ITEMS, RecentItem, ShownItem
from channels.inbox.retention import WITH_RAW
from channels.models import Batch, Channel, InboundItem
from channels.queries.ignoring import understood
from channels.queries.matching import Query, parse, subject_of
from channels.queries.routing import channels_for
from channels.registry.configs import ConnectionSource

AT_ONCE = 200
BUDGET_S = 1.5
SHOWN = 30
"""Maximum examples per kind."""
CACHE_TTL_S = 300
KINDS = ("newly_in", "newly_out", "comes", "stays")


@dataclass(slots=True)
class Trial:
    """A query test's results so far. Counts are of mentions that this channel saw."""

    total: int
    """Items of its connection to test; at most MAX_ITEMS."""
    newest: int
    seen: int = 0
    next_below: int | None = None
    comes: int = 0
    stays: int = 0
    newly_in: int = 0
    """Matched by this query, not matched by the current one."""
    newly_out: int = 0
    own: int = 0
    """Own posts and bounces: queries don't apply to them."""
    others: int = 0
    """Sent to other channels of the connection."""
    nothing: int = 0
    """Items without a mention."""
    failed: int = 0
    examples: dict[str, list[ShownItem]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    @property
    def is_done(self) -> bool:
        return self.seen >= self.total

    @property
    def is_capped(self) -> bool:
        return self.total >= MAX_ITEMS


def trial_of(channel: Channel, text: str, now: datetime, budget_s: float = BUDGET_S) -> Trial:
    """Continue or start a test of this text, for about `budget_s` seconds. Raises QueryError."""
    query, current = parse(text), understood(channel.query, f"channel {channel.pk}")
    key = _key(channel, text)
    cached = cache.get(key)
    trial = _restored(cached) if cached else _begin(channel, now)
    if not trial.is_done:
        _continue(trial, channel, query, current, now, time.monotonic() + budget_s)
        cache.set(key, _as_json(trial), CACHE_TTL_S)
    return trial


def _as_json(trial: Trial) -> dict[str, Any]:
    fields = asdict(trial)
    for shown in (shown for examples in fields["examples"].values() for shown in examples):
        shown["at"] = shown["at"].isoformat()
    return fields


def _restored(fields: dict[str, Any]) -> Trial:
    examples = {
        kind: [ShownItem(**{**shown, "at": datetime.fromisoformat(shown["at"])}) for shown in those]
        for kind, those in fields["examples"].items()
    }
    return Trial(**{**fields, "examples": examples})


def forget(channel: Channel, text: str) -> None:
    """Restart the next test of this text, including newer items."""
    cache.delete(_key(channel, text))


def _key(channel: Channel, text: str) -> str:
    queries = f"{channel.query}\0{text}".encode("utf-8", "backslashreplace")
    return f"channels.trial.{channel.pk}.{hashlib.blake2b(queries, digest_size=16).hexdigest()}"


def _begin(channel: Channel, now: datetime) -> Trial:
    newest = list(recent_items.recent([channel.connection_id], now).values_list("pk", flat=True)[:MAX_ITEMS])
    return Trial(len(newest), newest[0] if newest else 0)


def _continue(trial: Trial, channel: Channel, query: Query, current: Query | None, now: datetime, until: float) -> None:
    channels = [
        c for c in Channel.objects.filter(connection=channel.connection_id) if c.is_active or c.pk == channel.pk
    ]
    sources: dict[int, ConnectionSource | None] = {}
    while not trial.is_done:
        items = recent_items.recent([channel.connection_id], now).filter(pk__lte=trial.newest)
        if trial.next_below is not None:
            items = items.filter(pk__lt=trial.next_below)
        rows = list(items[: min(AT_ONCE, trial.total - trial.seen)])
        if not rows:  # the other items have left the time window meanwhile
            trial.total = trial.seen
        for entry in recent_items.read(rows, sources):
            _count(trial, entry, channel, channels, query, current)
            trial.seen, trial.next_below = trial.seen + 1, entry.item_id
            if time.monotonic() > until:
                return


def _count(
    trial: Trial, entry: RecentItem, channel: Channel, channels: list[Channel], query: Query, current: Query | None
) -> None:
    mention = entry.mention
    if mention is None:
        trial.failed += bool(entry.error)
        trial.nothing += not entry.error
    elif mention.is_own or mention.bounced_id:
        trial.own += 1
    elif channel not in channels_for(channels, mention):
        trial.others += 1
    else:
        subject = subject_of(mention)
        matches, matched_before = query.matches(subject), current is None or current.matches(subject)
        kinds = ["comes" if matches else "stays"]
        if matches != matched_before:
            kinds.append("newly_in" if matches else "newly_out")
        for kind in kinds:
            setattr(trial, kind, getattr(trial, kind) + 1)
            if len(trial.examples[kind]) < SHOWN:
                trial.examples[kind].append(recent_items.shown(entry, subject, query.explain(subject)))


# --- a rule -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Preview:
    """The items that a rule would have stopped."""

    stopped: int = 0
    seen: int = 0
    total: int = 0
    examples: list[ShownItem] = field(default_factory=list)


def preview_rule(
    text: str, channel: Channel | None, connection_ids: list[int], now: datetime, budget_s: float = BUDGET_S
) -> Preview:
    """Test a rule on the newest mentions of these connections, for about `budget_s` seconds. Raises QueryError."""
    query, until, found = parse(text), time.monotonic() + budget_s, Preview()
    channels = list(Channel.objects.filter(connection__in=connection_ids, is_active=True))
    items = recent_items.recent(connection_ids, now)
    found.total = len(items.values_list("pk", flat=True)[:MAX_ITEMS])
    for entry in recent_items.read(items[:MAX_ITEMS].iterator(chunk_size=AT_ONCE)):
        found.seen += 1
        if _is_stopped(entry, query, channel, channels):
            found.stopped += 1
            if len(found.examples) < SHOWN and entry.mention is not None:
                subject = subject_of(entry.mention)
                found.examples.append(recent_items.shown(entry, subject, query.explain(subject)))
        if time.monotonic() > until:
            break
    return found


def _is_stopped(entry: RecentItem, query: Query, channel: Channel | None, channels: list[Channel]) -> bool:
    mention = entry.mention
    if mention is None or mention.is_own or mention.bounced_id or not query.matches(subject_of(mention)):
        return False
    of_connection = [c for c in channels if c.connection_id == entry.row.connection_id]
    return channel is None or channel in channels_for(of_connection, mention)


# --- activation ------------------------------------------------------------------------------------------------------


def switch_on(channel: Channel, text: str) -> None:
    """Activate a query: it applies to new items. Raises QueryError."""
    parse(text)
    with transaction.atomic():
        channel.query = channel.draft_query = text
        channel.save(update_fields=["query", "draft_query"])
        log.record(EntryKind.CHANNEL_CHANGED, now=desk_now(), subject=channel, details={"changed": ["query"]})


def waiting(channel: Channel, now: datetime) -> int:
    """The number of items of the last days that a query stopped, at most MAX_ITEMS."""
    return len(_kept_out(channel, now).values_list("pk", flat=True)[:MAX_ITEMS])


@transaction.atomic
def let_in(channel: Channel, now: datetime) -> int:
    """Evaluate items that a query stopped again with the current queries, as one import; returns how many."""
    kept = _kept_out(channel, now).order_by("-pk").select_for_update(skip_locked=True)
    ids = list(kept.values_list("pk", flat=True)[:MAX_ITEMS])
    if ids:
        batch = Batch.objects.create(
            connection_id=channel.connection_id, channel=channel, reason=Batch.Reason.QUERY, started_at=now
        )
        InboundItem.objects.filter(pk__in=ids).update(state="pending", ignored_why="", attempts=0, batch=batch)
        items_after_commit(channel.connection_id, sorted(ids))
    return len(ids)


def _kept_out(channel: Channel, now: datetime) -> QuerySet[InboundItem]:
    items = InboundItem.objects.filter(connection=channel.connection_id, state="ignored", ignored_why="query")
    return items.filter(WITH_RAW, created_at__gte=recent_items.since(now))
