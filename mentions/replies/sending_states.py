"""One state machine for everything people send from the desk: replies, posts, likes, deletions.

    scheduled → queued → sent → deleted       scheduled → undone | blocked
                  ↓ ↑ again                   queued → undone, until the outbox starts on it
               failed | uncertain → sent      sent → failed: it bounced

The moves are those of the outbox (`channels.outbox.states.MOVES`), mapped by `STAGE_OF`, and the few before it. A
reply stores its stage in its own row, since its undo window and guard belong to the desk; the others are outbox items.
A state can be relied on: an *undone* reply is never posted, a deletion either happens or is reported as failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from channels.contract import Json
from channels.models import OutboundItem
from channels.outbox import outbox
from channels.outbox.states import MOVES
from mentions.models import Reply
from mentions.notifications import delivery_problems

Stage = Reply.State
State = OutboundItem.State

STAGE_OF: Mapping[str, Stage] = {
    State.QUEUED: Stage.QUEUED,
    State.RETRYING: Stage.QUEUED,
    State.SENDING: Stage.QUEUED,
    State.SENT: Stage.SENT,
    State.UNCERTAIN: Stage.UNCERTAIN,
    State.FAILED: Stage.FAILED,
    State.CANCELLED: Stage.UNDONE,
}
_BEFORE_THE_OUTBOX = {Stage.SCHEDULED: {Stage.UNDONE, Stage.BLOCKED, Stage.QUEUED}}
_BESIDE_THE_OUTBOX = {
    # A reply's deletion is a separate item. (A reply that an admin cancels in the outbox has failed.)
    Stage.SENT: {Stage.DELETED},
    Stage.FAILED: {Stage.DELETED},
}
OVER = frozenset({Stage.UNDONE, Stage.BLOCKED, Stage.DELETED})
"""Final stages of a reply."""


def _next_of(stage: Stage) -> frozenset[Stage]:
    states = [state for state, mapped_stage in STAGE_OF.items() if mapped_stage == stage]
    through_outbox = {STAGE_OF[target] for state in states for target in MOVES[state]} - {stage}
    outside_outbox = _BEFORE_THE_OUTBOX.get(stage, set()) | _BESIDE_THE_OUTBOX.get(stage, set())
    return frozenset() if stage in OVER else frozenset(through_outbox | outside_outbox)


NEXT: Mapping[Stage, frozenset[Stage]] = {stage: _next_of(stage) for stage in Stage}


def reachable(stage: Stage) -> frozenset[Stage]:
    """Stages that a reply may be in when the desk looks again: the outbox may have made several moves by then."""
    found, todo = set(NEXT[stage]), list(NEXT[stage])
    while todo and stage != Stage.SCHEDULED:
        more = NEXT[todo.pop()] - found
        found |= more
        todo += more
    return frozenset(found - {stage})


class WrongMove(Exception):
    """No transition leads from the reply's stage to the requested one."""


def move(reply: Reply, stage: str, why: str = "") -> None:
    """Move a reply locked by the caller to `stage`. Raises WrongMove: a bug, never a user error."""
    if stage not in reachable(Stage(reply.state)):
        raise WrongMove(f"reply {reply.pk} cannot go from {reply.state} to {stage}")
    reply.state, reply.error = Stage(stage), why
    reply.save(update_fields=["state", "error"])


def ask(
    *,
    key: UUID,
    kind: str,
    connection_id: int,
    conversation: str,
    payload: Mapping[str, Json],
    sent_as_id: int | None,
    now: datetime,
) -> tuple[OutboundItem, bool]:
    """Request an action once: returns (item, whether this call started it). A failed request under this key is retried
    with the new arguments; one under way or done stays unchanged. Runs in the caller's transaction."""
    item = outbox.enqueue(
        key=key,
        kind=kind,
        connection_id=connection_id,
        conversation=conversation,
        payload=payload,
        not_before=now,
        sent_as_id=sent_as_id,
    )
    is_new = item.__dict__.pop("is_new", False)
    if is_new or STAGE_OF[item.state] not in (Stage.FAILED, Stage.UNDONE):
        return item, is_new
    is_going = outbox.ask_again(item.pk, now, payload=payload, sent_as_id=sent_as_id)
    if is_going:
        delivery_problems.settle_item(item, delivery_problems.How.AGAIN, now)
    item.refresh_from_db()
    return item, is_going


def deletion_key(key: UUID) -> UUID:
    """Key for deleting the item sent under `key`: stable, so two clicks delete it once."""
    return uuid5(key, "delete")


def deletions_of(keys: list[UUID]) -> dict[UUID, OutboundItem]:
    """Key of the deleted item → its deletion; keys without a deletion request are missing."""
    by_deletion = {deletion_key(key): key for key in keys}
    if not keys:
        return {}
    found = OutboundItem.objects.filter(key__in=by_deletion)
    return {by_deletion[item.key]: item for item in found}


def may_be_asked_again(item: OutboundItem | None) -> bool:
    """Whether to offer the button: not requested yet, or failed."""
    return item is None or STAGE_OF[item.state] in (Stage.FAILED, Stage.UNDONE)


def stage_of(item: OutboundItem, now: datetime) -> Stage:
    """The stage of an item other than a reply. It is scheduled while it is not due and no attempt was made."""
    rests = item.state == State.QUEUED and item.attempts == 0 and item.not_before > now
    return Stage.SCHEDULED if rests else STAGE_OF[item.state]


def why_of(item: OutboundItem) -> dict[str, Any]:
    """What the platform said, for an event or a page."""
    return {"outbound": item.pk, "why": item.error}
