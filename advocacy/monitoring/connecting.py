"""`manage.py check --connect`: whether the configured services are reachable and accept our credentials.

Run by hand and by `manage.py upgrade`, never at startup: a brief outage of a service must not keep the desk from
starting.
"""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from typing import Any

import redis
from django.apps import AppConfig
from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, NotSupportedError, connection

from channels.errors import ChannelError
from channels.secrets.vault import without_secrets
from channels.slack import api

TIMEOUT_S = 5.0


def database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """PostgreSQL accepts the login and is new enough."""
    if connection.vendor != "postgresql":
        return []  # reported by the settings check
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except NotSupportedError as error:
        return [Error(str(error), hint="Upgrade PostgreSQL, or point DATABASE_URL to a newer server.", id="desk.E005")]
    except DatabaseError as error:
        said = _first_line(error)
        if "unsupported startup parameter" in said:
            return [
                Error(
                    f"DATABASE_URL: the pooler refuses its `options` ({said}).",
                    hint="Remove `options` from DATABASE_URL and set them on the role (ALTER ROLE … SET …). PgBouncer "
                    "accepts the connection with ignore_startup_parameters = options, but ignores the values.",
                    id="desk.E041",
                )
            ]
        return [
            Error(
                f"DATABASE_URL: no connection ({said}).",
                hint="Check host, port, name, user and password, and for TLS sslmode and sslrootcert.",
                id="desk.E040",
            )
        ]
    return []


def redis_server(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Redis accepts the login."""
    if not settings.REDIS_URL:
        return []
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return [
            Error(
                f"REDIS_URL: no connection ({_first_line(error)}).",
                hint="Check host, port and password; rediss:// needs ssl_ca_certs for a private certificate.",
                id="desk.E042",
            )
        ]
    return []


def mail_server(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The server for the desk's own mail accepts the login. Nothing is sent."""
    try:
        with mail.get_connection(timeout=TIMEOUT_S):
            pass
    except (OSError, smtplib.SMTPException) as error:
        return [
            Error(
                f"DESK_EMAIL_URL: no connection ({_first_line(error)}).",
                hint="Check host, port, user and password, and whether it is smtp+tls:// (587) or smtp+ssl:// (465).",
                id="desk.E043",
            )
        ]
    return []


def slack(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Slack accepts the token, if there is one."""
    if not settings.SLACK_TOKEN:
        return []
    try:
        api.whoami()
    except ChannelError as error:
        hint = "Use the bot token (xoxb-…) of an app that is installed in the workspace."
        return [Error(f"DESK_SLACK_TOKEN: {_first_line(error)}", hint=hint, id="desk.E044")]
    return []


ALL = (database, redis_server, mail_server, slack)


def _first_line(error: Exception) -> str:
    """The other side's message without secrets; the error's type if it sent none."""
    for secret in (settings.DATABASES["default"].get("PASSWORD"), settings.EMAIL_HOST_PASSWORD):
        if secret and str(secret) in str(error):
            return type(error).__name__
    lines = without_secrets(str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
