"""Raw text of an unreadable inbox item, cut to what a page can show."""

from __future__ import annotations

from django.db import connection

from channels.models import InboundItem

MAX_SHOWN = 20_000


def head_of(item_id: int) -> tuple[str, bool]:
    """(the beginning as text, whether there is more). The database does the cutting, so nothing large is loaded. Plain
    text: the caller escapes it. Raises InboundItem.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(raw FROM 1 FOR %s), left(payload::text, %s) FROM channels_inbounditem WHERE id = %s",
            [MAX_SHOWN + 1, MAX_SHOWN + 1, item_id],
        )
        found = cursor.fetchone()
    if found is None:
        raise InboundItem.DoesNotExist
    raw, payload = found
    text = payload or "" if raw is None else bytes(raw).decode("utf-8", "backslashreplace")
    return text[:MAX_SHOWN].replace("\0", "\ufffd"), len(text) > MAX_SHOWN
