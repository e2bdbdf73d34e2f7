"""The outbox's interface: everything the desk sends is queued once per key, posted at most once, and never silently
lost.

Other floors call this module. Transitions are in `states` (`MOVES`), sending in `sending`, recovery in `recovery`, own
posts in `reconciliation`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from channels.contract import Json
from channels.db.payloads import storable
from channels.dispatch import delivery_after_commit, task_after_commit
from channels.models import OutboundItem
from channels.outbox import issues, personal, states, webhooks
from channels.outbox.reconciliation import mail_id, settle_by_own_posts
from channels.outbox.recovery import recover
from channels.outbox.sending import make_outgoing, payload_of, send_due

__all__ = [
    "NewerWasSent",
    "WrongState",
    "ask_again",
    "cancel",
    "enqueue",
    "mark_bounced",
    "mark_sent",
    "recover",
    "retry",
    "send_due",
    "settle_by_own_posts",
]

State = OutboundItem.State
RETRYABLE = (State.FAILED, State.UNCERTAIN, State.RETRYING, State.CANCELLED)
CANCELLABLE = states.WAITING
_SETTLED = (State.FAILED, State.CANCELLED, State.UNCERTAIN)
_KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}@")
MARKABLE = (State.UNCERTAIN, State.FAILED, State.RETRYING)


class WrongState(Exception):
    """The item's state has changed and no longer allows this; `state` is the current one."""

    def __init__(self, message: str, state: str) -> None:
        super().__init__(message)
        self.state = state


def enqueue(
    *,
    key: UUID | str,
    kind: str,
    connection_id: int | None,
    conversation: str,
    payload: Mapping[str, Json],
    not_before: datetime,
    sent_as_id: int | None = None,
    created_at: datetime | None = None,
) -> OutboundItem:
    """Queue one item; a known key returns the existing item, unchanged.

    `payload`: fields of `contract.Outgoing` (reply) or `contract.NewIssue` (issue), {"external_id"} (delete, like, also
    with "assignees": assign), Slack's arguments (slack). Items
    of one `conversation` are sent one after the other. `sent_as_id`: the user who sends it; it is sent from their
    current account on the platform or not at all. `created_at`: when it was written, if not now; the platform is
    searched from then on. Raises ValueError for a payload that can never be sent.
    """
    if sent_as_id is not None and connection_id is not None:
        payload = {**payload, **personal.account_entry(sent_as_id, connection_id)}
    _check(str(key), kind, connection_id, payload)
    with transaction.atomic():
        item, created = OutboundItem.objects.get_or_create(
            key=key,
            defaults={
                "kind": kind,
                "connection_id": connection_id,
                "conversation": conversation[:600],
                "payload": storable(dict(payload)),
                "not_before": not_before,
                "sent_as_id": sent_as_id,
                **({} if created_at is None else {"created_at": created_at}),
            },
        )
        item.__dict__["is_new"] = created
        if created:
            delivery_after_commit(item.pk, State.QUEUED)
            task_after_commit("channels.send_due")
    return item


def cancel(outbound_id: int, now: datetime | None = None) -> None:
    """Cancel an item that isn't sent yet. Raises WrongState."""
    _move(outbound_id, CANCELLABLE, State.CANCELLED, error="")


class NewerWasSent(WrongState):
    """The reply would appear next to or below a newer one, so a person must confirm."""


@transaction.atomic
def retry(outbound_id: int, now: datetime, *, beside_newer: bool = False) -> None:
    """Send an item (again) on a person's request: from failed, uncertain, waiting or cancelled. Raises WrongState, and
    NewerWasSent unless `beside_newer` confirms a newer reply."""
    if not beside_newer and _newer_than(outbound_id).exists():
        state = OutboundItem.objects.values_list("state", flat=True).get(pk=outbound_id)
        raise NewerWasSent(
            _("A newer reply was sent in this conversation. Check it; if this one is still needed, send it anyway."),
            state,
        )
    _move(outbound_id, RETRYABLE, State.QUEUED, **_afresh(now))
    task_after_commit("channels.send_due")


