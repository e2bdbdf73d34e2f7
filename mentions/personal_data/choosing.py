"""Selects the person a command applies to."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from mentions.models import Account, Author, Person
from mentions.personal_data import scope as scopes
from mentions.personal_data.scope import Scope


def add_arguments(parser: Any) -> None:
    parser.add_argument("--author", type=int, help="number of an author, as in the URL of the author page")
    parser.add_argument("--person", type=int, help="number of a person, as in the admin")
    parser.add_argument("--account", help="handle or address on a platform: twitter:jane, email:jane@example.com")


def chosen(options: dict[str, Any]) -> Scope:
    """The person's data. Raises CommandError with a message that says what to do."""
    given = [name for name in ("author", "person", "account") if options[name]]
    if len(given) != 1:
        raise CommandError("Use one of --author, --person or --account.")
    try:
        if options["person"]:
            return scopes.of_person(Person.objects.get(pk=options["person"]))
        entered = _entered(options["account"] or "")
        return scopes.of_person(entered) if entered else scopes.of_author(_author(options))
    except (Person.DoesNotExist, Author.DoesNotExist) as error:
        raise CommandError(
            "No such person. Search the desk for their handle; the number is in the URL of the page."
        ) from error
    except scopes.OneOfUs as error:
        raise CommandError(str(error)) from error


def _entered(account: str) -> Person | None:
    """Somebody from an imported list who has never posted here."""
    namespace, _, handle = account.rpartition(":")
    named = Account.objects.filter(namespace=namespace, handle__iexact=handle.lstrip("@"), person__authors=None)
    found = named.select_related("person").first()
    return found.person if found else None


def _author(options: dict[str, Any]) -> Author:
    if options["author"]:
        return Author.objects.select_related("person").get(pk=options["author"])
    namespace, _, handle = options["account"].rpartition(":")
    named = Author.objects.filter(namespace=namespace)
    handle = handle.lstrip("@")
    found = list((named.filter(handle__iexact=handle) | named.filter(external_id__iexact=handle))[:2])
    if len(found) > 1:
        raise CommandError("Several accounts match. Use --author with the number of one of them.")
    if not found:
        raise Author.DoesNotExist
    return found[0]
