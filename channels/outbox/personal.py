"""Accounts of single people on a connection's platform: entered once, tried, and used for what they write themselves.

A platform whose adapter has `personal_fields` takes replies only from whoever has such an account. What is queued
carries the account's id: it never leaves from another one, also when its owner has entered another token since.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from audit import log
from channels.clocks import desk_now
from channels.contract import Adapter, Author, FieldKind, Json
from channels.dispatch import task_after_commit
from channels.errors import AuthFailed, ChannelError, Transient, fit
from channels.models import Connection, PersonalAccount
from channels.registry.configs import Source, source_of, speaking_as
from channels.registry.fields import InvalidSettings, clean
from channels.registry.lookup import all_adapters
from channels.secrets.vault import ENV_PREFIX, seal, without_secrets

logger = logging.getLogger(__name__)

CHECK = "mentions.check_personal"
"""The task of the floor above, which also knows whose account it then is."""
ACCOUNT = "account"
"""In the payload of an outbound item: the platform's id of the account that it leaves from."""
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """What the platform told about an account, before anybody knows whether it may be used."""

    account: PersonalAccount
    author: Author
    namespace: str


def connections() -> list[Connection]:
    """Active connections on which people answer from accounts of their own, by platform and name."""
    platforms = [name for name, adapter in all_adapters().items() if adapter.personal_fields]
    found = Connection.objects.filter(is_active=True, platform__in=platforms).prefetch_related("channels")
    return list(found.order_by("platform", "name"))


def usable(user_id: int | None, connection_ids: Iterable[int]) -> dict[int, PersonalAccount]:
    """Connection → account of this person that replies can leave from now; none for somebody without a login."""
    if user_id is None:
        return {}
    accounts = PersonalAccount.objects.filter(user_id=user_id, connection_id__in=set(connection_ids))
    return {account.connection_id: account for account in accounts if account.is_usable}


def save(user_id: int, connection: Connection, adapter: Adapter, given: Mapping[str, str]) -> PersonalAccount:
    """Store what a person has entered, sealed, and have it tried; an empty secret keeps the one that is there. Raises
    InvalidSettings, SecretUnreadable."""
    account = PersonalAccount.objects.filter(user_id=user_id, connection=connection).first()
    account = account or PersonalAccount(user_id=user_id, connection=connection)
    sealed, problems = dict(account.secrets), {}
    for field in adapter.personal_fields:
        try:
            value = _entered(str(given.get(field.name) or ""))
            value = str(clean(field, value) or "") if value else ""
        except ValueError as error:
            problems[field.name] = str(error)
            continue
        if field.kind is not FieldKind.SECRET:
            sealed.pop(field.name, None)
        if value:
            sealed[field.name] = seal(value) if field.kind is FieldKind.SECRET else value
        elif field.required and not sealed.get(field.name):
            problems[field.name] = _("This is needed.")
    if problems:
        raise InvalidSettings(problems, {field.name: field.label for field in adapter.personal_fields})
    account.secrets = sealed
    with transaction.atomic():
        _begin_check(account)
        _record("set", connection)
    return account


def _entered(text: str) -> str:
    """Raises ValueError. A name of the server's variables would make somebody else's secret a person's own."""
    text = text.strip()
    if text.startswith(ENV_PREFIX):
        raise ValueError(_("Enter the value itself; variables of the server are for connections only."))
    if len(text) > LONGEST or "\0" in text:
        raise ValueError(_("This is too long, or no text."))
    return text


def check_again(user_id: int, connection_id: int) -> None:
    account = PersonalAccount.objects.filter(user_id=user_id, connection_id=connection_id).first()
    if account is not None:
        _begin_check(account)


def _begin_check(account: PersonalAccount) -> None:
    """Until it is known whose account it is, nothing leaves from it."""
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
    """In the audit log: that it was entered or removed, not what."""
    log.record("own_account_changed", now=desk_now(), subject=connection, details={"own account": what})


