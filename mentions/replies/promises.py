"""Whatever a person sends from the desk is one state machine: a reply, a post, a like, a deletion.

    resting → handed → sent → deleted         resting → undone | blocked
                 ↓ ↑ again                    handed → undone, as long as the outbox has not begun
              failed | uncertain → sent       sent → failed: it came back

The moves are those of the outbox (`channels.outbox.states.MOVES`), seen through `STAGE_OF`, and the few that happen
before it. A reply keeps its stage in its own row, since its undo window and its guard are the desk's; the others are
outbox items. What the desk says is a promise: *undone* is never posted, *deleted* is done or said to have failed.
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
    State.QUEUED: Stage.HANDED,
    State.RETRYING: Stage.HANDED,
    State.SENDING: Stage.HANDED,
    State.SENT: Stage.SENT,
    State.UNCERTAIN: Stage.UNCERTAIN,
    State.FAILED: Stage.FAILED,
    State.CANCELLED: Stage.UNDONE,
}
_BEFORE_THE_OUTBOX = {Stage.RESTING: {Stage.UNDONE, Stage.BLOCKED, Stage.HANDED}}
_BESIDE_THE_OUTBOX = {
    # The deletion of a reply is an item of its own. (A reply that an admin cancels in the outbox has failed.)
    Stage.SENT: {Stage.DELETED},
    Stage.FAILED: {Stage.DELETED},
}
OVER = frozenset({Stage.UNDONE, Stage.BLOCKED, Stage.DELETED})
"""Nothing more becomes of a reply."""


def _next_of(stage: Stage) -> frozenset[Stage]:
    states = [state for state, seen_as in STAGE_OF.items() if seen_as == stage]
    seen = {STAGE_OF[target] for state in states for target in MOVES[state]} - {stage}
    own = _BEFORE_THE_OUTBOX.get(stage, set()) | _BESIDE_THE_OUTBOX.get(stage, set())
    return frozenset() if stage in OVER else frozenset(seen | own)


NEXT: Mapping[Stage, frozenset[Stage]] = {stage: _next_of(stage) for stage in Stage}


def reachable(stage: Stage) -> frozenset[Stage]:
    """Where a reply may be found next: the outbox may have made several moves before the desk looks again."""
    found, todo = set(NEXT[stage]), list(NEXT[stage])
    while todo and stage != Stage.RESTING:
        more = NEXT[todo.pop()] - found
        found |= more
        todo += more
    return frozenset(found - {stage})


class WrongMove(Exception):
    """There is no way from where the reply is to where somebody wants it."""


def move(reply: Reply, stage: str, why: str = "") -> None:
    """A reply that the caller has locked goes on to `stage`. Raises WrongMove: a mistake of ours, never of a person."""
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
    """Have something done once: (the item, whether this call set it going). What failed under this key is tried again,
    as asked for now; what is under way or done stays as it is. In the caller's transaction."""
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
    """Of the deletion of what was sent under `key`: the same for two clicks, so that they delete it once."""
    return uuid5(key, "delete")


def deletions_of(keys: list[UUID]) -> dict[UUID, OutboundItem]:
    """What became of the deletions of these: by the key of what is deleted; missing where nobody has asked for one."""
    by_deletion = {deletion_key(key): key for key in keys}
    if not keys:
        return {}
    found = OutboundItem.objects.filter(key__in=by_deletion)
    return {by_deletion[item.key]: item for item in found}


def may_be_asked_again(item: OutboundItem | None) -> bool:
    """Whether a button to ask for it makes sense: nobody has yet, or it failed."""
    return item is None or STAGE_OF[item.state] in (Stage.FAILED, Stage.UNDONE)


def stage_of(item: OutboundItem, now: datetime) -> Stage:
    """Of what is no reply. It rests while nothing of it was tried and its time has not come."""
    rests = item.state == State.QUEUED and item.attempts == 0 and item.not_before > now
    return Stage.RESTING if rests else STAGE_OF[item.state]


def why_of(item: OutboundItem) -> dict[str, Any]:
    """For an event or a page: what the platform said."""
    return {"outbound": item.pk, "why": item.error}
