"""Classifies database errors by consequence: retry the batch, store item by item, blame the item, or give up."""

from __future__ import annotations

from django.db import transaction

NO_ITEMS_FAULT = ("57P01", "57P03", "40P01", "40001", "53300")
"""PostgreSQL error codes: shutting down, starting up, deadlock, serialisation, too many connections."""
STATEMENT_TIMEOUT = "57014"


def described(error: BaseException) -> str:
    """The error as text, as the inbox stores it."""
    return f"{type(error).__name__}: {error}".strip()[:2000]


def is_session_gone() -> bool:
    """Whether the session has ended: no further statement will run on it."""
    return not transaction.get_connection().is_usable()


def is_slow(error: BaseException) -> bool:
    """Whether a statement timed out: the same batch would time out again."""
    return _sqlstate(error) == STATEMENT_TIMEOUT


def is_suspicious(error: BaseException) -> bool:
    """Whether an item may be to blame: not for a deadlock, a database shutdown or a worker shutdown."""
    return isinstance(error, Exception) and _sqlstate(error) not in NO_ITEMS_FAULT


def _sqlstate(error: BaseException) -> str:
    return getattr(error.__cause__, "pgcode", None) or ""
