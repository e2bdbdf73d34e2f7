"""Minimal valid rows of every model. Times are consistent: a ticket is as old as its first message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory
from django.contrib.auth.models import Group, Permission
from factory.django import DjangoModelFactory

from channels.models import Channel, Connection
from mentions.models import Account, Author, Event, Macro, Message, Person, Tag, ThreadAlias, Ticket, View

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
"""A Monday; the default time of all rows."""

ROLE_PERMISSIONS = {
    "volunteer": ("play_ticket",),
    "advocate": ("play_ticket", "merge_ticket", "delete_reply", "like_message", "view_reports"),
    "manager": ("play_ticket", "merge_ticket", "delete_reply", "view_reports"),
}
"""Permissions of the mentions app that a test user with the role has; an admin has those of all apps."""


class UserFactory(DjangoModelFactory):
    """`UserFactory(role="advocate"|"volunteer"|"manager"|"admin"|None)`; the password is `password`."""

    class Meta:
        model = "auth.User"
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda o: f"{o.username}@acme.example")
    password = factory.django.Password("password")

    @factory.post_generation
    def role(user, create, extracted, **kwargs):
        """The group of that name; gets its permissions here unless a migration or preset has set them."""
        if not create or extracted is None:
            return
        group, _ = Group.objects.get_or_create(name=extracted)
        if not group.permissions.exists():
            wanted = Permission.objects.all()
            if extracted != "admin":
                wanted = wanted.filter(content_type__app_label="mentions", codename__in=ROLE_PERMISSIONS[extracted])
            group.permissions.set(wanted)
        user.groups.add(group)
        if extracted == "admin":
            user.is_staff = True
            user.save(update_fields=["is_staff"])


class ConnectionFactory(DjangoModelFactory):
    class Meta:
        model = Connection

    platform = "hackernews"
    name = factory.Sequence(lambda n: f"connection {n}")


class ChannelFactory(DjangoModelFactory):
    class Meta:
        model = Channel

    connection = factory.SubFactory(ConnectionFactory)
    name = factory.Sequence(lambda n: f"channel {n}")
    slug = factory.Sequence(lambda n: f"channel-{n}")


class PersonFactory(DjangoModelFactory):
    class Meta:
        model = Person

    name = factory.Sequence(lambda n: f"Person {n}")


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account

    person = factory.SubFactory(PersonFactory)
    namespace = "hackernews"
    handle = factory.Sequence(lambda n: f"account{n}")


class AuthorFactory(DjangoModelFactory):
    class Meta:
        model = Author

    namespace = "hackernews"
    external_id = factory.Sequence(lambda n: f"author{n}")
    handle = factory.SelfAttribute("external_id")


class TicketFactory(DjangoModelFactory):
    """A new ticket without messages: `MessageFactory(ticket=ticket)` adds them."""

    class Meta:
        model = Ticket

    channel = factory.SubFactory(ChannelFactory)
    requester = factory.SubFactory(AuthorFactory)
    subject = factory.Sequence(lambda n: f"Question {n}")
    posted_at = NOON
    created_at = factory.LazyAttribute(lambda o: o.posted_at + timedelta(minutes=1))
    queued_at = factory.SelfAttribute("posted_at")
    last_message_at = factory.SelfAttribute("posted_at")
    due_at = factory.LazyAttribute(lambda o: o.posted_at + timedelta(hours=7))


class MessageFactory(DjangoModelFactory):
    """An inbound message with its own ticket; `direction="team"` also needs an `author`."""

    class Meta:
        model = Message

    ticket = factory.SubFactory(TicketFactory)
    channel = factory.LazyAttribute(lambda o: o.ticket.channel if o.ticket else ChannelFactory())
    author = factory.LazyAttribute(lambda o: o.ticket.requester if o.ticket else AuthorFactory())
    namespace = "hackernews"
    external_id = factory.Sequence(lambda n: f"{40_000_000 + n}")
    thread_id = factory.SelfAttribute("external_id")
    text = "How do I install Acme?"
    posted_at = factory.LazyAttribute(lambda o: o.ticket.posted_at if o.ticket else NOON)
    ingested_at = factory.LazyAttribute(lambda o: o.posted_at + timedelta(minutes=1))
    version_at = factory.SelfAttribute("ingested_at")
    digest = b"\0" * 16


class ThreadAliasFactory(DjangoModelFactory):
    class Meta:
        model = ThreadAlias

    namespace = "hackernews"
    key = factory.Sequence(lambda n: f"thread{n}")
    ticket = factory.SubFactory(TicketFactory)


class EventFactory(DjangoModelFactory):
    class Meta:
        model = Event

    ticket = factory.SubFactory(TicketFactory)
    at = NOON
    kind = "created"


class ViewFactory(DjangoModelFactory):
    class Meta:
        model = View

    name = factory.Sequence(lambda n: f"View {n}")
    slug = factory.Sequence(lambda n: f"view-{n}")


class MacroFactory(DjangoModelFactory):
    class Meta:
        model = Macro

    name = factory.Sequence(lambda n: f"Group::Macro {n}")
    actions = factory.LazyFunction(lambda: [{"do": "status", "status": "solved"}])


class TagFactory(DjangoModelFactory):
    class Meta:
        model = Tag

    name = factory.Sequence(lambda n: f"tag-{n}")
