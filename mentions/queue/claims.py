"""Claims: a ticket is claimed by a lease with a fencing token, renewed by a heartbeat.

A claim is one short transaction of two statements, sent together and planned once per connection. The first releases
the advocate's own expired lease; the second finds, locks, claims and records. The scan follows the queue's partial
index (`queued_at, id`), skips tickets that another transaction has locked, and applies the view's filters.

Order: the ticket the advocate already holds, then tickets assigned to them (follow-ups to their conversations, tickets
they parked), then the oldest in the view. A follow-up is reserved for an on-shift assignee for
`FOLLOW_UP_GRACE_MINUTES` after its last message; then anybody gets it. On shift means what they set (`shift_until`) or,
if unset, any activity on the desk within `PRESENT_MINUTES`.

The sweep that ends expired claims is in `mentions.queue.claim_expiry`.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from mentions.db import locks, prepared
from mentions.db.sql import all_of
from mentions.models import Event, EventKind, Preference, Ticket, View
from mentions.people import access
from mentions.queue import view_filters

FOLLOW_UP_GRACE_MINUTES = 20
PRESENT_MINUTES = 30


class ClaimLost(Exception):
    """The token is stale: the lease expired and somebody else holds the ticket, or the claim was taken away."""

    def __init__(self, ticket_id: int) -> None:
        super().__init__(_("Ticket #%(id)s is no longer yours: your claim on it has ended.") % {"id": ticket_id})
        self.ticket_id = ticket_id


class AlreadyClaimed(Exception):
    """Somebody else holds the ticket. `by` is a user."""

    def __init__(self, ticket: Ticket) -> None:
        by = ticket.claimed_by
        name = (by.get_full_name() or by.get_username()) if by else _("somebody")
        super().__init__(_("%(name)s is working on ticket #%(id)s.") % {"name": name, "id": ticket.pk})
        self.ticket_id = ticket.pk
        self.by = by


class HoldsAnother(Exception):
    """One claim per advocate: park, finish or hand back `ticket_id` first."""

    def __init__(self, ticket_id: int) -> None:
        super().__init__(_("You hold ticket #%(id)s. Park it, finish it or hand it back first.") % {"id": ticket_id})
        self.ticket_id = ticket_id


# Claims to end: expired ones, and tickets that have been hidden from their holder since they were claimed.
_IS_ENDED = f"(claimed_by_id = %(me)s AND (claim_expires_at <= %(now)s OR NOT {access.VISIBLE.sql}))"


def _release_sql(condition: str) -> str:
    return f"""
