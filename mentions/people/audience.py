"""Who may see tickets and everything attached to them: this floor's rules for `channels.audience.seen_by`.

To see a ticket, a person must be allowed to view tickets, see its channel, and see every channel that anything in it
came through (`AudienceLimit`): anything merged with a restricted report is as restricted as the report. Messages,
replies, notes, events and files follow their ticket; a message without one follows its channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from channels.audience import HIDDEN_CHANNELS, Viewer, rule_for, seen_by, visible_channel_ids
from channels.models import Channel, OutboundItem
from mentions.db.sql import Fragment
from mentions.models import (
    Application,
    Attachment,
    AudienceLimit,
    Author,
    Blob,
    ChannelCheck,
    Code,
    DeliveryProblem,
    Disclosure,
    Draft,
    DueWarning,
    Event,
    HandBack,
    Issue,
    IssueLink,
    Mark,
    Message,
    MessageAlias,
    MessageRevision,
    Note,
    Notice,
    NoticePost,
    Person,
    Question,
    Reply,
    Sighting,
    SwagSuggestion,
    ThreadAlias,
    ThreadPost,
    Ticket,
)

VIEW = "mentions.view_ticket"

NOBODY = Q(pk__in=[])


def _visible(channel_id: str, ticket_id: str, hidden: str = HIDDEN_CHANNELS, fence: str = "") -> str:
    """SQL over these two columns; `%(me)s` is the viewer. `hidden`: SQL for an array of channel ids. `fence`: ends the
    look for a narrowed audience."""
    return f"""({channel_id} <> ALL ({hidden})
    AND NOT EXISTS (SELECT 1 FROM mentions_audiencelimit narrowed
        WHERE narrowed.ticket_id = {ticket_id} AND narrowed.channel_id = ANY ({hidden}) {fence}))"""  # noqa: S608


VISIBLE = Fragment(_visible("mentions_ticket.channel_id", "mentions_ticket.id"))
"""For raw statements over `mentions_ticket`: the same rule as for the model."""

WITH_HIDDEN = Fragment(f"WITH hidden_from_me AS MATERIALIZED (SELECT {HIDDEN_CHANNELS} AS ids)")
VISIBLE_AGAIN = Fragment(
    _visible(
        "mentions_ticket.channel_id", "mentions_ticket.id", "(SELECT ids FROM hidden_from_me)::bigint[]", "OFFSET 0"
    )
)
"""The same rule for a statement that needs it many times and begins with `WITH_HIDDEN`: the hidden channels are planned
and looked up once. The fence makes PostgreSQL check audiences row by row: a count that stops at a thousand tickets must
not begin with a join of all of them."""


class VisibleTicket(Func):
    """The rule inside a queryset, whatever alias Django gives the table in a subquery."""

    output_field = BooleanField()

    def __init__(self, me: int | None) -> None:
        super().__init__(F("channel_id"), F("pk"))
        self.me = me

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        columns = [compiler.compile(expression)[0] for expression in self.get_source_expressions()]
        return Fragment(_visible(*columns)).positional(me=self.me)


@rule_for(Ticket)
def _ticket(user: Viewer) -> Q:
    return Q(VisibleTicket(user.pk)) if user.has_perm(VIEW) else NOBODY


@rule_for(
    Application, AudienceLimit, Disclosure, DueWarning, Event, IssueLink, HandBack, Note, Question, Reply, ThreadAlias
)
def _with_its_ticket(user: Viewer) -> Q:
    return Q(ticket__in=seen_by(user, Ticket))


@rule_for(Issue)
def _linked_to_a_ticket_in_sight(user: Viewer) -> Q:
    """Issues of which every linked ticket is visible: the title may quote any ticket that it was opened from."""
    linked = IssueLink.objects.filter(issue=OuterRef("pk"))
    return ~Q(Exists(linked.exclude(ticket__in=seen_by(user, Ticket))))


@rule_for(Code)
def _given_in_sight(user: Viewer) -> Q:
    """Codes not given yet, and those whose ticket is visible, for people who may give codes. No page shows the code
    itself."""
    return Q(ticket=None) | Q(ticket__in=seen_by(user, Ticket)) if user.has_perm("mentions.give_code") else NOBODY


@rule_for(DeliveryProblem)
def _of_a_ticket_or_a_post(user: Viewer) -> Q:
    return Q(ticket=None) | Q(ticket__in=seen_by(user, Ticket))


@rule_for(Draft)
def _own_draft(user: Viewer) -> Q:
    return Q(ticket__in=seen_by(user, Ticket), user=user.pk)


@rule_for(Message)
def _message(user: Viewer) -> Q:
    loose = Q(ticket=None, channel__in=visible_channel_ids(user)) if user.has_perm(VIEW) else NOBODY
    return Q(ticket__in=seen_by(user, Ticket)) | loose


@rule_for(Attachment, MessageAlias, MessageRevision, Notice, Sighting)
def _with_its_message(user: Viewer) -> Q:
    return Q(message__in=seen_by(user, Message))


@rule_for(Blob)
def _in_a_message(user: Viewer) -> Q:
    return Q(pk__in=seen_by(user, Attachment).values("blob"))


@rule_for(ThreadPost)
def _around_a_message(user: Viewer) -> Q:
    near = seen_by(user, Message).filter(namespace=OuterRef("namespace"), thread_id=OuterRef("thread_id"))
    return Q(Exists(near))


@rule_for(Author)
def _who_speaks_in_sight(user: Viewer) -> Q:
    asks = seen_by(user, Ticket).filter(requester=OuterRef("pk"))
    return Q(Exists(asks)) | Q(Exists(seen_by(user, Message).filter(author=OuterRef("pk"))))


@rule_for(Person)
def _all_accounts_in_sight(user: Viewer) -> Q:
    """Notes on a person may reveal any of their accounts, including ones that have not spoken yet."""
    theirs = Author.objects.filter(person=OuterRef("pk"))
    return ~Q(Exists(theirs.exclude(pk__in=seen_by(user, Author).values("pk"))))


@rule_for(Mark, SwagSuggestion)
def _with_its_person(user: Viewer) -> Q:
    """The reason for a mark may reveal any of their accounts. The mark itself is shown wherever one of them is."""
    return Q(person__in=seen_by(user, Person)) if user.has_perm(VIEW) else NOBODY


@rule_for(ChannelCheck)
def _with_its_channel(user: Viewer) -> Q:
    return Q(channel__in=visible_channel_ids(user))


@rule_for(NoticePost)
def _all_it_tells(user: Viewer) -> Q:
    notices = Notice.objects.filter(post=OuterRef("pk"))
    return ~Q(Exists(notices.exclude(pk__in=seen_by(user, Notice).values("pk"))))


_OUTBOX = Fragment(
    f"""NOT EXISTS (SELECT 1 FROM mentions_ticket WHERE NOT {VISIBLE.sql} AND (
        mentions_ticket.id = substring(
            channels_outbounditem.conversation,
            '^(?:ticket|outreach|issue|program|question|urgent):([0-9]{{1,18}})(?::|$)')::bigint
        OR mentions_ticket.id IN (
            SELECT r.ticket_id FROM mentions_reply r WHERE r.outbound_id = channels_outbounditem.id)
        OR mentions_ticket.id IN (
            SELECT m.ticket_id FROM mentions_message m JOIN mentions_notice n ON n.message_id = m.id
            WHERE n.post_id = substring(channels_outbounditem.conversation from '^notice:([0-9]{{1,18}})$')::bigint)))
    AND channels_outbounditem.id NOT IN (
        SELECT told.id::bigint FROM mentions_ticket JOIN mentions_event e ON e.ticket_id = mentions_ticket.id,
        LATERAL (SELECT e.data ->> 'outbound' UNION ALL
                 SELECT jsonb_array_elements_text(e.data -> 'slack') WHERE jsonb_typeof(e.data -> 'slack') = 'array'
        ) told (id)
        WHERE NOT {VISIBLE.sql} AND told.id IS NOT NULL)
    AND channels_outbounditem.id NOT IN (
        SELECT unnest(w.outbound_ids) FROM mentions_ticket
        JOIN mentions_duewarning w ON w.ticket_id = mentions_ticket.id WHERE NOT {VISIBLE.sql})"""  # noqa: S608
)
"""Replies, likes, deletions and requests name their ticket in `conversation`; notices through their mentions; shares in
the ticket's history; warnings through their tickets."""


