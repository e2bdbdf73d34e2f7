"""Sends due items: an attempt begins in a short transaction, sends outside any, and is settled by the holder of its
token."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, cast

from django.utils.translation import gettext as _

from channels.clocks import Clock, clock_from
from channels.contract import Capability, Json, Outgoing, Receipt
from channels.db.payloads import restored
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient
from channels.http import deadlines
from channels.models import OutboundItem
from channels.outbox import hold_sending, issues, personal, states, webhooks
from channels.registry.configs import ConnectionSource
from channels.registry.finding_adapters import UnknownPlatform, all_adapters
from channels.secrets.vault import without_secrets
from channels.slack import api

logger = logging.getLogger(__name__)

MAX_ITEMS_PER_RUN = 50
MAX_RUN_S = 60
"""No item starts after this: even with the longest request of any platform, a run ends within the tasks' soft limit."""
STILL_WORKING_S = 30
"""How long a platform may still be working on a request whose answer we no longer wait for."""
_OUTGOING_FIELDS = frozenset(field.name for field in fields(Outgoing)) - {"key"}
_OURS = frozenset(("key", personal.ACCOUNT))


def send_due(now: datetime, limit: int = MAX_ITEMS_PER_RUN) -> int:
    """Send due items one by one, bounded in number and time; any number of workers may run concurrently. Sends nothing
    while sending is held back."""
    if hold_sending.why_held_back():
        return 0
    clock = clock_from(now)
    for count in range(limit):
        if clock() - now > timedelta(seconds=MAX_RUN_S):
            return count
        item = states.begin_attempt(clock(), request_s)
        if item is None:
            return count
        deliver(item, clock)
    return limit


def send_one(outbound_id: int, now: datetime) -> bool:
    """Send this item in the calling process, for items that can't wait for a worker; returns whether it was due."""
    clock = clock_from(now)
    item = None if hold_sending.why_held_back() else states.begin_attempt(clock(), request_s, only=outbound_id)
    if item is None:
        return False
    deliver(item, clock)
    return True


def deliver(item: OutboundItem, clock: Clock) -> None:
    """Send one item whose attempt has begun, and record the outcome. Never raises for a platform's failure."""
    token = item.attempt_token
    if token is None or item.sending_until is None:
        raise ValueError("only an item whose attempt has begun can be delivered")
    try:
        perform = _prepared(item)
    except (ChannelError, UnknownPlatform, Connectionless) as error:
        states.mark_failed(item.pk, token, error_text(error))
        return
    except Exception as error:
        logger.exception("Preparing %s %s failed.", item.kind, item.key)
        message = _("Internal error before anything was sent (%(kind)s).") % {"kind": type(error).__name__}
        states.mark_failed(item.pk, token, message)
        return
    if clock() > item.sending_until - timedelta(seconds=request_s(item)):
        # This process stalled after the attempt began. A request sent now could still be running when another looks for
        # the post.
        states.drop_attempt(item.pk, token, clock())
        return
    try:
        with deadlines.write_within(request_s(item)):
            receipt = perform()
    except ChannelError as error:
        _settle_error(item, error, clock())
    except Exception as error:
        logger.exception("Sending %s %s failed with an unexpected error.", item.kind, item.key)
        _uncertain(item, _unexpected(error), clock())
    else:
        states.mark_sent(
            item.pk,
            token,
            external_id=receipt.external_id,
            url=receipt.url,
            receipt=receipt_json(receipt),
            at=receipt.posted_at or clock(),
        )


class Connectionless(ChannelError):
    """An item that needs a connection has none."""


def _prepared(item: OutboundItem) -> Callable[[], Receipt]:
    """A function that sends the item. Raises what is known to be wrong before sending."""
    if item.kind == OutboundItem.Kind.SLACK:
        return lambda: api.post(payload_of(item), str(item.key))
    if item.kind == OutboundItem.Kind.SLACK_EDIT:
        return lambda: api.update(payload_of(item))
    if item.kind == OutboundItem.Kind.WEBHOOK:
        return webhooks.prepared(str(item.key), payload_of(item))
    source = _source(item)
    adapter, config = source.adapter, source.config
    if item.kind == OutboundItem.Kind.REPLY:
        _require(source, Capability.SEND, _("does not take replies from the desk; reply on the platform"))
        outgoing = outgoing_of(item, source)
        return lambda: adapter.send(config, outgoing)
    if item.kind in issues.KINDS:
        return issues.prepared(item.kind, str(item.key), payload_of(item), source)
    external_id = str(payload_of(item)["external_id"])
    if item.kind == OutboundItem.Kind.DELETE:
        _require(source, Capability.DELETE, _("cannot delete replies from the desk; delete it on the platform"))
        return lambda: _deleted(source, external_id)
    _require(source, Capability.LIKE, _("does not support likes from the desk"))
    return lambda: _liked(source, external_id)


def _deleted(source: ConnectionSource, external_id: str) -> Receipt:
    source.adapter.delete(source.config, external_id)
    return Receipt(external_id)


def _liked(source: ConnectionSource, external_id: str) -> Receipt:
    source.adapter.like(source.config, external_id)
    return Receipt(external_id)


def _require(source: ConnectionSource, capability: Capability, otherwise: str) -> None:
    if not source.adapter.can(capability):
        raise Rejected(f"{source.adapter.label} {otherwise}.")


def _source(item: OutboundItem) -> ConnectionSource:
    if item.connection_id is None:
        raise Connectionless(_("This item has no connection, so there is nowhere to send it."))
    account = str(payload_of(item).get(personal.ACCOUNT) or "")
    return personal.source_as(item.sent_as_id, item.connection_id, account)


