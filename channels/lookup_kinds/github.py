"""Issues of GitHub repositories: https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests

Search has separate limits: 30 requests a minute with a token, 10 without; a 403 or 429 reports an exceeded one.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from channels.contract import MAX_HITS, Config, Field, FieldKind, Hit, Json, LookupKind, Purpose
from channels.errors import ChannelError, RateLimited, Rejected
from channels.http.api_client import ApiClient, Signature, bearer
from channels.links.web_addresses import is_web_address
from channels.toolkit.search_words import plain
from channels.toolkit.values import list_of, object_of, text_of, time_of

API = "https://api.github.com"
_LIMITED_FOR_S = 60.0


class Api(ApiClient):
    label = "GitHub"
    default_address = API
    limit_headers = "x-ratelimit-"

    def sign(self, config: Config, speaker: str) -> Signature:
        token = config.secret("token")
        return bearer(token) if token else Signature()

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        said = text_of(object_of(body).get("message"))
        if status in (403, 429) and "rate limit" in said.lower():
            return RateLimited("GitHub: rate limit reached; waiting.", retry_after_s=_LIMITED_FOR_S)
        if status == 422:
            return Rejected(f"GitHub refuses the search: {said or 'no reason given'}. Check the repositories.")
        return None


api = Api()


class GitHubIssues(LookupKind):
    name = "github"
    label = "Issue tracker (GitHub)"
    purpose = Purpose.TRACKER
    fields = (
        Field("repositories", "Repositories", "Such as acme/desk, one per line.", FieldKind.LIST, required=True),
        Field("token", "Access token", "Public repositories need none.", FieldKind.SECRET),
    )

    def home(self, config: Config) -> str:
        """The first repository's issues; GitHub Enterprise has its API on the same host."""
        parts = urlsplit(api.address(config))
        host = "github.com" if parts.hostname == "api.github.com" else parts.netloc
        repository = next(iter(config.entries("repositories")), "")
        return f"{parts.scheme}://{host}/{repository}/issues" if repository else ""

    def find(self, config: Config, words: Sequence[str]) -> list[Hit]:
        """Only in the configured repositories, whatever else the token may read."""
        wanted = config.entries("repositories")
        repositories = " ".join(f"repo:{name}" for name in wanted)
        params: dict[str, str | int] = {"q": f"{plain(words)} is:issue {repositories}", "per_page": MAX_HITS}
        answer = api.get(config, "search/issues", params)
        issues = [object_of(entry) for entry in list_of(object_of(answer.body).get("items"))]
        allowed = {name.lower() for name in wanted}
        return [_hit(issue) for issue in issues if _repository(issue).lower() in allowed]


def _repository(issue: dict[str, Json]) -> str:
    """`…/owner/name/issues/7` → `owner/name`"""
    address = text_of(issue.get("html_url"))
    return "/".join(urlsplit(address).path.strip("/").split("/")[-4:-2]) if is_web_address(address) else ""


def _hit(issue: dict[str, Json]) -> Hit:
    return Hit(
        text_of(issue.get("title")),
        text_of(issue.get("html_url")),
        where=f"{_repository(issue)}#{issue.get('number')}",
        state=text_of(issue.get("state")),
        updated_at=time_of(issue.get("updated_at")),
    )
