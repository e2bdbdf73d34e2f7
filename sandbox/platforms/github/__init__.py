"""GitHub's issue search, for teams whose tracker is there."""

from __future__ import annotations

from sandbox.base.acts import Access
from sandbox.base.platform import Platform
from sandbox.pages.elements import missing
from sandbox.platforms.github.api import REPOSITORY, TOKEN, Api
from sandbox.wire.http import Request, Response, Router, json_response
from sandbox.world import Member


class GitHub(Platform):
    name = "github"
    refusals = {
        "400": json_response({"message": "Problems parsing JSON"}, 400),
        "404": json_response({"message": "Not Found", "status": "404"}, 404),
        # As for the primary limit: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
        "429": json_response({"message": "API rate limit exceeded for user ID 1."}, 403, Retry_After="2"),
        "500": json_response({"message": "Server Error"}, 500),
        "expired": json_response({"message": "Bad credentials", "status": "401"}, 401),
    }
    answers_come_back = False

    def register(self, router: Router) -> None:
        Api(self).register(router)
        router.add("GET", "/github/acme/desk/issues/{number}", self.issue_page)

    def account(self, member: Member) -> str | None:
        return None

    def issue_page(self, request: Request) -> Response:
        return missing("page of this issue", "GitHub")

    def access(self) -> Access:
        return Access(
            {"api_base": f"{self.universe.public_url}/github", "repositories": [REPOSITORY]}, {"token": TOKEN}
        )


PLATFORM = GitHub
