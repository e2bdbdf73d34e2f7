"""The support team's own desk: only its solved tickets, for searches."""

from __future__ import annotations

from sandbox.base.acts import Access
from sandbox.base.platform import Platform
from sandbox.pages.elements import missing
from sandbox.platforms.zendesk.api import EMAIL, TOKEN, Api
from sandbox.wire.http import Request, Response, Router, json_response
from sandbox.world import Member


class Zendesk(Platform):
    name = "zendesk"
    refusals = {
        "400": json_response({"error": "InvalidEndpoint", "description": "Bad request"}, 400),
        "404": json_response({"error": "InvalidEndpoint", "description": "Not found"}, 404),
        "429": json_response(
            {"error": "APIRateLimitExceeded", "description": "Too many requests"}, 429, Retry_After="2"
        ),
        "500": json_response({"error": "InternalError", "description": "Something went wrong"}, 500),
        "expired": json_response({"error": "Couldn't authenticate you"}, 401),
    }
    answers_come_back = False

    def register(self, router: Router) -> None:
        Api(self).register(router)
        router.add("GET", "/zendesk/agent/tickets/{id}", self.ticket_page)

    def account(self, member: Member) -> str | None:
        return None

    def ticket_page(self, request: Request) -> Response:
        """Only for agents, who log in there."""
        return missing("such ticket for visitors", "Support")

    def access(self) -> Access:
        settings = {"api_base": f"{self.universe.public_url}/zendesk", "email": EMAIL}
        return Access(settings, {"token": TOKEN})


PLATFORM = Zendesk