def _settle_error(item: OutboundItem, error: ChannelError, now: datetime) -> None:
    """Record a failed attempt by the error's class. Transient and RateLimited: nothing was accepted. Rejected and
    AuthFailed: nothing will be."""
    if isinstance(error, Transient):
        _retry_or_give_up(item, error, now)
    elif isinstance(error, Rejected | AuthFailed):
        if isinstance(error, AuthFailed) and item.sent_as_id is not None and item.connection_id is not None:
            personal.mark_refused(item.sent_as_id, item.connection_id, error_text(error))
        states.mark_failed(item.pk, _token(item), error_text(error))
    else:  # Uncertain, or an unreadable response that may mean success
        _uncertain(item, error_text(error), now)


def _retry_or_give_up(item: OutboundItem, error: ChannelError, now: datetime) -> None:
    if item.attempts >= states.MAX_ATTEMPTS:
        given_up = _("Gave up after %(count)d attempts. Last error: %(error)s")
        states.mark_failed(item.pk, _token(item), given_up % {"count": item.attempts, "error": error_text(error)})
        return
    wait_s = states.backoff_s(item.attempts, retry_wait_s(error, now))
    states.schedule_retry(item.pk, _token(item), error_text(error), now + timedelta(seconds=wait_s))


def retry_wait_s(error: ChannelError, now: datetime) -> float | None:
    """Seconds that the platform asks us to wait, None if it doesn't say."""
    retry_after_s = error.retry_after_s if isinstance(error, Transient) else None
    if isinstance(error, RateLimited) and error.until is not None:
        retry_after_s = max(retry_after_s or 0, (error.until - now).total_seconds())
    return retry_after_s


def _uncertain(item: OutboundItem, error: str, now: datetime) -> None:
    if item.kind in states.REPEATABLE:
        _retry_or_give_up(item, Transient(error), now)
        return
    text, check_at = uncertainty(item, error, now)
    states.mark_uncertain(states.of_attempt(item.pk, _token(item)), text, now, check_at)


def uncertainty(item: OutboundItem, error: str, now: datetime) -> tuple[str, datetime]:
    """(the error text for an uncertain item, the time by which its post must be visible if it exists)."""
    timeout_s, lag_s, label, provable = outlook(item)
    if provable:
        hint = _("The desk checks %(platform)s for it before sending anything again.")
    else:
        hint = _(
            "%(platform)s cannot confirm whether it arrived. Check there: if it did, mark it as sent; if not, send it "
            "again."
        )
    check_at = now + timedelta(seconds=min(timeout_s, STILL_WORKING_S) + lag_s)
    return f"{error} {hint % {'platform': label}}", check_at


def outlook(item: OutboundItem) -> tuple[float, float, str, bool]:
    """(longest duration of sending in seconds, index lag in seconds, label, whether own posts can be searched)."""
    if item.kind in (OutboundItem.Kind.SLACK, OutboundItem.Kind.SLACK_EDIT):
        return api.REQUEST_TIMEOUT_S, api.INDEX_LAG_S, "Slack", True
    if item.kind == OutboundItem.Kind.WEBHOOK:
        return webhooks.REQUEST_TIMEOUT_S, 0.0, "CRM", False
    connection = item.connection
    adapter = all_adapters().get(connection.platform) if connection is not None else None
    if adapter is None:
        return 30.0, 60.0, connection.platform if connection is not None else "?", False
    proof = Capability.ISSUES if item.kind == OutboundItem.Kind.ISSUE else Capability.FIND_OWN
    return adapter.request_timeout_s, adapter.index_lag_s, adapter.label, adapter.can(proof)


def request_s(item: OutboundItem) -> float:
    """The longest that sending the item can take, with all its requests, in seconds. `channels.http.deadlines` enforces
    it, so a worker that is silent for longer is lost."""
    return outlook(item)[0]


def payload_of(item: OutboundItem) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", restored(item.payload))


def outgoing_of(item: OutboundItem, source: ConnectionSource) -> Outgoing:
    outgoing = make_outgoing(str(item.key), payload_of(item))
    if outgoing.message_id is not None:
        return outgoing
    message_id = message_id_for(outgoing.key, outgoing.sender, str(source.config.setting("default_domain", "")))
    return make_outgoing(outgoing.key, {**payload_of(item), "message_id": message_id})


def make_outgoing(key: str, payload: Mapping[str, Json]) -> Outgoing:
    """Raises ValueError if the payload doesn't fit `Outgoing`."""
    unknown = set(payload) - _OUTGOING_FIELDS - _OURS
    if unknown or not isinstance(payload.get("text"), str):
        raise ValueError(f"not fields of Outgoing: {sorted(unknown)}, or no text")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in payload.items() if name not in _OURS
    }
    return Outgoing(key=key, **values)


def message_id_for(key: str, sender: str | None, default_domain: str) -> str | None:
    """The Message-ID of an email, the same on every attempt; None without a mail domain (other platforms)."""
    domain = (sender or "").rpartition("@")[2] if "@" in (sender or "") else default_domain
    return f"<{key}@{domain}>" if domain else None


def receipt_json(receipt: Receipt) -> dict[str, Json]:
    if isinstance(receipt, api.SlackReceipt):
        return {"ts": receipt.external_id, "channel": receipt.channel, "permalink": receipt.url}
    posted_at = receipt.posted_at.isoformat() if receipt.posted_at else None
    return {"external_id": receipt.external_id, "url": receipt.url, "posted_at": posted_at}


def error_text(error: Exception) -> str:
    return without_secrets(str(error)) or type(error).__name__


def _unexpected(error: Exception) -> str:
    return _("Internal error while sending (%(kind)s). The desk cannot tell whether it was posted.") % {
        "kind": type(error).__name__
    }


def _token(item: OutboundItem) -> Any:
    return item.attempt_token
