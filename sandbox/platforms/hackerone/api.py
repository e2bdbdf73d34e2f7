"""The customer API: https://api.hackerone.com/customer-resources/"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.base.api import ResourceServer, Routes
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.lists import page_of

if TYPE_CHECKING:
    from sandbox.platforms.hackerone import HackerOne

IDENTIFIER = "acme-desk"
TOKEN = "sandbox+hackerone/token="  # noqa: S105
PROGRAMS = {"acme": "1894", "acme-labs": "1895"}
_WANTED = "Basic " + base64.b64encode(f"{IDENTIFIER}:{TOKEN}".encode()).decode()


def errors(status: int, title: str, detail: str) -> Response:
    return json_response({"errors": [{"status": status, "title": title, "detail": detail}]}, status)


class Api(ResourceServer):
    site: HackerOne
    base = "/hackerone/v1"

    def routes(self) -> Routes:
        return [("GET", "/reports", self.reports), ("GET", "/reports/{number}", self.report)]

    def caller(self, request: Request) -> str:
        if request.headers.get("Authorization") != _WANTED:
            raise Refused(self.site.refusal("expired"))
        return IDENTIFIER

    def bad_value(self, name: str, value: str) -> Response:
        return errors(400, "Invalid Parameter", f"The parameter '{name}' is invalid.")

    def reports(self, request: Request) -> Doc:
        asked = request.query
        program = asked.get("filter[program][]", "")
        if not program:
            raise Refused(errors(400, "Invalid Parameter", "The parameter 'filter[program][]' is missing."))
        if program not in PROGRAMS:
            # Like the real API at times: an error under data, with status 200.
            return {"data": {"errors": [{"status": 404, "title": "Program not found"}]}}
        found = [r for r in self.store.all("h1_report").values() if r["program"] == program]
        if after := self.moment(request, "filter[last_activity_at__gt]"):
            found = [report for report in found if int(report["active"] * 1000) > round(after * 1000)]
        key = asked.get("sort", "").removeprefix("-")
        by = "active" if key == "reports.last_activity_at" else "at"
        found.sort(key=lambda report: report[by], reverse=asked.get("sort", "-").startswith("-"))
        return self._paged(request, found)

    def _paged(self, request: Request, found: list[Doc]) -> Doc:
        number, size = self.number(request, "page[number]", 1), self.number(request, "page[size]", 25, most=100)
        page = page_of(request, found, (number - 1) * size, size)
        links: Doc = {}
        if page.more:
            following = {**request.query, "page[number]": number + 1, "page[size]": size}
            links["next"] = f"{request.url.split('?')[0]}?{urlencode(following)}"
        return {"data": [self.site.report(report, whole=False) for report in page.entries], "links": links}

    def report(self, request: Request) -> Doc:
        report = self.store.get("h1_report", request.params["number"])
        if report is None:
            raise Refused(errors(404, "Not Found", "The report was not found."))
        return {"data": self.site.report(report, whole=True)}
