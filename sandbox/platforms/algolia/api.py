"""https://www.algolia.com/doc/rest-api/search/search-single-index"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sandbox.base.api import ResourceServer, Routes
from sandbox.base.knowledge import matching
from sandbox.wire.http import Refused, Request
from sandbox.wire.lists import number
from sandbox.world import COMPANY, DOMAIN

if TYPE_CHECKING:
    from sandbox.platforms.algolia import Algolia

APPLICATION = "SANDBOXACME"
KEY = "sandboxAlgoliaSearchKey"
INDEX = "acme-docs"


class Api(ResourceServer):
    site: Algolia
    base = "/algolia/1/indexes"

    def routes(self) -> Routes:
        return [("POST", "/{index}/query", self.search), ("GET", "/{index}", self.search_by_get)]

    def is_write(self, method: str, path: str) -> bool:
        return False

    def caller(self, request: Request) -> str:
        headers = request.headers
        if (headers.get("X-Algolia-Application-Id"), headers.get("X-Algolia-API-Key")) != (APPLICATION, KEY):
            raise Refused(self.site.refusal("expired"))
        return APPLICATION

    def search(self, request: Request) -> Any:
        form = request.form()
        asked = {name: values[0] for name, values in parse_qs(str(form.get("params") or "")).items()}
        return self._found(request, asked)

    def search_by_get(self, request: Request) -> Any:
        return self._found(request, dict(request.query))

    def _found(self, request: Request, asked: dict[str, str]) -> Any:
        if request.params["index"] != INDEX:
            raise Refused(self.site.refusal("404"))
        try:
            size = number(asked.get("hitsPerPage"), 20, most=1000)
        except ValueError:
            raise Refused(self.site.refusal("400")) from None
        hits = [
            {
                "objectID": f"doc-{place}",
                "url": f"https://docs.{DOMAIN}/{known.page}",
                "type": "lvl2",
                "content": known.help,
                "hierarchy": {
                    "lvl0": COMPANY,
                    "lvl1": known.page.split("/")[0].title(),
                    "lvl2": known.trouble,
                    "lvl3": None,
                },
            }
            for place, known in matching(asked.get("query", "").split())
        ]
        return {
            "hits": hits[:size],
            "nbHits": len(hits),
            "page": 0,
            "hitsPerPage": size,
            "query": asked.get("query", ""),
        }
