"""Other tickets about the same page: from two platforms, or one of them added by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mentions.db import prepared
from mentions.models import Ticket
from mentions.people import access
from mentions.tickets.conversation import Thread
from mentions.views.panels import Panel

SHOWN = 5

# One conversation on one platform doesn't count: ten askers under a story are listed together already.
_FOUND = """
SELECT mentions_ticket.id, mentions_ticket.subject, mentions_ticket.status, c.name, x.platform
FROM mentions_ticket JOIN channels_channel c ON c.id = mentions_ticket.channel_id
JOIN channels_connection x ON x.id = c.connection_id
WHERE mentions_ticket.id IN (
    SELECT m.ticket_id FROM mentions_message m
    WHERE m.canonical_url <> '' AND m.canonical_url = ANY(%(places)s)
      AND NOT (m.namespace = %(namespace)s AND m.thread_id = %(thread)s)
    UNION
    SELECT m.ticket_id FROM mentions_message m
    WHERE m.page_url <> '' AND m.page_url = ANY(%(places)s)
      AND NOT (m.namespace = %(namespace)s AND m.thread_id = %(thread)s)
  )
  AND mentions_ticket.id <> %(ticket)s AND mentions_ticket.merged_into_id IS NULL
  AND VISIBLE
ORDER BY mentions_ticket.id DESC LIMIT %(most)s
""".replace("VISIBLE", access.VISIBLE.sql)


@dataclass(frozen=True, slots=True)
class Other:
    id: int
    subject: str
    status: str
    channel: str
    platform: str

    @property
    def status_word(self) -> str:
        return str(dict(Ticket.Status.choices).get(self.status, self.status))


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> Mapping[str, Any] | None:
    """One statement, or none if no message has a URL; None if there is nothing to show."""
    said = [entry.item for entry in thread.entries if entry.kind == "message"]
    places = sorted({place for message in said for place in (message.canonical_url, message.page_url) if place})
    if not places or thread.first is None:
        return None
    values = {
        "places": places,
        "namespace": thread.first.namespace,
        "thread": thread.first.thread_id,
        "ticket": ticket.pk,
        "me": request.user.pk,
        "most": SHOWN + 1,
    }
    found = [Other(*row) for row in prepared.run(_FOUND, values)]
    return {"others": found[:SHOWN], "are_more": len(found) > SHOWN} if found else None


ELSEWHERE = Panel("elsewhere", _("Related mentions"), "mentions/_elsewhere.html", context, position=30)
