"""What keeps a mention out of the desk: the queries of the channels that saw it, and the ignore rules. Pure.

Only new conversations are kept out; who asks decides that (`mentions.ingest`), this only says what would stop it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from channels.models import Channel, IgnoreRule, InboundItem
from channels.queries.matching import Query, QueryError, parse

logger = logging.getLogger(__name__)
Why = InboundItem.Ignored


class Stop(NamedTuple):
    """Why a mention stays out: `why` as in `InboundItem.ignored_why`, and the rule, if it was one."""

    why: str
    rule_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    id: int
    channel_id: int | None
    """None: for all channels."""
    query: Query


@dataclass(frozen=True, slots=True)
class Guard:
    """The queries and rules of one connection, compiled."""

    queries: dict[int, Query]
    """By channel; a channel without a query takes everything."""
    rules: tuple[Rule, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Every query and rule there is to try on a mention."""
        return tuple(sorted({query.text for query in (*self.queries.values(), *(rule.query for rule in self.rules))}))

    def judge(
        self, matches: frozenset[str], channels: Sequence[Channel], exempt: Stop | None = None
    ) -> tuple[list[Channel], Stop | None]:
        """(channels that take it, None), or (all of them, what stops it). `matches`: those of `texts` that match the
        mention; they were tried where it was parsed, since its text may be the end of whoever searches it. `exempt`:
        what an admin has let it pass."""
        asks = exempt is None or exempt.why != Why.QUERY
        named = [channel for channel in channels if not asks or self._is_asked_for(channel, matches)]
        if not named:
            return list(channels), Stop(Why.QUERY)
        stopped = [self._rule_for(channel, matches, exempt.rule_id if exempt else None) for channel in named]
        kept = [channel for channel, rule_id in zip(named, stopped, strict=True) if rule_id is None]
        return (kept, None) if kept else (list(channels), Stop(Why.RULE, stopped[0]))

    def _is_asked_for(self, channel: Channel, matches: frozenset[str]) -> bool:
        query = self.queries.get(channel.pk)
        return query is None or query.text in matches

    def _rule_for(self, channel: Channel, matches: frozenset[str], exempt_id: int | None) -> int | None:
        for rule in self.rules:
            if rule.channel_id in (None, channel.pk) and rule.id != exempt_id and rule.query.text in matches:
                return rule.id
        return None


def guard_of(channels: Iterable[Channel], rules: Iterable[IgnoreRule]) -> Guard | None:
    """None where nothing can be stopped. A query that cannot be understood stops nothing: nothing may be lost by it."""
    ours = list(channels)
    queries = {c.pk: query for c in ours if (query := understood(c.query, f"channel {c.pk}")) is not None}
    ids = {channel.pk for channel in ours}
    found = tuple(
        Rule(rule.pk, rule.channel_id, query)
        for rule in rules
        if rule.is_active
        and (rule.channel_id is None or rule.channel_id in ids)
        and (query := understood(rule.query, f"ignore rule {rule.pk}")) is not None
    )
    return Guard(queries, found) if queries or found else None


def understood(text: str, whose: str) -> Query | None:
    """None when there is none, or none that can be understood."""
    try:
        query = parse(text)
    except QueryError as error:
        logger.error("The query of %s is not understood and stops nothing: %s", whose, error)
        return None
    return query if query.root is not None else None