def ask_again(outbound_id: int, now: datetime, *, payload: Mapping[str, Json], sent_as_id: int | None) -> bool:
    """Queue a repeatable item (a deletion, a like) again after it failed or was cancelled, with the new payload and
    sender. Returns whether this call queued it."""
    item = OutboundItem.objects.filter(pk=outbound_id, state__in=(State.FAILED, State.CANCELLED))
    connection_id = item.values_list("connection_id", flat=True).first()
    if sent_as_id is not None and connection_id is not None:
        payload = {**payload, **personal.account_entry(sent_as_id, connection_id)}
    values = {"payload": storable(dict(payload)), "sent_as_id": sent_as_id, **_afresh(now)}
    is_going = bool(states.change(item, State.QUEUED, **values))
    if is_going:
        task_after_commit("channels.send_due")
    return is_going


def _afresh(now: datetime) -> dict[str, object]:
    return {
        "attempts": 0,
        "attempt_token": None,
        "not_before": now,
        "error": "",
        "uncertain_since": None,
        "checks": 0,
        "held_at": None,
    }


def _newer_than(outbound_id: int) -> QuerySet[OutboundItem]:
    """Later replies of the same conversation that were sent or are about to be."""
    item = OutboundItem.objects.get(pk=outbound_id)
    later = OutboundItem.objects.filter(conversation=item.conversation, kind=OutboundItem.Kind.REPLY)
    later = later.filter(pk__gt=item.pk).exclude(state__in=(State.FAILED, State.CANCELLED))
    return later if item.kind == OutboundItem.Kind.REPLY and item.state in _SETTLED else later.none()


def mark_sent(outbound_id: int, url: str, now: datetime, external_id: str = "") -> None:
    """Mark an item as sent because a person has seen it on the platform, at `url`. `sent_at` is the time of the
    attempt, not of the check. Raises WrongState."""
    _move(
        outbound_id,
        MARKABLE,
        State.SENT,
        url=url,
        external_id=external_id or mail_id(OutboundItem.objects.get(pk=outbound_id)),
        sent_at=Coalesce(F("uncertain_since"), Value(now)),
        error="",
        attempt_token=None,
        uncertain_since=None,
    )


def mark_bounced(connection_id: int, external_id: str, error: str, recipient: str | None = None) -> int | None:
    """Mark a delivered email as bounced: sent (or uncertain) → failed, with the reason. Returns the outbound item's id;
    None if the message isn't ours or only a Cc (`recipient`) bounced."""
    is_sent = Q(external_id=external_id, state=State.SENT)
    if _KEY.match(external_id):
        is_sent |= Q(key=external_id.partition("@")[0], state=State.UNCERTAIN)
    sent = OutboundItem.objects.filter(is_sent, connection_id=connection_id, kind=OutboundItem.Kind.REPLY)
    item = sent.order_by("pk").first()
    if item is None:
        return None
    recipients = [str(each).lower() for each in payload_of(item).get("recipients") or ()]
    if recipient and recipients and recipient.lower() not in recipients:
        return None
    moved = states.change(sent.filter(pk=item.pk), State.FAILED, error=error, uncertain_since=None)
    return item.pk if moved else None


def _move(outbound_id: int, sources: tuple[str, ...], target: str, **values: object) -> None:
    item: QuerySet[OutboundItem] = OutboundItem.objects.filter(pk=outbound_id)
    if states.change(item.filter(state__in=sources), target, **values):
        return
    current = item.values_list("state", flat=True).get()
    label = State(current).label
    raise WrongState(_("It cannot be changed now. Its state: %(state)s.") % {"state": label}, current)


def _check(key: str, kind: str, connection_id: int | None, payload: Mapping[str, Json]) -> None:
    UUID(key)
    if kind not in OutboundItem.Kind.values:
        raise ValueError(f"unknown kind {kind!r}")
    if kind == OutboundItem.Kind.SLACK:
        needed: tuple[str, ...] = ("channel", "text")
    elif kind == OutboundItem.Kind.SLACK_EDIT:
        needed = ("channel", "ts", "text")
    elif kind == OutboundItem.Kind.WEBHOOK:
        needed = webhooks.NEEDED
    elif connection_id is None:
        raise ValueError(f"a {kind} needs a connection")
    else:
        needed = ("text",) if kind == OutboundItem.Kind.REPLY else issues.NEEDED.get(kind, ("external_id",))
    missing = [name for name in needed if not payload.get(name)]
    if missing:
        raise ValueError(f"{kind} without {', '.join(missing)}")
    if kind == OutboundItem.Kind.REPLY:
        make_outgoing(key, payload)
