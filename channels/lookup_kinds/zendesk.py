"""Solved tickets of the support desk, the latest first.

https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/: `type:ticket status:solved …`, sorted
by `updated_at`. A login is `address/token` with an API token
(https://developer.zendesk.com/api-reference/introduction/security-and-auth/). The tickets
are for the team only; just the links in them can be shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from requests.auth import HTTPBasicAuth

from channels.contract import MAX_HITS, Config, Field, FieldKind, Hit, Json, LookupKind, Purpose
from channels.http.api_client import ApiClient, Signature, required
from channels.toolkit.search_words import plain
from channels.toolkit.text import text_links
from channels.toolkit.values import list_of, object_of, text_of, time_of

MAX_LINKS = 3
OVER = ("solved", "closed")
_MAX_READ = 5_000


class Api(ApiClient):
    label = "The support desk"
    no_address = "This lookup has no address. Enter the support desk's address, such as https://acme.zendesk.com."
    path_format = "api/v2/{}.json"
    limit_headers = "x-rate-limit-"

    def sign(self, config: Config, speaker: str) -> Signature:
        missing = "The support desk's login is missing. Enter the mail address and the API token of an agent."
        name = required(str(config.setting("email", "") or ""), missing)
        token = required(config.secret("token"), missing)
        return Signature(auth=HTTPBasicAuth(f"{name}/token", token), keys=(token,))


api = Api()


class ZendeskTickets(LookupKind):
    name = "zendesk"
    label = "Support desk (Zendesk)"
    purpose = Purpose.SUPPORT
    fields = (
        Field("email", "Mail address of the agent", "A light agent is enough.", required=True),
        Field("token", "API token", kind=FieldKind.SECRET, required=True),
        Field("solved_only", "Solved tickets only", kind=FieldKind.BOOLEAN, default=True),
    )

    def find(self, config: Config, words: Sequence[str]) -> list[Hit]:
        is_narrow = config.setting("solved_only", True) is not False
        solved = "status:solved " if is_narrow else ""
        params: dict[str, str | int] = {
            "query": f"type:ticket {solved}{plain(words)}", "sort_by": "updated_at", "sort_order": "desc",
            "per_page": MAX_HITS,
        }  # fmt: skip
        found = [object_of(each) for each in list_of(object_of(api.get(config, "search", params).body).get("results"))]
        shown = [each for each in found if not is_narrow or each.get("status") in OVER]
        return [_hit(api.address(config), each) for each in shown]


def _hit(base: str, ticket: dict[str, Json]) -> Hit:
    return Hit(
        text_of(ticket.get("subject")),
        f"{base}/agent/tickets/{ticket.get('id')}",
        where=f"#{ticket.get('id')}",
        state=text_of(ticket.get("status")),
        updated_at=time_of(ticket.get("updated_at")),
        is_internal=True,
        links=_shareable(base, text_of(ticket.get("description"))),
    )


def _shareable(base: str, text: str) -> tuple[str, ...]:
    """Links in the text, except those into the support desk."""
    own = urlsplit(base).hostname
    found = dict.fromkeys(link for link in text_links(text[:_MAX_READ]) if urlsplit(link).hostname != own)
    return tuple(found)[:MAX_LINKS]