@rule_for(OutboundItem)
def _what_leaves(user: Viewer) -> Q:
    return Q(_OUTBOX.as_condition(me=user.pk)) if user.has_perm(VIEW) else NOBODY


@dataclass(frozen=True, slots=True)
class Circle:
    """Who may see one or several tickets together. Empty `channels`: everybody who may view tickets."""

    channels: list[Channel]
    """The restricted channels that anything in them came through, by name."""

    @property
    def roles(self) -> list[str]:
        """Roles that may see all of it (superusers always may)."""
        every = [set(channel.visible_to) for channel in self.channels]
        return sorted(set.intersection(*every)) if every else []

    @property
    def words(self) -> str:
        """The roles for use in a sentence: `advocate, manager`."""
        return ", ".join(self.roles) or _("superusers")

    @property
    def names(self) -> str:
        return ", ".join(channel.name for channel in self.channels)


def circle_of(tickets: Sequence[Ticket]) -> Circle:
    """Who may see all of these tickets."""
    limits = AudienceLimit.objects.filter(ticket__in=tickets).values("channel")
    those = Q(pk__in=[ticket.channel_id for ticket in tickets]) | Q(pk__in=limits)
    return Circle(list(Channel.objects.filter(those).exclude(visible_to=[]).order_by("name")))


def restricted_channels() -> QuerySet[Channel]:
    """Channels that not everybody who may view tickets sees."""
    return Channel.objects.exclude(visible_to=[])


def for_everybody(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Those of these tickets that everybody who may view tickets can see: for numbers announced to a whole team."""
    hidden = restricted_channels().values("pk")
    return tickets.exclude(channel__in=hidden).exclude(
        pk__in=AudienceLimit.objects.filter(channel__in=hidden).values("ticket")
    )


def for_one_channel(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Those of these tickets that everybody with access to their restricted channel can see: for the Slack channels
    that an admin has chosen for it."""
    hidden = restricted_channels().values("pk")
    others = AudienceLimit.objects.filter(channel__in=hidden, ticket=OuterRef("pk")).exclude(
        channel=OuterRef("channel")
    )
    return tickets.filter(~Exists(others), channel__in=hidden)
