"""Sets up each database session: time limits that work both directly and behind a transaction pooler.

Behind a pooler such as PgBouncer, each transaction may run in a different server session. Session settings, prepared
statements, cursors and session locks would then leak to other clients, and the pooler rejects limits as startup
parameters. So nothing is sent at startup; after connecting, we detect which of the two it is:

- direct: the limits are set once for the session;
- pooled: SET LOCAL sets them before the first statement of each transaction; server-side cursors are off, and
  `mentions.db.prepared` checks this too.

Parameters set in the `options` of DATABASE_URL are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import NotSupportedError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import atomic
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

OLDEST_VERSION = 160000
POOLED = "DISABLE_SERVER_SIDE_CURSORS"
"""Django's setting for "behind a transaction pooler"."""
_OPTION = re.compile(r"(?:-c\s*|--)([a-z_.]+)\s*=")


@dataclass(frozen=True)
class Limits:
    """In milliseconds; 0: no limit."""

    statement_ms: int = 0
    lock_ms: int = 0
    idle_in_transaction_ms: int = 60_000
    """A long-open snapshot slows every claim; none of our code may idle in a transaction."""

    @property
    def parameters(self) -> dict[str, int]:
        return {
            "statement_timeout": self.statement_ms,
            "lock_timeout": self.lock_ms,
            "idle_in_transaction_session_timeout": self.idle_in_transaction_ms,
        }


_limits = Limits()


def limit(limits: Limits) -> None:
    """Set the limits for this process and its children; call it before the first connection. Commands never do."""
    global _limits
    _limits = limits


def for_web() -> Limits:
    """Strict: somebody is waiting for the page."""
    return Limits(settings.WEB_STATEMENT_TIMEOUT_SECONDS * 1000, settings.LOCK_TIMEOUT_SECONDS * 1000)


def for_worker() -> Limits:
    return Limits(settings.WORKER_STATEMENT_TIMEOUT_SECONDS * 1000, settings.LOCK_TIMEOUT_SECONDS * 3000)


def for_commands() -> Limits:
    """No limit for migrations and exports."""
    return Limits()


def prepare(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Receiver of `connection_created`. Raises NotSupportedError if PostgreSQL is older than 16."""
    if connection.vendor != "postgresql":
        return
    _refuse_old(connection)
    parameters = {name: value for name, value in _limits.parameters.items() if name not in set_by_url(connection)}
    if is_pooled(connection) or _has_pooler(connection):
        mark_pooled(connection)
        _limit_transactions(connection, parameters if _limits.statement_ms or _limits.lock_ms else {})
    else:
        _limit_session(connection, parameters)


def is_pooled(connection: BaseDatabaseWrapper) -> bool:
    """Whether each transaction may run in a different server session. Known only after connecting."""
    return bool(connection.settings_dict.get(POOLED))


def mark_pooled(connection: BaseDatabaseWrapper) -> None:
    """Permanent for this process, even if a later connection is direct."""
    connection.settings_dict[POOLED] = True


def set_by_url(connection: BaseDatabaseWrapper) -> set[str]:
    """Names of the parameters set in the `options` of DATABASE_URL."""
    options = connection.settings_dict.get("OPTIONS", {}).get("options", "")
    return set(_OPTION.findall(options))


@contextmanager
def without_limits(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """One transaction without a statement timeout, for long work in a task."""
    with atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def _refuse_old(connection: BaseDatabaseWrapper) -> None:
    version = connection.connection.server_version
    if version < OLDEST_VERSION:
        connection.close()
        raise NotSupportedError(f"PostgreSQL 16 or newer is required; DATABASE_URL points to {version // 10_000}.")


def _has_pooler(connection: BaseDatabaseWrapper) -> bool:
    """A pooler reports a made-up backend process id; the server behind it reports the real one."""
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return bool(cursor.fetchone()[0] != connection.connection.get_backend_pid())


def _limit_session(connection: BaseDatabaseWrapper, parameters: Mapping[str, int]) -> None:
    if parameters:
        with connection.connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET {name} = {value}" for name, value in parameters.items()))


def _limit_transactions(connection: BaseDatabaseWrapper, parameters: Mapping[str, int]) -> None:
    others = [wrapper for wrapper in connection.execute_wrappers if not isinstance(wrapper, _FirstStatement)]
    own_wrapper = [_FirstStatement("".join(f"SET LOCAL {name} = {value}; " for name, value in parameters.items()))]
    connection.execute_wrappers[:] = [*others, *(own_wrapper if parameters else [])]


@dataclass(frozen=True)
class _FirstStatement:
    """Prepends the limits to the statement that begins a transaction. Several statements in one string form an implicit
    transaction, so this also works for a single statement in autocommit mode."""

    prefix: str

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Mapping[str, Any]
    ) -> Any:
        session = context["connection"].connection
        if session.info.transaction_status == TRANSACTION_STATUS_IDLE:
            text = sql if isinstance(sql, str) else sql.as_string(session)
            sql = self.prefix + text
        return execute(sql, params, many, context)
