"""Settles inbox items: records their outcome, and the fingerprint that later fetches are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection as database

from channels.errors import fit
from channels.models import InboundItem
from channels.queries.ignoring import Exclusion

_READ = """parsed_at = %(now)s, error = '', digest = coalesce(n.fingerprint, i.digest), attempts = 0,
    lease_token = NULL, lease_until = NULL, unreadable_since = NULL, acknowledged_at = NULL"""
_SETTLE = f"""
UPDATE channels_inbounditem i SET state = %(state)s, ignored_why = '', ignored_by_id = NULL, {_READ}
  FROM unnest(%(ids)s::bigint[], %(prints)s::bytea[]) AS n (id, fingerprint) WHERE i.id = n.id
"""  # noqa: S608  (only constants of ours are filled in)
_STOP = f"""
UPDATE channels_inbounditem i SET state = 'ignored', ignored_why = n.why,
    ignored_by_id = (SELECT r.id FROM channels_ignorerule r WHERE r.id = n.rule), {_READ}
  FROM unnest(%(ids)s::bigint[], %(prints)s::bytea[], %(whys)s::text[], %(rules)s::bigint[])
    AS n (id, fingerprint, why, rule) WHERE i.id = n.id
"""  # noqa: S608


def finish(
    *,
    stored: Sequence[int] = (),
    ignored: Sequence[int] = (),
    stopped: Mapping[int, Exclusion] | None = None,
    failed: Mapping[int, str] | None = None,
    fingerprints: Mapping[int, bytes] | None = None,
    now: datetime,
) -> None:
    """Settle items. Call it in the transaction that stores their results. One statement per outcome. `ignored`: no
    mention; `stopped`: excluded by a query or a rule; `failed`: unreadable, and why. `fingerprints`: of what was
    parsed, to compare later fetches with."""
    prints = fingerprints or {}
    if stored:
        _settle(InboundItem.State.STORED, stored, prints, now)
    if ignored:
        _settle(InboundItem.State.IGNORED, ignored, prints, now)
    if stopped:
        _stop(stopped, prints, now)
    if failed:
        _fail(failed, now)


def _settle(state: str, ids: Sequence[int], prints: Mapping[int, bytes], now: datetime) -> None:
    with database.cursor() as cursor:
        found = [prints.get(pk) or None for pk in ids]
        cursor.execute(_SETTLE, {"state": state, "ids": list(ids), "prints": found, "now": now})


def _stop(stopped: Mapping[int, Exclusion], prints: Mapping[int, bytes], now: datetime) -> None:
    """A rule deleted meanwhile is stored as null."""
    parameters: dict[str, Any] = {
        "ids": list(stopped),
        "prints": [prints.get(pk) or None for pk in stopped],
        "whys": [str(each.why) for each in stopped.values()],
        "rules": [each.rule_id for each in stopped.values()],
        "now": now,
    }
    with database.cursor() as cursor:
        cursor.execute(_STOP, parameters)


def _fail(failed: Mapping[int, str], now: datetime) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_inbounditem SET state = 'failed', parsed_at = %s, error = n.error, "
            "lease_token = NULL, lease_until = NULL, unreadable_since = coalesce(unreadable_since, %s), "
            "attempts = greatest(attempts, 1) "
            "FROM unnest(%s::bigint[], %s::text[]) AS n (id, error) WHERE channels_inbounditem.id = n.id",
            [now, now, list(failed), [fit(error) for error in failed.values()]],
        )
