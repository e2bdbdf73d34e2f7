"""Holds back all sending, by a setting or because the database is a restored copy.

A backup taken within an undo window contains replies that its desk has sent since. A copy therefore sends nothing until
`manage.py after_restore` has run, which leaves unsent items to people (`channels.outbox.held_back`).
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection

from channels.models import Installation

SETTING = "setting"
COPY = "copy"

_IDENTITY = """
SELECT system_identifier, oid, 'channels_outbounditem'::regclass::oid
  FROM pg_database, pg_control_system() WHERE datname = current_database()
"""
_IDENTITY_WITHOUT_CLUSTER = """
SELECT '', oid, 'channels_outbounditem'::regclass::oid FROM pg_database WHERE datname = current_database()
"""
_MAY_ASK = "SELECT has_function_privilege('pg_control_system()', 'execute')"


def why_held_back() -> str:
    """SETTING, COPY, or "" if sending is allowed. Checked before each send: one small query."""
    if settings.HOLD_SENDING:
        return SETTING
    recorded = Installation.objects.filter(pk=Installation.THE_ONE).values_list("database", flat=True).first()
    if recorded is None:
        Installation.objects.bulk_create([_this()], ignore_conflicts=True)
        return ""
    return "" if recorded == identity() else COPY


def identity() -> str:
    """This database's identity: unchanged by a restart, a migration or a failover, but different in a restored copy,
    even one restored over the original database (its tables are new). Without the privilege to read the cluster's
    identifier, only the OIDs are used."""
    with connection.cursor() as cursor:
        cursor.execute(_MAY_ASK)
        (may_ask,) = cursor.fetchone()
        cursor.execute(_IDENTITY if may_ask else _IDENTITY_WITHOUT_CLUSTER)
        return "/".join(str(part) for part in cursor.fetchone())


def _this(restored_at: datetime | None = None) -> Installation:
    return Installation(pk=Installation.THE_ONE, database=identity(), restored_at=restored_at)


def restored_at() -> datetime | None:
    """When this database was last restored from a backup; None if never."""
    return Installation.objects.filter(pk=Installation.THE_ONE).values_list("restored_at", flat=True).first()


def begin_anew(now: datetime) -> None:
    """Make this database the desk's own from now on."""
    _this(restored_at=now).save(force_insert=not Installation.objects.filter(pk=Installation.THE_ONE).exists())
