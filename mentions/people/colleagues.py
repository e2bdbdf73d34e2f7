"""Colleagues whom a list names: their persons and accounts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from mentions.models import Account, Person


def enter(name: str) -> Person:
    """A new person of the team."""
    return Person.objects.create(name=name, is_us=True)


def rename(person: Person, name: str) -> None:
    person.name = name
    person.save(update_fields=["name"])


def add_accounts(person: Person, accounts: Iterable[tuple[str, str]]) -> None:
    """(namespace, handle) of each; known ones are skipped. `accounts.link_accounts` applies them to the past."""
    for namespace, handle in accounts:
        if not Account.objects.filter(namespace=namespace, handle__iexact=handle).exists():
            Account.objects.create(person=person, namespace=namespace, handle=handle)


def owners(accounts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Person]:
    """(namespace, lower-case handle) → the person it belongs to; one query, none for no accounts."""
    asked = Q()
    for namespace, handle in accounts:
        asked |= Q(namespace=namespace, handle__iexact=handle)
    found = Account.objects.filter(asked).select_related("person") if asked else []
    return {(account.namespace, account.handle.lower()): account.person for account in found}
