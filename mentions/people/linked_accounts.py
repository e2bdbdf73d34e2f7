"""Links verified platform accounts to team members; their posts then count as ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from channels import sweeps
from channels.contract import Adapter, Field, FieldKind
from channels.models import Channel, Connection, PersonalAccount
from channels.outbox import personal
from channels.registry.finding_adapters import adapter_for
from mentions.models import Account, Author, Person
from mentions.people import access
from mentions.people.accounts import link_accounts


class NotYours(Exception):
    """The account already belongs to `person`."""

    def __init__(self, person: object = "") -> None:
        super().__init__(
            _("This account already belongs to %(person)s. If that is you, ask an admin to link it to your login.")
            % {"person": person or _("somebody else")}
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A connection with personal accounts, as one team member sees it."""

    connection: Connection
    adapter: Adapter
    channels: list[Channel]
    """Its channels that this person may see."""
    account: PersonalAccount | None

    @property
    def fields(self) -> list[tuple[Field, str]]:
        """(field, stored value): a secret is never shown again, a user name is."""
        stored = self.account.secrets if self.account is not None else {}
        return [
            (field, "" if field.kind is FieldKind.SECRET else stored.get(field.name, ""))
            for field in self.adapter.personal_fields
        ]


def places(user: Any) -> list[Place]:
    """Connections with personal accounts, by platform and name; only those with a channel that this person may see and
    answer."""
    connections = personal.connections() if user.has_perm(access.PLAY) else []
    if not connections:
        return []
    shown = Channel.objects.filter(pk__in=access.visible_channel_ids(user), is_active=True, connection__in=connections)
    by_connection: dict[int, list[Channel]] = {}
    for channel in shown.order_by("rank", "name"):
        if not channel.reply_roles or access.has_role(user, channel.reply_roles):
            by_connection.setdefault(channel.connection_id, []).append(channel)
    accounts = {a.connection_id: a for a in PersonalAccount.objects.filter(user_id=user.pk)}
    return [
        Place(connection, adapter_for(connection.platform), channels, accounts.get(connection.pk))
        for connection in connections
        if (channels := by_connection.get(connection.pk))
    ]


def place_of(user: Any, connection_id: int) -> Place | None:
    return next((place for place in places(user) if place.connection.pk == connection_id), None)


def check(account_id: int, now: datetime) -> bool:
    """Ask the platform who owns the account, and record it as this person's; errors are stored on it. Returns whether
    replies can be sent from it now."""
    found = personal.ask(account_id, now)
    if found is None:
        return False
    try:
        with transaction.atomic():
            # Before anything else, so that a token entered meanwhile can't turn this account into somebody else's.
            if not personal.settle(found.account, now, author=found.author):
                return False
            _belongs(found)
    except NotYours as error:
        personal.settle(found.account, now, error=str(error))
        return False
    except IntegrityError:
        personal.settle(found.account, now, error=str(NotYours()))
        return False
    link_accounts()
    return True


def _belongs(found: personal.Found) -> None:
    """Raises NotYours, and IntegrityError if two people enter the same account at once."""
    user, author = found.account.user, found.author
    person, _created = Person.objects.get_or_create(
        user=user, defaults={"name": user.get_full_name() or user.username, "is_us": True}
    )
    others = Account.objects.filter(namespace=found.namespace).exclude(person=person).select_related("person")
    for name in {author.id, (author.handle or author.id).lstrip("@")}:
        if taken := others.filter(Q(handle__iexact=name) | Q(handle__iexact=f"@{name}")).first():
            raise NotYours(taken.person)
    seen, _created = Author.objects.get_or_create(
        namespace=found.namespace,
        external_id=author.id,
        defaults={"handle": author.handle or "", "name": author.name or "", "url": author.url or "", "person": person},
    )
    if seen.person is not None and seen.person_id != person.pk:
        raise NotYours(seen.person)
    if not person.is_us:
        Person.objects.filter(pk=person.pk).update(is_us=True)
    Author.objects.filter(pk=seen.pk).update(person=person, is_us=True)
    handle = (author.handle or author.id).lstrip("@")[:254]
    if not Account.objects.filter(namespace=found.namespace, person=person, handle__iexact=handle).exists():
        Account.objects.create(namespace=found.namespace, handle=handle, person=person)


def check_lost(now: datetime) -> int:
    """The sweep: checks accounts whose check was lost; returns how many."""
    return sweeps.each("personal accounts", personal.unchecked(), lambda pk: check(pk, now))
