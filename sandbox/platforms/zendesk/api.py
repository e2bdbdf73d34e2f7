"""Zendesk's search: https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.base.knowledge import matching
from sandbox.wire.http import Refused, Request
from sandbox.wire.lists import page_of
from sandbox.wire.quotas import Spent
from sandbox.wire.texts import iso
from sandbox.world import DOMAIN

if TYPE_CHECKING:
    from sandbox.platforms.zendesk import Zendesk

EMAIL = f"desk@{DOMAIN}"
TOKEN = "sandboxZendeskTokenOfAcme"  # noqa: S105
_LOGIN = "Basic " + base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
_FIRST = 4200
_DAY_S = 86_400


class Api(ResourceServer):
    site: Zendesk
    base = "/zendesk/api/v2"
    limit = 100
    window_s = 60

    def routes(self) -> Routes:
        return [("GET", "/search.json", self.search)]

    def caller(self, request: Request) -> str:
        if request.headers.get("Authorization") != _LOGIN:
            raise Refused(self.site.refusal("expired"))
        return EMAIL

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return {"X-Rate-Limit": str(spent.limit), "X-Rate-Limit-Remaining": str(spent.left)}

    def search(self, request: Request) -> Any:
        """`type:` and `status:` filter; all other words must be in the ticket. Sorted by `updated_at`."""
        asked = request.query.get("query", "").split()
        words = [word for word in asked if ":" not in word]
        found = [] if "status:open" in asked or "type:user" in asked else matching(words)
        tickets = [self._ticket(number, known) for number, known in found]
        tickets.sort(key=lambda ticket: ticket["updated_at"], reverse=request.query.get("sort_order") != "asc")
        page = page_of(request, tickets, 0, self.number(request, "per_page", 100, most=100))
        return {
            "results": page.entries,
            "facets": None,
            "next_page": None,
            "previous_page": None,
            "count": len(tickets),
        }

    def _ticket(self, number: int, known: Any) -> dict[str, Any]:
        at = self.now() - number * _DAY_S
        return {
            "id": _FIRST + number,
            "url": f"{self.site.universe.public_url}/zendesk/api/v2/tickets/{_FIRST + number}.json",
            "result_type": "ticket",
            "subject": known.trouble,
            "description": f"{known.trouble}. {known.help} See https://docs.{DOMAIN}/{known.page}",
            "status": "solved",
            "created_at": iso(at - _DAY_S),
            "updated_at": iso(at),
        }
