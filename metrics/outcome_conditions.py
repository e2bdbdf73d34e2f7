"""Which tickets the figures of the report *Outcomes* count: one condition both counts and lists them.

A wait begins with the oldest message to us that nobody has answered and ends with our next public message. Messages,
replies and problems of a merged ticket have moved to the one it was merged into; its history is looked up from there.
"""

from __future__ import annotations

from django.db.models import BigIntegerField, BooleanField, Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from mentions.clocks.counted import NEEDED_REPLY, NOISE
from mentions.clocks.first_reply import IS_REPLY_SQL
from mentions.clocks.overdue import OPEN
from mentions.models import Event, EventKind, Message, Reply, Ticket
from metrics.periods import Period, within_days

NEXT_REPLIES = "next_replies"
"""Counts waits, of which a ticket may have several."""
NAMES = (NEXT_REPLIES, "next_waiting", "resolved", "one_touch", "reopened", "answered_outside", "undelivered")

# --- waits ------------------------------------------------------------------------------------------------------------

ENDED, LASTS = "w.answered_at IS NOT NULL", "w.answered_at IS NULL AND w.is_live"
WITHIN = "w.asked_at >= %s AND w.asked_at < %s"


def waits_sql(of: str, *, with_noise: bool) -> str:
    """The waits of the tickets that the condition `of` finds by `ticket_id`, which names each: `asked_at`, null before
    we were asked; `answered_at`, null while it lasts; `is_live`: not all that was asked is deleted. As for a first
    reply, a message counts even if its author deletes it, and a reply of the same moment answers it."""
    asks = "direction = 'in'" if with_noise else "direction = 'in' AND NOT is_auto"
    return f"""(SELECT ticket_id, min(posted_at) FILTER (WHERE NOT is_reply) AS asked_at,
                       max(posted_at) FILTER (WHERE is_reply) AS answered_at,
                       bool_or(NOT is_reply AND NOT is_deleted) AS is_live
                  FROM (SELECT ticket_id, posted_at, is_deleted, direction = 'team' AS is_reply,
                               count(*) FILTER (WHERE direction = 'team') OVER (
                                   PARTITION BY ticket_id ORDER BY posted_at, direction = 'team', id
                                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS replies_before
                          FROM mentions_message
                         WHERE {of} AND ({asks} OR {IS_REPLY_SQL})) said
                 GROUP BY ticket_id, replies_before)"""  # noqa: S608  (only constants of ours are filled in)


def of_waits(period: Period, *, with_noise: bool) -> Q:
    """Tickets that may have a wait of the period: quicker to find than the waits."""
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
REOPENED = Q(kind__in=REOPENS) & (
    Q(data__from__status=Ticket.Status.SOLVED, data__to__status=Ticket.Status.OPEN)
    | Q(data__from=Ticket.Status.SOLVED, data__to=Ticket.Status.OPEN)
)
"""Ingest says the states alone."""
MERGED = ("ticket", "ticket__merged_into", "ticket__merged_into__merged_into")
FAILED = (Reply.State.FAILED, Reply.State.UNCERTAIN)


def _reopened(period: Period) -> Q:
    found = Event.objects.filter(REOPENED, within_days("at", period)).annotate(of=Coalesce(*reversed(MERGED)))
    return Q(pk__in=found.values("of"))


def _ever_reopened() -> Q:
    some = [Q(Exists(Event.objects.filter(REOPENED, **{path: OuterRef("pk")}))) for path in MERGED]
    return some[0] | some[1] | some[2]


def _once_answered() -> Q:
    count = f"(SELECT count(*) FROM mentions_message WHERE ticket_id = mentions_ticket.id AND {IS_REPLY_SQL}) = 1"  # noqa: S608
    return Q(RawSQL(count, (), BooleanField()))  # noqa: S611


def _outside(period: Period) -> QuerySet[Message]:
    """Answers that were written on the platform itself."""
    said = within_days("posted_at", period) & Q(direction=Message.Direction.TEAM, posted_at__gte=F("ticket__posted_at"))
    return Message.objects.filter(said, reply=None, is_auto=False, is_deleted=False, is_bounced=False)


def _undelivered(period: Period) -> QuerySet[Reply]:
    """Replies that never reached anybody, or may not have; one that was sent in the end has."""
    bounced = Q(state=Reply.State.DELETED, message__is_bounced=True)
    return Reply.objects.filter(within_days("created_at", period), Q(state__in=FAILED) | bounced)


def _needed(with_noise: bool) -> Q:
    return NEEDED_REPLY | NOISE if with_noise else NEEDED_REPLY


def condition(name: str, period: Period, *, with_noise: bool = False) -> Q:
    """Of one of NAMES. `with_noise`: with automatic messages, our own posts and spam. Raises KeyError."""
    kept = Q() if with_noise else ~NOISE
    resolved = _needed(with_noise) & within_days("solved_at", period)
    return {
        NEXT_REPLIES: lambda: _has_wait(ENDED, period, with_noise=with_noise),
        "next_waiting": lambda: Q(status__in=OPEN) & _has_wait(LASTS, period, with_noise=with_noise),
        "resolved": lambda: resolved,
        "one_touch": lambda: resolved & _once_answered() & ~_ever_reopened(),
        "reopened": lambda: kept & _reopened(period),
        "answered_outside": lambda: kept & Q(pk__in=_outside(period).values("ticket")),
        "undelivered": lambda: kept & Q(pk__in=_undelivered(period).values("ticket")),
    }[name]()