def ask(account_id: int, now: datetime) -> Found | None:
    """Ask the platform whose account it is. What is wrong is noted on the account (then None)."""
    account = PersonalAccount.objects.select_related("connection", "user").filter(pk=account_id).first()
    if account is None or not account.user.is_active:
        return None
    try:
        source = source_of(account.connection_id, person=account.user_id)
        author = source.adapter.whose(source.config)
        if not author.id:
            raise AuthFailed(_("%(platform)s did not say whose account it is.") % {"platform": source.adapter.label})
        return Found(account, author, source.adapter.namespace(source.config))
    except Transient as error:
        told = _("It could not be asked just now: %(error)s Check it again in a moment.") % {"error": error}
        settle(account, now, error=told)
    except (ChannelError, LookupError) as error:
        settle(account, now, error=str(error))
    except Exception as error:
        logger.exception("Checking a personal account failed in a way that no adapter should.")
        settle(account, now, error=_("The desk made a mistake (%(kind)s).") % {"kind": type(error).__name__})
    return None


def settle(account: PersonalAccount, now: datetime, *, author: Author | None = None, error: str = "") -> bool:
    """What came of the check; False when other secrets were entered meanwhile, which are checked by themselves."""
    held = PersonalAccount.objects.filter(pk=account.pk, secrets=account.secrets)
    told = {"external_id": author.id[:500], "handle": (author.handle or "")[:254]} if author is not None else {}
    return bool(held.update(checked_at=now, error=fit(without_secrets(error)), **told))


def refused(user_id: int, connection_id: int, error: str) -> None:
    """The platform did not let something out from it: nothing more leaves until its owner has mended it."""
    accounts = PersonalAccount.objects.filter(user_id=user_id, connection_id=connection_id, checked_at__isnull=False)
    accounts.update(error=fit(without_secrets(error)))


def unchecked() -> list[int]:
    """Accounts whose check got lost, for a sweep."""
    waiting = PersonalAccount.objects.filter(checked_at__isnull=True, error="", user__is_active=True)
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:100])


# --- sending --------------------------------------------------------------------------------------------------------


def is_needed(connection: Connection) -> bool:
    """Whether replies on it leave from accounts of single people only."""
    adapter = all_adapters().get(connection.platform)
    return adapter is not None and bool(adapter.personal_fields)


def marked(user_id: int, connection_id: int) -> Mapping[str, Json]:
    """What an outbound item carries of the account that it is to leave from; nothing where there is none."""
    accounts = PersonalAccount.objects.filter(user_id=user_id, connection_id=connection_id).exclude(external_id="")
    external_id = accounts.values_list("external_id", flat=True).first()
    return {ACCOUNT: external_id} if external_id else {}


def source_as(user_id: int | None, connection_id: int, account_id: str, *, even_refused: bool = False) -> Source:
    """The connection, speaking as the account that an item was written for. Raises AuthFailed where its owner has left,
    or has removed or replaced it; `even_refused` lets one through that the platform refused lately, to look for a
    post."""
    source = source_of(connection_id)
    if not source.adapter.personal_fields:
        return source
    theirs = PersonalAccount.objects.filter(user_id=user_id or 0, connection_id=connection_id)
    if (account := theirs.select_related("user").first()) is None or not account_id:
        raise AuthFailed(
            _("On %(platform)s replies leave from the account of whoever writes them, and there is none any more.")
            % {"platform": source.adapter.label}
        )
    if not account.user.is_active:
        raise AuthFailed(
            _("Whoever wrote it has left, so nothing leaves from their account on %(platform)s any more.")
            % {"platform": source.adapter.label}
        )
    if account.external_id != account_id:
        raise AuthFailed(
            _("It was written for another account on %(platform)s than the one that its author has entered since.")
            % {"platform": source.adapter.label}
        )
    if not (account.is_usable or even_refused):
        raise AuthFailed(account.error or _("The account is still being checked."))
    return speaking_as(source, account)


def forget_all(user_id: int) -> int:
    """Remove every account that this person has entered; returns how many."""
    count, _by_model = PersonalAccount.objects.filter(user_id=user_id).delete()
    return count
