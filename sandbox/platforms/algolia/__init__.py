"""The documentation's search index, as DocSearch fills it."""

from __future__ import annotations

from sandbox.base.acts import Access
from sandbox.base.platform import Platform
from sandbox.platforms.algolia.api import APPLICATION, INDEX, KEY, Api
from sandbox.wire.http import json_response
from sandbox.world import Member


class Algolia(Platform):
    name = "algolia"
    servers = (Api,)
    refusals = {
        "400": json_response({"message": "Invalid JSON", "status": 400}, 400),
        "404": json_response({"message": "ObjectID does not exist", "status": 404}, 404),
        "429": json_response({"message": "Too Many Requests", "status": 429}, 429, Retry_After="2"),
        "500": json_response({"message": "Internal error", "status": 500}, 500),
        "expired": json_response({"message": "Invalid Application-ID or API key", "status": 403}, 403),
    }
    answers_come_back = False

    def account(self, member: Member) -> str | None:
        return None

    def access(self) -> Access:
        settings = {"api_base": f"{self.universe.public_url}/algolia", "application_id": APPLICATION, "index": INDEX}
        return Access(settings, {"search_key": KEY})


PLATFORM = Algolia
