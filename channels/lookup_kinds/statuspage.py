"""Our status page: its current status, and ongoing incidents and maintenances.

`summary.json` has the page, its overall status, ongoing incidents and maintenances: https://metastatuspage.com/api/v2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from channels.adapters.statuspage import api
from channels.contract import MAX_HITS, Config, Hit, LookupKind, Purpose
from channels.errors import Transient
from channels.toolkit.values import list_of, object_of, text_of, time_of

_GOING_ON = ("in_progress", "verifying")


class StatusPage(LookupKind):
    name = "statuspage"
    label = "Status page (Statuspage)"
    purpose = Purpose.STATUS_PAGE
    platform = "statuspage"
    takes_words = False

    def home(self, config: Config) -> str:
        return api.address(config)

    def find(self, config: Config, words: Sequence[str]) -> list[Hit]:
        """The page itself with its status, then ongoing incidents and maintenances."""
        body = object_of(api.get(config, "summary").body)
        page = object_of(body.get("page"))
        if not page:
            raise Transient("There is no Statuspage at this address. Check the address.")
        status_text = text_of(object_of(body.get("status")).get("description"))
        first = Hit(
            status_text or text_of(page.get("name")), self.home(config), updated_at=time_of(page.get("updated_at"))
        )
        incidents = [_hit(self.home(config), entry) for entry in list_of(body.get("incidents"))]
        planned = [entry for entry in list_of(body.get("scheduled_maintenances")) if _is_going_on(entry)]
        return [first, *incidents, *(_hit(self.home(config), entry) for entry in planned)][:MAX_HITS]


def _is_going_on(entry: Any) -> bool:
    return object_of(entry).get("status") in _GOING_ON


def _hit(base: str, entry: Any) -> Hit:
    incident: Mapping[str, Any] = object_of(entry)
    return Hit(
        text_of(incident.get("name")),
        f"{base}/incidents/{quote(text_of(incident.get('id')), safe='')}",
        state=text_of(incident.get("status")),
        updated_at=time_of(incident.get("updated_at")),
    )
