"""Nothing leaves the desk: because the settings say so, or because this is a restored copy of a database.

A backup that was taken inside an undo window holds replies that its desk has sent since. A copy therefore sends nothing
until `manage.py after_restore` has run, which leaves what was still to be sent to people
(`channels.outbox.held_items`).
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


def why_held() -> str:
    """SETTING, COPY, or "" while things may leave. Asked before anything is sent: one small query."""
    if settings.HOLD_SENDING:
        return SETTING
    known = Installation.objects.filter(pk=Installation.THE_ONE).values_list("database", flat=True).first()
    if known is None:
        Installation.objects.bulk_create([_this()], ignore_conflicts=True)
        return ""
    return "" if known == identity() else COPY


def identity() -> str:
    """Of this database: the same after a restart, a migration or a failover; another one in a restored copy, also where
    a dump was restored over the very database that it came from (its tables are new ones). Where the role may not ask
    for the cluster's identifier, the numbers have to do."""
    with connection.cursor() as cursor:
        cursor.execute(_MAY_ASK)
        (may_ask,) = cursor.fetchone()
        cursor.execute(_IDENTITY if may_ask else _IDENTITY_WITHOUT_CLUSTER)
        return "/".join(str(part) for part in cursor.fetchone())


def _this(restored_at: datetime | None = None) -> Installation:
    return Installation(pk=Installation.THE_ONE, database=identity(), restored_at=restored_at)


def restored_at() -> datetime | None:
    """When this database was last restored from a backup."""
    return Installation.objects.filter(pk=Installation.THE_ONE).values_list("restored_at", flat=True).first()


def begin_anew(now: datetime) -> None:
    """This database is the desk's from now on."""
    _this(restored_at=now).save(force_insert=not Installation.objects.filter(pk=Installation.THE_ONE).exists())
