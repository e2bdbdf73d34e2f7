"""A small desk to attack: all its URLs, a world with a hidden channel, and a user of every role."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from channels.models import InboundItem, OutboundItem
from experts.models import CommunityShare, DraftVersion, Expert, Outreach, PossibleAnswer, ThreadReply, Topic
from experts.outreach import outreach
from mentions.models import Attachment, Blob, Event, Macro, Note, Reply, ThreadPost, View
from mentions.tests.factories import (
    AuthorFactory,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    PersonFactory,
    TagFactory,
    TicketFactory,
    UserFactory,
)

ROLES = ("anonymous", "nobody", "volunteer", "advocate", "manager", "admin")


def named_urls(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(namespaced name, pattern) of everything in the URLconf; a pattern without a name is listed by its route."""
    resolver = resolver or get_resolver()
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from named_urls(entry, inner)
        else:
            yield f"{space}{entry.name or entry.pattern}", entry


def somebody(role: str) -> Any:
    if role == "anonymous":
        return AnonymousUser()
    return UserFactory(role=None if role == "nobody" else role)


class ReadingClient(Client):
    """Reads a streamed response to its end, as a browser does; then its file is closed."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        if response.streaming:
            response.streaming_content = [b"".join(response.streaming_content)]
        return response


def client_of(user: Any, **how: Any) -> Client:
    client = ReadingClient(raise_request_exception=False, **how)
    if user.is_authenticated:
        _log_in(client, user)
    return client


def _log_in(client: Client, user: Any) -> None:
    """A real login the first time, which costs half a page; later clients get their own session with the same data."""
    if not hasattr(user, "said_by_session"):
        client.force_login(user)
        user.said_by_session = dict(client.session)
        return
    session = SessionStore()
    session.update(user.said_by_session)
    session.create()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


def conversation(channel: Any, text: str = "How do I install Acme?", **ticket: Any) -> SimpleNamespace:
    """A ticket with one of everything that can be attached to it; `text` is wherever outsiders can write."""
    now = timezone.now()
    namespace = channel.connection.platform
    author = AuthorFactory(namespace=namespace, external_id=f"id-{uuid4()}", handle=text[:254], name=text[:300])
    shown = TicketFactory(
        **{"channel": channel, "requester": author, "subject": text[:500], "posted_at": now, "due_at": None, **ticket}
    )
    message = MessageFactory(
        ticket=shown,
        namespace=namespace,
        external_id=str(uuid4()),
        subject=text[:1000],
        text=text,
        html=f"<p>{text}</p>",
        thread_title=text[:1000],
        language=text[:12],
    )
    content = text.encode()
    blob, _ = Blob.objects.get_or_create(sha256=hashlib.sha256(content).hexdigest(), defaults={"content": content})
    file = Attachment.objects.create(
        message=message, name=text[:300], type="text/html", size=len(content), sha256=blob.pk, blob=blob
    )
    post = ThreadPost.objects.create(
        namespace=namespace,
        external_id=str(uuid4()),
        thread_id=message.thread_id,
        author_handle=text[:254],
        author_name=text[:300],
        text=text,
        posted_at=now,
        digest=b"\0" * 16,
        version_at=now,
    )
    shown.tags.add(TagFactory(name=f"{text[:40]}-{shown.pk}"))
    return SimpleNamespace(
        channel=channel, author=author, ticket=shown, message=message, file=file, post=post, text=text
    )


def answered(about: SimpleNamespace, user: Any, **fields: Any) -> Reply:
    now = timezone.now()
    values = {"text": about.text, "state": "scheduled", "send_at": now, "created_at": now, "guard_message_id": 0}
    return Reply.objects.create(
        ticket=about.ticket,
        author=user,
        channel=about.channel,
        in_reply_to=about.message,
        key=uuid4(),
        **values | fields,
    )


def heard(about: SimpleNamespace, user: Any) -> None:
    """Consequences of the request: a note in its thread, a possible answer, a share with colleagues."""
    now, text = timezone.now(), about.text
    ThreadReply.objects.create(outreach=about.outreach, ts="1.1", name=text[:100], text=text, at=now)
    DraftVersion.objects.create(outreach=about.outreach, number=1, name=text[:100], text=text, at=now)
    PossibleAnswer.objects.create(outreach=about.outreach, message=about.message, why="team", found_at=now)
    CommunityShare.objects.create(
        ticket=about.ticket, shared_by=user, shared_at=now, slack_channel="#all", guidance=text, taken_name=text[:100]
    )


def asked(about: SimpleNamespace, user: Any, **fields: Any) -> Outreach:
    """A running request to an expert; `respond` of the outcome is the path of the expert's page."""
    key, now = uuid4(), timezone.now()
    item = OutboundItem.objects.create(
        key=key, kind="slack", conversation="x", payload={"text": about.text}, not_before=now
    )
    topic, _ = Topic.objects.get_or_create(
        slug="builds", defaults={"name": "Builds", "keywords": ["install"], "slack_channel": "#builds"}
    )
    expert = Expert.objects.filter(person__name="Eve Expert").first() or Expert.objects.create(
        person=PersonFactory(name="Eve Expert"), title="Builder", slack_handle="eve"
    )
    expert.topics.add(topic)
    made = Outreach.objects.create(
        key=key,
        ticket=about.ticket,
        expert=expert,
        asked_by=user,
        text=about.text,
        slack_channel="#builds",
        outbound=item,
        asked_at=now,
        **fields,
    )
    made.path = outreach.respond_url(key).partition("//")[2].partition("/")[2]
    return made


def world(text: str = "How do I install Acme?") -> SimpleNamespace:
    """An open conversation and one that volunteers may not see, on two channels of one mailbox."""
    mailbox = ConnectionFactory(platform="email", settings={"smtp_host": "smtp.example.com"})
    public = ChannelFactory(connection=mailbox, name="Community", slug="community", address="community@acme.example")
    hidden = ChannelFactory(
        connection=mailbox,
        name="Founder inbox",
        slug="founder",
        address="sam@acme.example",
        visible_to=["advocate", "admin"],
    )
    owner = UserFactory(role="advocate", username="owner")
    shown, secret = conversation(public, text), conversation(hidden, f"{text} hushhush")
    for about in (shown, secret):
        Note.objects.create(ticket=about.ticket, author=owner, text=about.text, created_at=timezone.now())
        about.reply = answered(about, owner)
        about.event = Event.objects.create(
            ticket=about.ticket, at=timezone.now(), actor=owner, kind="status", data={"why": about.text}
        )
        about.outreach = asked(about, owner, error=about.text)
        heard(about, owner)
    item = InboundItem.objects.create(
        connection=mailbox,
        external_id="raw-1",
        payload={"text": text},
        digest=b"\0" * 16,
        state="failed",
        error=text,
        fetched_at=timezone.now(),
    )
    macro = Macro.objects.create(name="Thanks", actions=[{"do": "reply", "text": "Hi {requester_name}"}])
    view = View.objects.create(name="All", slug="all", filters={})
    return SimpleNamespace(
        mailbox=mailbox, shown=shown, secret=secret, owner=owner, item=item, macro=macro, view=view, hidden=hidden
    )
