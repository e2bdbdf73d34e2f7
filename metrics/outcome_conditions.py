"""Which tickets the figures of the report *Outcomes* count: one condition both counts and lists them.

A wait begins with the oldest message to us that nobody has answered and ends with our next public message. A merged
ticket's messages, replies and problems have moved to the ticket it was merged into; its history is looked up from
there.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, BooleanField, Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from mentions.clocks.counted import NEEDED_REPLY, NOISE
from mentions.clocks.first_reply import IS_REPLY_SQL
from mentions.clocks.overdue import OPEN
from mentions.models import Event, EventKind, Message, Reply
from mentions.models.event import CAME_BACK
from mentions.models.message import IS_REPLY
from metrics.periods import Period, within_days

NEXT_REPLIES = "next_replies"
"""Counts waits, of which a ticket may have several."""
NAMES = (NEXT_REPLIES, "next_waiting", "resolved", "one_touch", "reopened", "answered_outside", "undelivered")

# --- waits ------------------------------------------------------------------------------------------------------------

ENDED, LASTS = "w.answered_at IS NOT NULL", "w.answered_at IS NULL AND w.is_live"
WITHIN = "w.asked_at >= %s AND w.asked_at < %s"


def said(*, with_noise: bool) -> str:
    """A condition for the messages that ask or answer."""
    asks = "direction = 'in'" if with_noise else "direction = 'in' AND NOT is_auto"
    return f"({asks} OR {IS_REPLY_SQL})"


def waits_sql(of: str, *, with_noise: bool, among: str = "mentions_message") -> str:
    """The waits of the tickets that the condition `of` selects by `ticket_id`, from the messages `among`. Columns:
    `ticket_id`; `asked_at`, null before we were asked; `answered_at`, null while it lasts; `is_live`: not all questions
    are deleted. As for a first reply, a message counts even if its author deletes it, and a reply of the same moment
    answers it."""
    return f"""(SELECT ticket_id, min(posted_at) FILTER (WHERE NOT is_reply) AS asked_at,
                       max(posted_at) FILTER (WHERE is_reply) AS answered_at,
                       bool_or(NOT is_reply AND NOT is_deleted) AS is_live
                  FROM (SELECT ticket_id, posted_at, is_deleted, direction = 'team' AS is_reply,
                               count(*) FILTER (WHERE direction = 'team') OVER (
                                   PARTITION BY ticket_id ORDER BY posted_at, direction = 'team', id
                                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS replies_before
                          FROM {among}
                         WHERE {of} AND {said(with_noise=with_noise)}) said
                 GROUP BY ticket_id, replies_before)"""  # noqa: S608  (only constants of ours are filled in)


def of_waits(period: Period, *, with_noise: bool) -> Q:
    """Tickets that may have a wait in the period: quicker to find than the waits."""
    counted = _needed(with_noise) & Q(last_message_at__gte=period.start)
    return counted if with_noise else counted & Q(posted_at__lt=period.end)


def waits_of_ticket(period: Period, *, with_noise: bool) -> RawSQL:
    """How many waits of the outer query's ticket began in the period and ended."""
    waits = waits_sql("ticket_id = mentions_ticket.id", with_noise=with_noise)
    statement = f"(SELECT count(*) FROM {waits} w WHERE {WITHIN} AND {ENDED})"  # noqa: S608  (constants of ours)
    return RawSQL(statement, (period.start, period.end), BigIntegerField())  # noqa: S611


def _has_wait(which: str, period: Period, *, with_noise: bool) -> Q:
    waits = waits_sql("ticket_id = mentions_ticket.id", with_noise=with_noise)
    statement = f"EXISTS (SELECT 1 FROM {waits} w WHERE {WITHIN} AND {which})"  # noqa: S608  (constants of ours)
    found = RawSQL(statement, (period.start, period.end), BooleanField())  # noqa: S611
    return of_waits(period, with_noise=with_noise) & Q(found)


# --- the others -------------------------------------------------------------------------------------------------------

REOPENS = (
    *(EventKind.STATUS, EventKind.PARKED, EventKind.REPLIED, EventKind.MACRO, EventKind.ANSWERED_OUTSIDE),
    *(EventKind.DELIVERY_FAILED, EventKind.COMMUNITY, EventKind.DISCLOSURE, EventKind.ISSUE, EventKind.OUTREACH),
    *(EventKind.EXPERT_RESPONDED, EventKind.WOKEN),
)
"""What may bring a solved ticket back. An outcome undone, or a reply stopped, within its window does not: the ticket
was never done."""
REOPENED = Q(kind__in=REOPENS) & CAME_BACK
MERGED = ("ticket", "ticket__merged_into", "ticket__merged_into__merged_into")
FAILED = (Reply.State.FAILED, Reply.State.UNCERTAIN)


def reopened_tickets(then: Q | None = None) -> QuerySet[Any, Any]:
    """Tickets that were reopened, each once."""
    found = Event.objects.filter(REOPENED, then or Q()).annotate(of=Coalesce(*reversed(MERGED)))
    return found.order_by().values("of").distinct()


def resolved(period: Period, *, with_noise: bool) -> Q:
    return _needed(with_noise) & within_days("solved_at", period)


def _never_reopened() -> Q:
    """As separate conditions: the database can then look all of them up at once instead of ticket by ticket."""
    none = [~Q(Exists(Event.objects.filter(REOPENED, **{path: OuterRef("pk")}))) for path in MERGED]
    return none[0] & none[1] & none[2]


def _once_answered(period: Period) -> Q:
    """Among those solved in the period; counted for all of them together."""
    replies = Message.objects.filter(IS_REPLY, within_days("ticket__solved_at", period)).order_by()
    return Q(pk__in=replies.values("ticket").annotate(number=Count("pk")).filter(number=1).values("ticket"))


def _outside(period: Period) -> Q:
    """Tickets with an answer that was written on the platform itself."""
    said = IS_REPLY & within_days("posted_at", period) & Q(ticket=OuterRef("pk"), posted_at__gte=OuterRef("posted_at"))
    return Q(Exists(Message.objects.filter(said, reply=None)))


def _undelivered(period: Period) -> QuerySet[Reply]:
    """Replies that reached nobody, or may not have; one that was sent in the end did."""
    bounced = Q(state=Reply.State.DELETED, message__is_bounced=True)
    return Reply.objects.filter(within_days("created_at", period), Q(state__in=FAILED) | bounced)


def _needed(with_noise: bool) -> Q:
    return NEEDED_REPLY | NOISE if with_noise else NEEDED_REPLY


def condition(name: str, period: Period, *, with_noise: bool = False) -> Q:
    """The condition of one of NAMES. `with_noise`: with automatic messages, our own posts and spam. Raises KeyError."""
    kept = Q() if with_noise else ~NOISE
    return {
        NEXT_REPLIES: lambda: _has_wait(ENDED, period, with_noise=with_noise),
        "next_waiting": lambda: Q(status__in=OPEN) & _has_wait(LASTS, period, with_noise=with_noise),
        "resolved": lambda: resolved(period, with_noise=with_noise),
        "one_touch": lambda: resolved(period, with_noise=with_noise) & _once_answered(period) & _never_reopened(),
        "reopened": lambda: kept & Q(pk__in=reopened_tickets(within_days("at", period))),
        "answered_outside": lambda: kept & _outside(period),
        "undelivered": lambda: kept & Q(pk__in=_undelivered(period).values("ticket")),
    }[name]()
