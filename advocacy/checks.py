"""System checks: a wrong setting is explained in words, with its fix, before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

SECRET_KEY_LENGTH = 50
NEW_SIGNING_KEY = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'
NEW_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'

Configs = Sequence[AppConfig] | None


@register(Tags.security)
def services(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """The two addresses without which there is no desk."""
    found: list[CheckMessage] = []
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine.endswith(".dummy"):
        found.append(
            Error(
                "DATABASE_URL is not set: the desk has no database.",
                hint="Set DATABASE_URL=postgresql://user:password@host:5432/name. For a desk that brings its own "
                "PostgreSQL and Redis, to look around, run script/demo.",
                id="desk.E001",
            )
        )
    elif not engine.endswith("postgresql"):
        found.append(
            Error(
                f"DATABASE_URL names {engine.rpartition('.')[2]}, but the desk needs PostgreSQL.",
                hint="Its rules are held by PostgreSQL's constraints and row locks. Use postgresql://…",
                id="desk.E002",
            )
        )
    if not settings.REDIS_URL:
        found.append(
            Error(
                "REDIS_URL is not set: tasks have no way to the worker.",
                hint="Set REDIS_URL=redis://:password@host:6379/0.",
                id="desk.E003",
            )
        )
    elif urlsplit(settings.REDIS_URL).scheme not in ("redis", "rediss"):
        found.append(
            Error(
                "REDIS_URL is not the address of a Redis.",
                hint="It begins with redis:// (or rediss:// for TLS).",
                id="desk.E004",
            )
        )
    return found


@register(Tags.security)
def keys(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """The key that signs sessions, and the keys that platforms' secrets are encrypted with."""
    found: list[CheckMessage] = []
    try:
        secret = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own words for an empty one say neither the variable nor the fix
        secret = ""
    if not secret:
        found.append(
            Error("DESK_SECRET_KEY is not set.", hint=f"Make one once and keep it: {NEW_SIGNING_KEY}", id="desk.E010")
        )
    elif len(secret) < SECRET_KEY_LENGTH or len(set(secret)) < 10 or secret.startswith("django-insecure"):
        found.append(
            Error(
                f"DESK_SECRET_KEY is weak: {SECRET_KEY_LENGTH} random characters are the least.",
                hint=f"Make one once and keep it: {NEW_SIGNING_KEY}",
                id="desk.E011",
            )
        )
    if not settings.ENCRYPTION_KEYS:
        found.append(
            Error(
                "DESK_ENCRYPTION_KEYS is not set: the platforms' secrets could not be stored.",
                hint=f"Make one once and keep it apart from the database's backups: {NEW_KEY}",
                id="desk.E012",
            )
        )
    for place, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            found.append(
                Error(
                    f"Key number {place} of DESK_ENCRYPTION_KEYS is malformed.",
                    hint="Each key is 32 bytes in URL-safe base64 (44 characters); the first encrypts, all decrypt; "
                    f"separate them by commas. A new one: {NEW_KEY}",
                    id="desk.E013",
                )
            )
    return found


@register(Tags.security)
def addresses(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """Where the desk is reached, and whether its own settings agree on it."""
    found: list[CheckMessage] = []
    try:
        base = urlsplit(settings.BASE_URL)
    except ValueError:  # such as http://[
        base = urlsplit("")
    if base.scheme not in ("http", "https") or not base.hostname:
        return [
            Error(
                "DESK_BASE_URL is not an address.",
                hint="It is what people type to reach the desk, such as https://desk.example.com.",
                id="desk.E020",
            )
        ]
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error(
                "DESK_ALLOWED_HOSTS allows every host, so a forged Host header is believed.",
                hint=f"Name the hosts: DESK_ALLOWED_HOSTS={base.hostname}",
                id="desk.E021",
            )
        )
    elif base.hostname not in settings.ALLOWED_HOSTS and not any(
        host.startswith(".") and f".{base.hostname}".endswith(host) for host in settings.ALLOWED_HOSTS
    ):
        found.append(
            Error(
                f"DESK_BASE_URL is at {base.hostname}, which DESK_ALLOWED_HOSTS does not contain.",
                hint=f"Add it: DESK_ALLOWED_HOSTS={','.join([*settings.ALLOWED_HOSTS, base.hostname])}",
                id="desk.E022",
            )
        )
    local = base.hostname in ("localhost", "127.0.0.1", "::1")
    if base.scheme == "http" and not local:
        found.append(
            Warning(
                "DESK_BASE_URL is http://: passwords and sessions travel in the clear.",
                hint="Put the desk behind TLS and set DESK_BASE_URL=https://…",
                id="desk.W023",
            )
        )
    if settings.DEBUG and not local:
        found.append(
            Warning(
                "DESK_DEBUG is on at a public address: error pages would show the code.",
                hint="Leave DESK_DEBUG unset.",
                id="desk.W024",
            )
        )
    return found


@register(Tags.security)
def amounts(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """Numbers that would make the desk useless, or slow."""
    bounds = {
        "DESK_UNDO_SECONDS": (settings.UNDO_SECONDS, 0, 300),
        "DESK_CLAIM_LEASE_SECONDS": (settings.CLAIM_LEASE_SECONDS, 30, 3600),
        "DESK_READ_TIMEOUT_SECONDS": (settings.READ_TIMEOUT_SECONDS, 1, 30),
        "DESK_POLL_LEASE_SECONDS": (settings.POLL_LEASE_SECONDS, longest_request_s(), 600),
        "DESK_CLOSE_SOLVED_AFTER_DAYS": (settings.CLOSE_SOLVED_AFTER_DAYS, 1, 3650),
        "DESK_ATTACHMENT_MAX_BYTES": (settings.ATTACHMENT_MAX_BYTES, 1024, 100 * 1024 * 1024),
        "DESK_MAILS_PER_ADDRESS_PER_DAY": (settings.MAILS_PER_ADDRESS_PER_DAY, 1, 10_000),
    }
    return [
        Error(f"{name} is {value}.", hint=f"It may be from {least} to {most}.", id="desk.E030")
        for name, (value, least, most) in bounds.items()
        if not least <= value <= most
    ]


def longest_request_s() -> int:
    """Connecting, the first byte, and a body that drips (`channels.http`): a poller that waits for it is not lost."""
    return 5 + 2 * int(settings.READ_TIMEOUT_SECONDS)


def refuse_wrong_settings() -> None:
    """For the starts that run no system checks of their own (WSGI, worker, beat). Raises ImproperlyConfigured with
    every error and its fix."""
    errors = [found for check in (services, keys, addresses, amounts) for found in check(None) if found.level >= ERROR]
    if errors:
        lines = [f"{error.id}: {error.msg} {error.hint}" for error in errors]
        raise ImproperlyConfigured("The desk cannot start:\n" + "\n".join(lines))
