"""Everything that people can send, with all concurrent actions on it: `KINDS[kind]` makes a new one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from channels.clocks import desk_now
from channels.models import Batch, Channel, Connection, InboundItem, OutboundItem
from channels.outbox import outbox, recovery
from mentions.imports import imports
from mentions.ingest.batch import ingest_pending
from mentions.models import Event, Message, Reply, Ticket
from mentions.queue import claim_expiry, claims
from mentions.replies import deliveries, drafts, likes, posts, replies
from mentions.tests.factories import NOON, UserFactory
from mentions.tests.platforms import Wire, arrive, connection_with, ingest, said
from mentions.tests.replying import praised
from mentions.triage import merging, notes, outcomes

Jobs = dict[str, Callable[[], object]]
LONG_AFTER = timedelta(minutes=5)


@dataclass
class Made:
    """What was sent, by whom and where; `jobs` maps names to the actions possible now."""

    sam: Any
    ticket: Ticket
    lee: Any = None
    reply: Reply | None = None
    item: OutboundItem | None = None
    channel: Channel | None = None
    names: dict[str, str] = field(default_factory=dict)
    jobs: Jobs = field(default_factory=dict)
    wire: Wire | None = None

    @property
    def key(self) -> str:
        sent = self.reply or self.item
        return str(sent.key) if sent else ""


def _people(wire: Wire) -> list[Any]:
    """Two advocates, shared by all kinds in a test; neither holds a ticket."""
    if not wire.people:
        wire.people = [UserFactory(username=name, role="advocate") for name in ("sam", "lee")]
    Ticket.objects.filter(claimed_by__in=wire.people).update(claimed_by=None, claim_token=None, claim_expires_at=None)
    return wire.people


def _source(wire: Wire) -> Connection:
    if wire.source is None:
        wire.source = connection_with("testwire", address="acme", post_roles=["advocate"])
    return wire.source


def _names_of_a_question(source: Connection) -> dict[str, str]:
    """The ids of a question and another message beside it."""
    mark = uuid.uuid4().hex[:8]
    ingest(source, [said(f"q-{mark}", f"ann-{mark}"), said(f"o-{mark}", f"bob-{mark}", hours=1)])
    return {"question": f"q-{mark}", "other": f"o-{mark}", "more": f"m-{mark}"}


def asked(wire: Wire) -> Made:
    """A ticket from an import, another ticket beside it, and an advocate with all permissions."""
    source, (sam, lee) = _source(wire), _people(wire)
    names = _names_of_a_question(source)
    ticket, other = (Message.objects.get(external_id=names[n]).ticket for n in ("question", "other"))
    assert ticket is not None
    assert other is not None
    made = Made(sam, ticket, lee=lee, channel=ticket.channel, names=names, wire=wire)
    now = desk_now()
    batch = Batch.objects.create(connection=source, started_at=NOON)
    InboundItem.objects.filter(external_id=names["question"], connection=source).update(batch=batch)
    made.jobs = {
        "claims in another tab": partial(claims.claim, sam, other.pk, now),
        "autosaves": partial(drafts.save, ticket.pk, sam, "typed since", now),
        "notes": partial(notes.add, ticket.pk, sam, "a word", now),
        "merges away": partial(merging.merge, [ticket.pk], other.pk, lee, now),
        "merges into it": partial(merging.merge, [other.pk], ticket.pk, lee, now),
        "undoes the import": partial(imports.undo, batch.pk, sam, now),
        "requester writes": partial(_comes_in, source, names, now),
        "claims run out": partial(claim_expiry.expire_claims, now + timedelta(days=1)),
    }
    return made


def _comes_in(source: Any, names: dict[str, str], now: Any) -> object:
    follow_up = said(names["more"], "ann", thread=names["question"], parent=names["question"], hours=2)
    arrive(source, [{**follow_up, "author": {"id": "ann-" + names["question"][2:], "handle": "ann", "name": "Ann"}}])
    return ingest_pending(connection_id=source.pk)


def a_reply(wire: Wire) -> Made:
    """A scheduled reply."""
    made = asked(wire)
    now = desk_now()
    token = claims.claim(made.sam, made.ticket.pk, now).claim_token
    key, shown = uuid.uuid4(), made.ticket.messages.get()
    submit = partial(
        replies.submit,
        made.ticket.pk,
        made.sam,
        token,
        key=key,
        text="Like this.",
        channel_id=made.ticket.channel_id,
        guard_message_id=shown.pk,
        status_after="solved",
        now=now,
    )
    made.reply = submit()
    end = now + LONG_AFTER
    made.jobs |= {
        "undoes": partial(replies.undo, made.reply.pk, made.sam, now),
        "sends again": submit,
        "hands over": partial(replies.hand_over_due, end),
    }
    return made


def a_queued_reply(wire: Wire) -> Made:
    made = a_reply(wire)
    assert made.reply is not None
    replies.hand_over_due(desk_now() + LONG_AFTER)
    made.reply.refresh_from_db()
    item, end = made.reply.outbound_id, desk_now() + LONG_AFTER
    for name in ("sends again", "hands over", "autosaves", "notes", "claims run out"):
        made.jobs.pop(name)
    made.jobs |= {
        "worker": partial(outbox.send_due, end),
        "sweep": partial(deliveries.apply_changed, end),
        "admin cancels": partial(outbox.cancel, item),
        "own post is read": partial(_own_post, made),
    }
    return made


def _own_post(made: Made) -> object:
    """The post as polling finds it, if it exists."""
    assert made.reply is not None
    assert made.wire is not None
    if made.key not in made.wire.posted:
        return None
    mine = said(f"w-{made.key}", "acme", thread=made.names["question"], parent=made.names["question"], hours=3)
    source = made.ticket.channel.connection
    arrive(source, [{**mine, "text": "Like this.", "is_own": True}])
    return ingest_pending(connection_id=source.pk)


def a_posted_reply(wire: Wire) -> Made:
    """A reply to be deleted."""
    made = a_queued_reply(wire)
    assert made.reply is not None
    settle_everything()
    made.reply.refresh_from_db()
    now = desk_now()
    for name in ("undoes", "admin cancels"):
        made.jobs.pop(name)
    made.jobs["deletes"] = partial(replies.delete_posted, made.reply.pk, made.sam, now)
    made.jobs["deletes too"] = partial(replies.delete_posted, made.reply.pk, made.lee, now)
    return made


def a_deleted_reply(wire: Wire) -> Made:
    """A reply whose deletion is queued."""
    made = a_posted_reply(wire)
    assert made.reply is not None
    made.item = replies.delete_posted(made.reply.pk, made.sam, desk_now())
    return made


def a_like(wire: Wire) -> Made:
    made = asked(wire)
    now, message = desk_now(), made.ticket.messages.get()
    praised(made.ticket)
    made.item = likes.like(made.ticket.pk, message.pk, made.sam, now)
    for name in ("autosaves", "notes", "claims run out", "claims in another tab", "undoes the import"):
        made.jobs.pop(name)
    made.jobs |= {
        "likes again": partial(likes.like, made.ticket.pk, message.pk, made.sam, now),
        "worker": partial(outbox.send_due, now + LONG_AFTER),
        "sweep": partial(deliveries.apply_changed, now),
    }
    return made


def a_failed_like(wire: Wire) -> Made:
    made = a_like(wire)
    assert made.item is not None
    wire.refuses = "like"
    settle_everything()
    wire.refuses = ""
    message = made.ticket.messages.get()
    made.jobs["another likes"] = partial(likes.like, made.ticket.pk, message.pk, made.lee, desk_now())
    return made


def a_post(wire: Wire) -> Made:
    """A scheduled post."""
    made = asked(wire)
    now, end = desk_now(), desk_now() + LONG_AFTER
    submit = partial(posts.submit, made.sam, key=uuid.uuid4(), channel_id=made.channel.pk, text="News.", now=now)  # type: ignore[union-attr]
    made.item = submit()
    made.jobs = {
        "undoes": partial(posts.undo, made.sam, made.item.pk, now),
        "posts again": submit,
        "worker": partial(outbox.send_due, end),
        "another worker": partial(outbox.send_due, end),
        "recovery": partial(recovery.recover, end),
        "sweep": partial(deliveries.apply_changed, end),
        "deletes": partial(posts.delete, made.sam, made.item.pk, end),
    }
    return made


def a_deleted_post(wire: Wire) -> Made:
    """A post whose deletion has failed once."""
    made = a_post(wire)
    assert made.item is not None
    settle_everything()
    wire.refuses = "delete"
    posts.delete(made.sam, made.item.pk, desk_now())
    settle_everything()
    wire.refuses = ""
    made.jobs.pop("undoes")
    made.jobs.pop("posts again")
    return made


def a_solved_ticket(wire: Wire) -> Made:
    """Nothing is sent, but it can be undone like the rest."""
    made = asked(wire)
    now = desk_now()
    token = claims.claim(made.sam, made.ticket.pk, now).claim_token
    event = outcomes.no_reply_needed(made.ticket.pk, made.sam, token, reason="praise", now=now)
    made.jobs["undoes the outcome"] = partial(outcomes.undo, event.pk, made.sam, now)
    made.jobs["reopens"] = partial(outcomes.reopen, made.ticket.pk, made.lee, now=now)
    assert isinstance(event, Event)
    return made


KINDS: dict[str, Callable[[Wire], Made]] = {
    "reply scheduled": a_reply,
    "reply queued": a_queued_reply,
    "reply posted": a_posted_reply,
    "deletion of a reply": a_deleted_reply,
    "like": a_like,
    "failed like": a_failed_like,
    "post": a_post,
    "failed deletion of a post": a_deleted_post,
    "outcome": a_solved_ticket,
}


def settle_everything() -> None:
    """Much later: every clock, worker and sweep has run."""
    now = desk_now() + LONG_AFTER
    ingest_pending()
    replies.hand_over_due(now)
    while outbox.send_due(now):
        pass
    deliveries.apply_changed(now)
