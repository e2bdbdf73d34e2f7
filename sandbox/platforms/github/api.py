"""https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.base.api import ResourceServer, Routes
from sandbox.base.knowledge import HowTo, matching
from sandbox.wire.http import Refused, Request, json_response
from sandbox.wire.lists import page_of
from sandbox.wire.quotas import Spent
from sandbox.wire.texts import iso

if TYPE_CHECKING:
    from sandbox.platforms.github import GitHub

TOKEN = "github_pat_sandboxOfAcme"  # noqa: S105
REPOSITORY = "acme/desk"
_DAY_S = 86_400


class Api(ResourceServer):
    site: GitHub
    base = "/github"
    limit = 30
    window_s = 60

    def routes(self) -> Routes:
        return [("GET", "/search/issues", self.search)]

    def caller(self, request: Request) -> str:
        """Public issues need no token; a wrong one is refused."""
        token = request.bearer
        if token and token != TOKEN:
            raise Refused(self.site.refusal("expired"))
        return "acme" if token else "anybody"

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(spent.limit),
            "X-RateLimit-Remaining": str(spent.left),
            "X-RateLimit-Reset": str(int(spent.ends) + 1),
        }

    def search(self, request: Request) -> Any:
        asked = request.query.get("q", "").split()
        places = [word.removeprefix("repo:") for word in asked if word.startswith("repo:")]
        if not asked or any(place != REPOSITORY for place in places):
            raise Refused(json_response({"message": "Validation Failed", "errors": [{"code": "invalid"}]}, 422))
        found = matching([word for word in asked if ":" not in word])
        page = page_of(request, found, 0, self.number(request, "per_page", 30, most=100))
        items = [self._issue(number, known) for number, known in page.entries]
        return {"total_count": len(found), "incomplete_results": False, "items": items}

    def _issue(self, number: int, known: HowTo) -> dict[str, Any]:
        at = self.now() - number * _DAY_S
        return {
            "id": 9000 + number,
            "number": number,
            "title": known.trouble,
            "body": known.help,
            "state": "open" if number % 2 else "closed",
            "html_url": f"{self.site.universe.public_url}/github/{REPOSITORY}/issues/{number}",
            "created_at": iso(at - _DAY_S),
            "updated_at": iso(at),
            "comments": number,
            "score": 1.0,
        }
