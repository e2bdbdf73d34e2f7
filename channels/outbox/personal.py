"""Personal accounts on platforms: entered once, checked, and used for their owner's replies.

A platform with `personal_fields` accepts replies only from people with such an account. A queued item carries the
account's id: it is never sent from another account, even if its owner has entered another token since.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from channels.contract import Adapter, Author, FieldKind, Json
from channels.dispatch import task_after_commit
from channels.errors import AuthFailed, ChannelError, Transient, fit
from channels.models import Connection, PersonalAccount
from channels.registry.configs import ConnectionSource, source_of, speaking_as
from channels.registry.fields import InvalidSettings, typed_value
from channels.registry.finding_adapters import all_adapters
from channels.secrets.vault import ENV_PREFIX, seal, without_secrets

logger = logging.getLogger(__name__)

CHECK = "mentions.check_personal"
"""A task of the floor above, which also links the account to its owner."""
ACCOUNT = "account"
"""Payload key of an outbound item: the platform's id of the sending account."""
MAX_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """The platform's answer about an account, before the desk has accepted it."""

    account: PersonalAccount
    author: Author
    namespace: str


def connections() -> list[Connection]:
    """Active connections that use personal accounts, by platform and name."""
    platforms = [name for name, adapter in all_adapters().items() if adapter.personal_fields]
    found = Connection.objects.filter(is_active=True, platform__in=platforms).prefetch_related("channels")
    return list(found.order_by("platform", "name"))


def usable(user_id: int | None, connection_ids: Iterable[int]) -> dict[int, PersonalAccount]:
    """Connection id → this person's usable account; empty without a user."""
    if user_id is None:
        return {}
    accounts = PersonalAccount.objects.filter(user_id=user_id, connection_id__in=set(connection_ids))
    return {account.connection_id: account for account in accounts if account.is_usable}


def save(user_id: int, connection: Connection, adapter: Adapter, given: Mapping[str, str]) -> PersonalAccount:
    """Encrypt and store a person's input and queue a check; an empty secret keeps the stored one. Raises
    InvalidSettings, SecretUnreadable."""
    account = PersonalAccount.objects.filter(user_id=user_id, connection=connection).first()
    account = account or PersonalAccount(user_id=user_id, connection=connection)
    sealed, problems = dict(account.secrets), {}
    for field in adapter.personal_fields:
        try:
            value = _entered(str(given.get(field.name) or ""))
            value = str(typed_value(field, value) or "") if value else ""
        except ValueError as error:
            problems[field.name] = str(error)
            continue
        if field.kind is not FieldKind.SECRET:
            sealed.pop(field.name, None)
        if value:
            sealed[field.name] = seal(value) if field.kind is FieldKind.SECRET else value
        elif field.required and not sealed.get(field.name):
            problems[field.name] = _("This field is required.")
    if problems:
        raise InvalidSettings(problems, {field.name: field.label for field in adapter.personal_fields})
    account.secrets = sealed
    with transaction.atomic():
        _begin_check(account)
        _record("set", connection)
    return account


def _entered(text: str) -> str:
    """The stripped input. Raises ValueError, also for `env:` names: they would expose the server's secrets."""
    text = text.strip()
    if text.startswith(ENV_PREFIX):
        raise ValueError(_("Enter the value itself. Only connections can use server variables."))
    if len(text) > MAX_LENGTH or "\0" in text:
        raise ValueError(_("This is too long or not text."))
    return text


def check_again(user_id: int, connection_id: int) -> None:
    account = PersonalAccount.objects.filter(user_id=user_id, connection_id=connection_id).first()
    if account is not None:
        _begin_check(account)


def _begin_check(account: PersonalAccount) -> None:
    """Queue the account's check. Nothing is sent from it until the platform has confirmed its owner."""
    account.external_id, account.handle, account.checked_at, account.error = "", "", None, ""
    account.save()
    task_after_commit(CHECK, account.pk)


def forget(user_id: int, connection_id: int) -> None:
    with transaction.atomic():
        accounts = PersonalAccount.objects.filter(user_id=user_id, connection_id=connection_id)
        for account in accounts.select_related("connection"):
            _record("removed", account.connection)
        accounts.delete()