WITH gone AS (
    UPDATE mentions_ticket SET claimed_by_id = NULL, claim_token = NULL, claim_expires_at = NULL
    WHERE {condition} RETURNING id
)
INSERT INTO mentions_event (ticket_id, at, actor_id, kind, data)
SELECT id, %(now)s, NULL, 'expired', jsonb_build_object('by', %(me)s) FROM gone
"""  # noqa: S608


_RELEASE = _release_sql(_IS_ENDED)
# For a transaction that already holds a ticket's lock: it must not wait for another. A ticket that somebody else has
# locked (they may be waiting for ours) is skipped.
_RELEASE_UNLOCKED = _release_sql(
    f"id IN (SELECT id FROM mentions_ticket WHERE {_IS_ENDED} FOR UPDATE OF mentions_ticket SKIP LOCKED)"  # noqa: S608
)
_LOCK_BOTH = f"""
SELECT id FROM mentions_ticket WHERE id = %(ticket)s OR {_IS_ENDED}
ORDER BY id FOR UPDATE OF mentions_ticket
"""  # noqa: S608

_IS_UNCLAIMED = "(mentions_ticket.claimed_by_id IS NULL OR mentions_ticket.claim_expires_at <= %(now)s)"

# Evaluated per candidate, only for tickets this advocate has handed back.
_NOT_HANDED_BACK = """NOT EXISTS (
    SELECT 1 FROM mentions_handback h WHERE h.ticket_id = mentions_ticket.id AND h.user_id = %(me)s
      AND NOT EXISTS (SELECT 1 FROM mentions_message m WHERE m.ticket_id = h.ticket_id
        AND m.ingested_at > h.at AND m.direction = 'in' AND NOT m.is_auto))"""

# Not a follow-up reserved for an assignee who is present. A lease that expired since its last message means that they
# aren't.
_NOT_RESERVED = """(mentions_ticket.first_reply_at IS NOT NULL
    AND mentions_ticket.assignee_id <> %(me)s AND mentions_ticket.claimed_by_id IS NULL
    AND mentions_ticket.last_message_at > %(kept_since)s
    AND COALESCE(
        (SELECT p.shift_until > %(now)s FROM mentions_preference p WHERE p.user_id = mentions_ticket.assignee_id),
        EXISTS (SELECT 1 FROM mentions_event e
            WHERE e.actor_id = mentions_ticket.assignee_id AND e.at > %(present_since)s AND e.at <= %(now)s))
    AND NOT EXISTS (SELECT 1 FROM mentions_event x WHERE x.ticket_id = mentions_ticket.id
        AND x.kind = 'expired' AND x.at >= mentions_ticket.last_message_at)) IS NOT TRUE"""

_CLAIM = """
WITH claimed AS (
    SELECT id FROM mentions_ticket WHERE claimed_by_id = %(me)s AND claim_expires_at > %(now)s
), mine AS MATERIALIZED (
    SELECT id, status, claimed_by_id FROM mentions_ticket
    WHERE is_queued AND assignee_id = %(me)s AND {where} AND NOT EXISTS (SELECT 1 FROM claimed)
    ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
), others AS MATERIALIZED (
    SELECT id, status, claimed_by_id FROM mentions_ticket
    WHERE is_queued AND {where} AND {kept} AND NOT EXISTS (SELECT 1 FROM claimed) AND NOT EXISTS (SELECT 1 FROM mine)
    ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
), picked AS (
    SELECT *, 'mine' AS picked FROM mine UNION ALL SELECT *, 'others' FROM others
), taken AS (
    UPDATE mentions_ticket SET
        claimed_by_id = %(me)s, claim_token = gen_random_uuid(), claim_expires_at = %(expires)s,
        assignee_id = %(me)s,
        status = CASE mentions_ticket.status WHEN 'new' THEN 'open' ELSE mentions_ticket.status END
    FROM picked WHERE mentions_ticket.id = picked.id
    RETURNING {columns}
), recorded AS (
    INSERT INTO mentions_event (ticket_id, at, actor_id, kind, data)
    SELECT taken.id, %(now)s, %(me)s, 'claimed',
        jsonb_build_object('from', picked.status, 'to', taken.status, 'lost_by', picked.claimed_by_id,
            'picked', picked.picked, 'view', %(view)s::text)
    FROM taken JOIN picked ON picked.id = taken.id
)
SELECT {columns_taken} FROM taken
UNION ALL
SELECT {columns} FROM mentions_ticket WHERE id = (SELECT id FROM claimed)
"""


@lru_cache(maxsize=512)
def _statement(filters: str) -> tuple[str, dict[str, Any]]:
    """The claim statement for one view, and its filter values."""
    parts = all_of(view_filters.conditions(json.loads(filters)))
    where = "\n      AND ".join([_IS_UNCLAIMED, parts.sql, access.VISIBLE.sql, _NOT_HANDED_BACK])
    # By name: a column added while this process runs must not change the prepared statement's result.
    names = [str(f.column) for f in Ticket._meta.concrete_fields]
    columns = ", ".join(f"mentions_ticket.{name}" for name in names)
    sql = _CLAIM.format(where=where, kept=_NOT_RESERVED, columns=columns, columns_taken=", ".join(names))
    return sql, dict(parts.params)


def claim_next(user: Any, view: View | None, now: datetime) -> Ticket | None:
    """Claim and return the ticket to work on: the one that `user` already holds, or the next in the view (None: the
    whole queue). None when nothing is left for this advocate. The caller checks who may play."""
    filters = view.filters if view else {}
    if not view_filters.holds_queued(filters):
        return current(user, now)
    sql, values = _statement(json.dumps(filters, sort_keys=True))
    params = {
        **values,
        "me": user.pk,
        "now": now,
        "expires": now + lease(),
        "view": view.slug if view else "",
        "kept_since": now - timedelta(minutes=FOLLOW_UP_GRACE_MINUTES),
        "present_since": now - timedelta(minutes=PRESENT_MINUTES),
    }
    try:
        return _claim(sql, params)
    except IntegrityError:
        # The same advocate in two tabs: the other tab's claim counts too.
        return current(user, now)


def _claim(sql: str, params: dict[str, Any]) -> Ticket | None:
    rows = prepared.run_together([(_RELEASE, params), (sql, params)])
    names = [f.attname for f in Ticket._meta.concrete_fields]
    return Ticket.from_db(connection.alias, names, rows[0]) if rows else None


def lease() -> timedelta:
    return timedelta(seconds=settings.CLAIM_LEASE_SECONDS)


def current(user: Any, now: datetime) -> Ticket | None:
    """The ticket this person holds."""
    return Ticket.objects.claimed_by(user, now).first()


def claim(user: Any, ticket_id: int, now: datetime) -> Ticket:
    """Claim a specific ticket, whatever its status (from the list, or something urgent). Claiming one's own ticket
    again keeps the token. Raises AlreadyClaimed, HoldsAnother, Ticket.DoesNotExist."""
    try:
        return _claim_this(user, ticket_id, now)
    except IntegrityError as error:  # a race: the same advocate claimed another ticket in another tab
        claimed = current(user, now)
        raise HoldsAnother(claimed.pk if claimed else ticket_id) from error


@transaction.atomic
def _claim_this(user: Any, ticket_id: int, now: datetime) -> Ticket:
    with connection.cursor() as cursor:
        # Lock both tickets in id order, the one to claim and the one to release: two people may want each other's.
        cursor.execute(_LOCK_BOTH, {"ticket": ticket_id, "me": user.pk, "now": now})
        cursor.execute(_RELEASE_UNLOCKED, {"me": user.pk, "now": now})
    ticket: Ticket = access.visible_tickets(user).select_for_update(of=("self",)).get(pk=ticket_id)
    if is_live(ticket, now):
        if ticket.claimed_by_id != user.pk:
            raise AlreadyClaimed(ticket)
        return ticket
    if claimed_id := Ticket.objects.filter(claimed_by=user).exclude(pk=ticket_id).values_list("pk", flat=True).first():
        raise HoldsAnother(claimed_id)
    return take(ticket, user, now)


def take(ticket: Ticket, user: Any, now: datetime) -> Ticket:
    """Claim a ticket that the caller has locked and found free. Records one event."""
    before = ticket.status
    lost_by = ticket.claimed_by_id
    ticket.claimed_by, ticket.claim_token, ticket.claim_expires_at = user, uuid.uuid4(), now + lease()
    ticket.assignee = user
    if ticket.status == Ticket.Status.NEW:
        ticket.status = Ticket.Status.OPEN
    ticket.save(update_fields=["claimed_by", "claim_token", "claim_expires_at", "assignee", "status"])
    data = {"from": before, "to": ticket.status, "lost_by": lost_by}
    Event.objects.create(ticket=ticket, at=now, actor=user, kind=EventKind.CLAIMED, data=data)
    return ticket


def renew(ticket_id: int, token: UUID | str, now: datetime, user: Any = None) -> datetime:
    """Heartbeat: extend the lease and return its new end. An expired lease can be renewed until somebody else claims
    the ticket. With `user`, the token must be theirs. Raises ClaimLost."""
    expires = now + lease()
    claimed = Ticket.objects.filter(pk=ticket_id, claim_token=token)
    if not (claimed if user is None else claimed.filter(claimed_by=user)).update(claim_expires_at=expires):
        raise ClaimLost(ticket_id)
    return expires


@transaction.atomic
def release(ticket_id: int, actor: Any, token: UUID | str, now: datetime) -> None:
    """Release the ticket to its place in the queue, without a note (leaving play mode). Raises ClaimLost."""
    ticket = lock(ticket_id, actor, token, now)
    clear_claim(ticket)
    ticket.save(update_fields=list(CLAIM_FIELDS))
    Event.objects.create(ticket=ticket, at=now, actor=actor, kind=EventKind.RELEASED)


CLAIM_FIELDS = ("claimed_by", "claim_token", "claim_expires_at")


def clear_claim(ticket: Ticket) -> None:
    """Clear the claim on the instance; the caller saves CLAIM_FIELDS."""
    ticket.claimed_by = ticket.claim_token = ticket.claim_expires_at = None


def is_live(ticket: Ticket, now: datetime) -> bool:
    return ticket.claim_expires_at is not None and ticket.claim_expires_at > now and ticket.claimed_by_id is not None


def lock(ticket_id: int, actor: Any, token: UUID | str | None, now: datetime) -> Ticket:
    """Lock the ticket's row until the caller's transaction ends, if `actor` may change it now.

    With a token: it must be current and the actor's own, else ClaimLost. Without: nobody else may hold the ticket, else
    AlreadyClaimed.
    """
    ticket: Ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    if token:
        is_theirs = actor is None or ticket.claimed_by_id == actor.pk
        if not is_theirs or str(ticket.claim_token) != str(token):
            raise ClaimLost(ticket_id)
    elif is_live(ticket, now) and (actor is None or ticket.claimed_by_id != actor.pk):
        raise AlreadyClaimed(ticket)
    return ticket


def take_again(ticket: Ticket, user: Any, now: datetime) -> bool:
    """Claim a ticket that the caller has locked, if it is free and `user` holds nothing else; return whether they hold
    it now. A race with another tab only changes the result: it never fails the caller's transaction."""
    if user is None or is_live(ticket, now):
        return False
    is_taken = False
    with locks.beside(f"claiming ticket {ticket.pk} again"):
        if _holds_nothing(user, now):
            take(ticket, user, now)
            is_taken = True
    if not is_taken:
        ticket.refresh_from_db()
    return is_taken


def _holds_nothing(user: Any, now: datetime) -> bool:
    """Whether `user` holds no ticket. Releases an expired claim of theirs first, since it would block a new one."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE_UNLOCKED, {"me": user.pk, "now": now})
    return not Ticket.objects.filter(claimed_by=user).exists()


def end_shift(user_id: int) -> None:
    """Mark this person as off shift: follow-ups are no longer reserved for them."""
    Preference.objects.filter(user=user_id).update(shift_until=None)
