"""System checks: a wrong setting is explained, with its fix, before anything starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, NotSupportedError, connection

logger = logging.getLogger(__name__)

Configs = Sequence[AppConfig] | None
LOCAL = ("localhost", "127.0.0.1", "::1")


@register(Tags.security)
def values(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """Reports every value refused by the settings table, and every required one that is missing."""
    return [Error(problem.said, hint=problem.remedy, id="desk.E001") for problem in settings.GIVEN.problems]


@register(Tags.security)
def names(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """Reports unknown variables that start with DESK_. One close to a setting's name is a typo, and refused; others may
    be unrelated: Kubernetes sets DESK_PORT and similar when a service is called "desk"."""
    found: list[CheckMessage] = []
    for stranger in settings.GIVEN.unknown:
        said = f"{stranger.name} is not a setting of the desk."
        if stranger.nearest:
            found.append(Error(said, hint=f"Did you mean {stranger.nearest}?", id="desk.E002"))
        else:
            found.append(Warning(said, hint="docs/settings.md lists all settings.", id="desk.W003"))
    return found


@register(Tags.security)
def addresses(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """Checks the desk's URL, and that the settings agree on it."""
    found: list[CheckMessage] = []
    base = urlsplit(settings.BASE_URL)
    host = base.hostname or ""
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error(
                "DESK_ALLOWED_HOSTS allows every host, so forged Host headers are accepted.",
                hint=f"List the hosts: DESK_ALLOWED_HOSTS={host}",
                id="desk.E021",
            )
        )
    elif host not in settings.ALLOWED_HOSTS and not any(
        allowed.startswith(".") and f".{host}".endswith(allowed) for allowed in settings.ALLOWED_HOSTS
    ):
        found.append(
            Error(
                f"DESK_BASE_URL is at {host}, which DESK_ALLOWED_HOSTS does not contain.",
                hint=f"Add it: DESK_ALLOWED_HOSTS={','.join([*settings.ALLOWED_HOSTS, host])}",
                id="desk.E022",
            )
        )
    local = host in LOCAL
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
                "DESK_DEBUG is on at a public address: error pages would show source code.",
                hint="Leave DESK_DEBUG unset.",
                id="desk.W024",
            )
        )
    return found


@register(Tags.security)
def leases(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """Checks settings whose bounds depend on another one."""
    least = longest_request_s()
    if least <= settings.POLL_LEASE_SECONDS:
        return []
    return [
        Error(
            f"DESK_POLL_LEASE_SECONDS is {settings.POLL_LEASE_SECONDS}: a poller waiting for a slow response "
            "would count as lost.",
            hint=f"With DESK_READ_TIMEOUT_SECONDS={settings.READ_TIMEOUT_SECONDS} use a value from {least} to 600.",
            id="desk.E030",
        )
    ]


@register(Tags.security)
def single_sign_on(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """Checks that a single sign-on provider has the desk's client id, and a secret: few providers accept a server
    without one."""
    if not settings.OIDC_ISSUER:
        return []
    found: list[CheckMessage] = []
    if not settings.GIVEN["DESK_OIDC_CLIENT_ID"]:
        found.append(
            Error(
                "DESK_OIDC_ISSUER is set without DESK_OIDC_CLIENT_ID: nobody could log in by single sign-on.",
                hint="Set DESK_OIDC_CLIENT_ID to the client ID from the provider.",
                id="desk.E031",
            )
        )
    if not settings.GIVEN["DESK_OIDC_CLIENT_SECRET"]:
        found.append(
            Warning(
                "DESK_OIDC_CLIENT_SECRET is not set: most providers will refuse the desk.",
                hint="Set it to the client secret from the provider.",
                id="desk.W032",
            )
        )
    return found


CHECKS: tuple[Callable[[Configs], list[CheckMessage]], ...] = (values, names, addresses, leases, single_sign_on)


def longest_request_s() -> int:
    """Maximum duration of a request: connecting, the first byte, and a slow body (`channels.http`). A poller still
    waiting within this time is not lost."""
    return 5 + 2 * settings.READ_TIMEOUT_SECONDS


def refuse_old_database() -> None:
    """Raises ImproperlyConfigured if PostgreSQL answers and is too old. One that doesn't answer doesn't block the
    start: readiness reports it until it does."""
    try:
        connection.ensure_connection()
    except NotSupportedError as error:
        raise ImproperlyConfigured(f"The desk cannot start:\ndesk.E005: {error}") from None
    except DatabaseError as error:
        logger.warning("PostgreSQL is not responding yet: %s", type(error).__name__)
    finally:
        connection.close()  # forked processes must not share it


def refuse_wrong_settings() -> None:
    """For processes that run no system checks (WSGI, worker, beat). Raises ImproperlyConfigured with every error and
    its fix; warnings are logged."""
    found = [message for check in CHECKS for message in check(None)]
    for message in found:
        if message.level < ERROR:
            logger.warning("%s %s", message.msg, message.hint)
    if errors := [message for message in found if message.level >= ERROR]:
        lines = [f"{error.id}: {error.msg} {error.hint}" for error in errors]
        raise ImproperlyConfigured("The desk cannot start:\n" + "\n".join(lines))
