"""A Twitter app with handles and a mailbox with aliases, and tickets to answer on them."""

import uuid
from datetime import timedelta

from channels.models import OutboundItem
from mentions.clocks import clocks
from mentions.models import Tag
from mentions.queue import claims
from mentions.replies import replies
from mentions.tests.factories import (
    NOON,
    AuthorFactory,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    TicketFactory,
)

UNDO = timedelta(seconds=10)
LATER = NOON + timedelta(minutes=5)


def twitter_ticket(**message):
    connection = ConnectionFactory(platform="twitter")
    channel = ChannelFactory(connection=connection, address="acme", rank=10, settings={"user_id": "77"})
    requester = AuthorFactory(namespace="twitter", handle="jane_dev")
    ticket = TicketFactory(channel=channel, requester=requester)
    values = {"ticket": ticket, "namespace": "twitter", "external_id": "1001", "thread_id": "1000", **message}
    MessageFactory(**values)
    return ticket


def mail_ticket(**message):
    connection = ConnectionFactory(platform="email")
    channel = ChannelFactory(connection=connection, address="community@acme.example", rank=10)
    requester = AuthorFactory(namespace="email", external_id="jane@dev.example", handle="Jane@dev.example")
    ticket = TicketFactory(channel=channel, requester=requester)
    values = {
        "namespace": "email",
        "external_id": "q1@dev.example",
        "subject": "Licences",
        "extra": {"reply_to": [], "to": ["community@acme.example"], "cc": [], "references": []},
        **message,
    }
    MessageFactory(ticket=ticket, **values)
    return ticket


def submit(ticket, actor, *, token=None, now=LATER, **changed):
    """Claims the ticket first if no token is given."""
    values = {
        "key": uuid.uuid4(),
        "text": "It does, see the docs.",
        "channel_id": ticket.channel_id,
        "guard_message_id": max(ticket.messages.values_list("pk", flat=True), default=0),
        "status_after": "solved",
        **changed,
    }
    token = token or claims.claim(actor, ticket.pk, now).claim_token
    return replies.submit(ticket.pk, actor, token, now=now, **values)


def praised(ticket):
    """Tagged as praise, without which no like is sent."""
    ticket.tags.add(Tag.objects.get_or_create(name="praise")[0])
    return ticket


def answered(ticket, at=None):
    """One of us has answered it directly on the platform."""
    at = at or ticket.posted_at + timedelta(minutes=1)
    MessageFactory(ticket=ticket, direction="team", author=AuthorFactory(is_us=True), posted_at=at)
    clocks.recompute([ticket.pk])
    return ticket


def settle(reply, state, **values):
    """Records the result as the outbox would."""
    reply.refresh_from_db()
    values = {"sent_at": LATER + UNDO, **values} if state == "sent" else values
    OutboundItem.objects.filter(pk=reply.outbound_id).update(state=state, **values)
    return reply.outbound_id
