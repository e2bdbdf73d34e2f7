"""Decides whether the queries of its channels or the ignore rules stop a mention. Pure.

Only new conversations are stopped. The caller (`mentions.ingest`) decides that; this module only finds what would stop
a mention.
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


class Exclusion(NamedTuple):
    """Why a mention is stopped: `why` as in `InboundItem.ignored_why`, and the rule, if any."""

    why: str
    rule_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    id: int
    channel_id: int | None
    """None: all channels."""
    query: Query


@dataclass(frozen=True, slots=True)
class Guard:
    """The queries and rules of one connection, compiled."""

    queries: dict[int, Query]
    """By channel; a channel without a query accepts everything."""
    rules: tuple[Rule, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Texts of all queries and rules, to evaluate on a mention."""
        return tuple(sorted({query.text for query in (*self.queries.values(), *(rule.query for rule in self.rules))}))

    def judge(
        self, matches: frozenset[str], channels: Sequence[Channel], exempt: Exclusion | None = None
    ) -> tuple[list[Channel], Exclusion | None]:
        """Returns (the channels that accept the mention, None), or (all channels, what stops it). `matches`: the
        `texts` that match the mention, evaluated in the parsing process because a hostile text can kill the process
        that searches it. `exempt`: the stop that an admin has overridden."""
        applies_queries = exempt is None or exempt.why != Why.QUERY
        matched = [channel for channel in channels if not applies_queries or self._is_asked_for(channel, matches)]
        if not matched:
            return list(channels), Exclusion(Why.QUERY)
        stopped = [self._rule_for(channel, matches, exempt.rule_id if exempt else None) for channel in matched]
        accepting = [channel for channel, rule_id in zip(matched, stopped, strict=True) if rule_id is None]
        return (accepting, None) if accepting else (list(channels), Exclusion(Why.RULE, stopped[0]))

    def _is_asked_for(self, channel: Channel, matches: frozenset[str]) -> bool:
        query = self.queries.get(channel.pk)
        return query is None or query.text in matches

    def _rule_for(self, channel: Channel, matches: frozenset[str], exempt_id: int | None) -> int | None:
        for rule in self.rules:
            if rule.channel_id in (None, channel.pk) and rule.id != exempt_id and rule.query.text in matches:
                return rule.id
        return None


def guard_of(channels: Iterable[Channel], rules: Iterable[IgnoreRule]) -> Guard | None:
    """The compiled queries and rules of a connection; None if nothing can be stopped. An invalid query stops nothing,
    so it can't lose mentions."""
    ours = list(channels)
    queries = {c.pk: query for c in ours if (query := understood(c.query, f"channel {c.pk}")) is not None}
    ids = {channel.pk for channel in ours}
    active_rules = tuple(
        Rule(rule.pk, rule.channel_id, query)
        for rule in rules
        if rule.is_active
        and (rule.channel_id is None or rule.channel_id in ids)
        and (query := understood(rule.query, f"ignore rule {rule.pk}")) is not None
    )
    return Guard(queries, active_rules) if queries or active_rules else None


def understood(text: str, owner: str) -> Query | None:
    """The parsed query; None if it is empty or invalid."""
    try:
        query = parse(text)
    except QueryError as error:
        logger.error("The query of %s is not understood and stops nothing: %s", owner, error)
        return None
    return query if query.root is not None else None
