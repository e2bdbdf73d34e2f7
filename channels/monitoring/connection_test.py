"""*Test connection* on a page: a task does the network request, and the page reads the result from the cache."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext as _

from channels.dispatch import send_task
from channels.errors import ChannelError
from channels.http.limits_per_person import may_ask
from channels.models import Connection
from channels.polling.parsing_apart import parsing_apart
from channels.registry.configs import source_of
from channels.secrets.vault import without_secrets

logger = logging.getLogger(__name__)

CACHE_TTL_S = 600
TASK = "channels.try_connection"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`is_well` is None until the platform answers."""

    is_well: bool | None
    words: str


def begin(connection_id: int, person_id: int | None = None) -> CheckResult:
    """Queue a test for this person; returns the interim result."""
    if person_id is not None and not may_ask(person_id):
        return CheckResult(False, _("Too many tests within a minute. Wait a moment, then try again."))
    if not send_task(TASK, connection_id):
        return _keep(connection_id, CheckResult(False, _("No worker can be reached. Is Redis running?")))
    return _keep(connection_id, CheckResult(None, _("Waiting for an answer …")))


def last_result(connection_id: int) -> CheckResult | None:
    """The last test's result; None if it has expired."""
    found = cache.get(_key(connection_id))
    return CheckResult(*found) if found else None


def tried(connection_id: int) -> CheckResult:
    """Test a connection with one cheap request to the platform. Never raises, since a person waits for the message."""
    try:
        source = source_of(connection_id)
        with parsing_apart(source.adapter):
            message, is_well = source.adapter.check(source.config), True
    except (ChannelError, LookupError, Connection.DoesNotExist) as error:
        message, is_well = str(error), False
    except Exception as error:
        logger.exception("Connection %s could not be tested.", connection_id)
        message, is_well = (
            _("Internal error (%(kind)s). Please report it.") % {"kind": type(error).__name__},
            False,
        )
    return _keep(connection_id, CheckResult(is_well, without_secrets(message)))


def _keep(connection_id: int, result: CheckResult) -> CheckResult:
    cache.set(_key(connection_id), (result.is_well, result.words), CACHE_TTL_S)
    return result


def _key(connection_id: int) -> str:
    return f"tried:{connection_id}"
