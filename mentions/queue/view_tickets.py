"""The tickets of a view: listed in its order, and counted up to a limit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from mentions.db.sql import all_of
from mentions.models import View
from mentions.models.ticket import TicketQuerySet
from mentions.people import access
from mentions.queue.view_filters import conditions
from mentions.queue.view_orders import ORDERS, order_of

COUNT_CAP = 1000
"""A count stops here; the page shows "1,000+"."""


def tickets_in(view: View, user: access.User, now: datetime) -> TicketQuerySet:
    """The view's tickets for this person, in the view's order."""
    where = all_of(conditions(view.filters)).as_condition(me=user.pk, now=now)
    return access.visible_tickets(user).filter(where).order_by(*ORDERS[order_of(view)])


# Capped counts stop after a thousand rows, and starting parallel workers takes ten times as long as counting those. An
# index leads straight to the rows; a sequential scan would first read every solved ticket stored before the waiting
# ones. All three statements are sent together, in one transaction.
_BRIEFLY = "SET LOCAL max_parallel_workers_per_gather = 0;\nSET LOCAL enable_seqscan = off;\n"
# A bitmap scan would collect every waiting ticket before it counts the first of the thousand. Text search has no other
# index.
_ROW_BY_ROW = _BRIEFLY + "SET LOCAL enable_bitmapscan = off;\n"
_JOINED = {"text", "tags", "without_tags", "marks"}


def counts(views: Iterable[View], user: access.User, now: datetime) -> dict[int, int]:
    """View id → number of tickets, at most COUNT_CAP + 1 (shown as "1,000+"). One query for all views that filter on
    the ticket itself, one for those that filter on its text, tags or marks."""
    views = list(views)
    if not user.is_active or not user.has_perm(access.VIEW):
        return {view.pk: 0 for view in views}
    joined = [view for view in views if not _JOINED.isdisjoint(view.filters)]
    simple = [view for view in views if view not in joined]
    return _count_together(_BRIEFLY, joined, user, now) | _count_together(_ROW_BY_ROW, simple, user, now)


def _count_together(settings: str, views: list[View], user: access.User, now: datetime) -> dict[int, int]:
    arms: list[str] = []
    opening, values = access.WITH_HIDDEN.positional(me=user.pk)
    for view in views:
        where, params = all_of([*conditions(view.filters), access.VISIBLE_AGAIN]).positional(me=user.pk, now=now)
        arms.append(
            f"SELECT %s, (SELECT count(*) FROM (SELECT 1 FROM mentions_ticket WHERE {where} LIMIT {COUNT_CAP + 1}) n)"  # noqa: S608
        )
        values += (view.pk, *params)
    if not arms:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f"{settings}{opening}\n" + "\nUNION ALL\n".join(arms), values)
        return dict(cursor.fetchall())
