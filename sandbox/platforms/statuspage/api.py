"""The public part of the page's API, open to anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, json_response

if TYPE_CHECKING:
    from sandbox.platforms.statuspage import Statuspage

PAGE_ID = "acmestatuspg"
COMPONENTS = {"Pipelines": "cmpacme00001", "Website": "cmpacme00002", "Registry": "cmpacme00003", "API": "cmpacme00004"}


class Api(ResourceServer):
    site: Statuspage
    base = "/statuspage/api/v2"

    def routes(self) -> Routes:
        return [
            ("GET", "/summary.json", self.summary),
            ("GET", "/status.json", lambda _: {"status": self.site.status()}),
            ("GET", "/incidents.json", lambda _: {"incidents": self.site.incidents("outage")}),
            ("GET", "/incidents/unresolved.json", lambda _: {"incidents": self.site.open_ones("outage")}),
            ("GET", "/scheduled-maintenances.json", self.maintenances),
        ]

    def answer(self, request: Request, body: Any) -> Response:
        return json_response({"page": self.site.about(), **body})

    def maintenances(self, request: Request) -> Doc:
        return {"scheduled_maintenances": self.site.incidents("maintenance")}

    def summary(self, request: Request) -> Doc:
        """Only ongoing incidents."""
        parts = [
            {"id": part, "name": name, "status": "operational", "position": place, "page_id": PAGE_ID}
            for place, (name, part) in enumerate(COMPONENTS.items(), 1)
        ]
        return {
            "components": parts,
            "incidents": self.site.open_ones("outage"),
            "scheduled_maintenances": self.site.open_ones("maintenance"),
            "status": self.site.status(),
        }