def _record(what: str, connection: Connection) -> None:
    """Record in the audit log that an account was entered or removed, never its value."""
    log.record(EntryKind.OWN_ACCOUNT_CHANGED, now=desk_now(), subject=connection, details={"own account": what})


def ask(account_id: int, now: datetime) -> Found | None:
    """Ask the platform who owns the account. On failure, stores the error on the account and returns None."""
    account = PersonalAccount.objects.select_related("connection", "user").filter(pk=account_id).first()
    if account is None or not account.user.is_active:
        return None
    try:
        source = source_of(account.connection_id, person=account.user_id)
        author = source.adapter.current_account(source.config)
        if not author.id:
            raise AuthFailed(_("%(platform)s did not say which account this is.") % {"platform": source.adapter.label})
        return Found(account, author, source.adapter.namespace(source.config))
    except Transient as error:
        message = _("The desk could not check it just now: %(error)s Try again in a moment.") % {"error": error}
        settle(account, now, error=message)
    except (ChannelError, LookupError) as error:
        settle(account, now, error=str(error))
    except Exception as error:
        logger.exception("Checking a personal account failed with an unexpected error.")
        settle(account, now, error=_("Internal error (%(kind)s).") % {"kind": type(error).__name__})
    return None


def settle(account: PersonalAccount, now: datetime, *, author: Author | None = None, error: str = "") -> bool:
    """Store the check's result. False if other secrets were entered meanwhile: they get their own check."""
    unchanged = PersonalAccount.objects.filter(pk=account.pk, secrets=account.secrets)
    identity = {"external_id": author.id[:500], "handle": (author.handle or "")[:254]} if author is not None else {}
    return bool(unchanged.update(checked_at=now, error=fit(without_secrets(error)), **identity))


def mark_refused(user_id: int, connection_id: int, error: str) -> None:
    """The platform rejected a send from this account: nothing more is sent from it until its owner fixes it."""
    accounts = PersonalAccount.objects.filter(user_id=user_id, connection_id=connection_id, checked_at__isnull=False)
    accounts.update(error=fit(without_secrets(error)))


def unchecked() -> list[int]:
    """Ids of accounts whose check was lost, for a sweep."""
    waiting = PersonalAccount.objects.filter(checked_at__isnull=True, error="", user__is_active=True)
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:100])


# --- sending --------------------------------------------------------------------------------------------------------


def is_needed(connection: Connection) -> bool:
    """Whether replies on it require a personal account."""
    adapter = all_adapters().get(connection.platform)
    return adapter is not None and bool(adapter.personal_fields)


def account_entry(user_id: int, connection_id: int) -> Mapping[str, Json]:
    """The payload entry that ties an outbound item to its account; empty if there is none."""
    accounts = PersonalAccount.objects.filter(user_id=user_id, connection_id=connection_id).exclude(external_id="")
    external_id = accounts.values_list("external_id", flat=True).first()
    return {ACCOUNT: external_id} if external_id else {}


def source_as(
    user_id: int | None, connection_id: int, account_id: str, *, even_refused: bool = False
) -> ConnectionSource:
    """The connection with the credentials of the account that an item was written for. Raises AuthFailed if its owner
    has left, or has removed or replaced it; `even_refused` allows an account that the platform rejected, to look for a
    post."""
    source = source_of(connection_id)
    if not source.adapter.personal_fields:
        return source
    accounts = PersonalAccount.objects.filter(user_id=user_id or 0, connection_id=connection_id)
    if (account := accounts.select_related("user").first()) is None or not account_id:
        raise AuthFailed(
            _("On %(platform)s, replies go out from the writer's own account, and the writer no longer has one.")
            % {"platform": source.adapter.label}
        )
    if not account.user.is_active:
        raise AuthFailed(
            _("The writer has left, so the desk no longer sends from their %(platform)s account.")
            % {"platform": source.adapter.label}
        )
    if account.external_id != account_id:
        raise AuthFailed(
            _("It was written for a different %(platform)s account than the one its writer uses now.")
            % {"platform": source.adapter.label}
        )
    if not (account.is_usable or even_refused):
        raise AuthFailed(account.error or _("The account is still being checked."))
    return speaking_as(source, account)


def forget_all(user_id: int) -> int:
    """Remove every account that this person has entered; returns how many."""
    count, _by_model = PersonalAccount.objects.filter(user_id=user_id).delete()
    return count
