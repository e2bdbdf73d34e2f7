"""Colleagues named in a list: their persons and accounts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models.functions import Lower

from mentions.models import Account, Person


def enter(name: str) -> Person:
    """Create a person of the team."""
    return Person.objects.create(name=name, is_us=True)


def rename(person: Person, name: str) -> None:
    person.name = name
    person.save(update_fields=["name"])


def add_accounts(person: Person, accounts: Iterable[tuple[str, str]]) -> None:
    """Add accounts, as (namespace, handle), to a person; known ones are skipped. `accounts.link_accounts` applies them
    to the past."""
    for namespace, handle in accounts:
        if not Account.objects.filter(namespace=namespace, handle__iexact=handle).exists():
            Account.objects.create(person=person, namespace=namespace, handle=handle)


def owners(accounts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Person]:
    """(namespace, lower-case handle) → the person it belongs to; one query, none for no accounts."""
    asked = {(namespace, handle.lower()) for namespace, handle in accounts}
    if not asked:
        return {}
    rows = Account.objects.annotate(lower=Lower("handle")).select_related("person")
    found = rows.filter(namespace__in={pair[0] for pair in asked}, lower__in={pair[1] for pair in asked})
    return {pair: account.person for account in found if (pair := (account.namespace, account.handle.lower())) in asked}
