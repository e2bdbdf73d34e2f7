"""Each platform's sample request and error responses, in the real platform's wire format. A platform without a row here
gets only the tests common to all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from sandbox import world
from sandbox.launch import Running
from sandbox.platforms.algolia import api as algolia
from sandbox.platforms.bluesky import gate as bluesky
from sandbox.platforms.bluesky.posts import DESK
from sandbox.platforms.chatlog import names as chatlog
from sandbox.platforms.discourse import keys as discourse
from sandbox.platforms.disqus import keys as disqus
from sandbox.platforms.facebook import wire as facebook
from sandbox.platforms.github import api as github
from sandbox.platforms.gitlab import wire as gitlab
from sandbox.platforms.hackerone import api as hackerone
from sandbox.platforms.mastodon import api as mastodon
from sandbox.platforms.reddit import gate as reddit
from sandbox.platforms.stackexchange import api as stackexchange
from sandbox.platforms.youtube import api as youtube
from sandbox.platforms.zendesk import api as zendesk

AGENT = "web:test:v1 (by /u/tester)"
Expected = tuple[int, Any]
"""(status, the fields of its JSON that matter, or a part of its text)."""


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"} if token else {}}


@dataclass(frozen=True)
class Way:
    """`probe` is a path below `base` that answers 200 to the right `token`; `keys`: how a token is sent.

    `none`, `wrong`, `unknown`, `over`: the response without a token, to a wrong one, to an unknown path and above the
    quota; None: it isn't refused, because the API is open or has no quota. `faults`: by kind of fault. `size`: a path
    that ends with the parameter for a page's length, and the response if that is not a number.
    """

    base: str
    probe: str
    unknown: Expected
    faults: dict[str, Expected]
    none: Expected | None = None
    wrong: Expected | None = None
    over: Expected | None = None
    size: tuple[str, Expected] | None = None
    token: str | Callable[[Running], str] = ""
    keys: Callable[[str], dict[str, Any]] = field(default=lambda token: {})


def bluesky_session(running: Running, password: str = bluesky.APP_PASSWORD) -> requests.Response:
    url = f"{running.http_url}/bluesky/xrpc/com.atproto.server.createSession"
    return requests.post(url, json={"identifier": DESK, "password": password}, timeout=20)


def reddit_token(
    running: Running, account: str = reddit.DESK, *, secret: str = reddit.CLIENT_SECRET, refresh: str = ""
) -> requests.Response:
    form = {"grant_type": "refresh_token", "refresh_token": refresh or reddit.refresh_token(account)}
    url = f"{running.http_url}/reddit/auth/api/v1/access_token"
    return requests.post(url, data=form, auth=(reddit.CLIENT_ID, secret), headers={"User-Agent": AGENT}, timeout=20)


def _graph(code: int) -> dict[str, Any]:
    return {"error": {"type": "OAuthException", "code": code, "fbtrace_id": "BLBz/WZt8dN"}}


def _youtube(code: int, reason: str) -> dict[str, Any]:
    return {"error": {"code": code, "errors": [{"reason": reason}]}}


def alike(unknown_caller: Expected, over: Expected, broken: Expected) -> dict[str, Any]:
    """The fields of a platform with the same response to a missing, a wrong and an expired token, and above any
    quota."""
    return {
        "none": unknown_caller,
        "wrong": unknown_caller,
        "over": over,
        "faults": {"429": over, "500": broken, "expired": unknown_caller},
    }


_UNAUTHORIZED = (401, {"title": "Unauthorized", "type": "about:blank", "status": 401})
_SORRY = "We're sorry, but something went wrong"

WAYS: dict[str, Way] = {
    "twitter": Way(
        base="/twitter/2/",
        probe=f"users/{world.HANDLES['acme'].user_id}/mentions",
        token=world.BEARER_TOKEN,
        keys=bearer,
        none=_UNAUTHORIZED,
        wrong=_UNAUTHORIZED,
        unknown=(404, {"title": "Not Found", "type": "about:blank"}),
        over=(429, {"title": "Too Many Requests", "status": 429}),
        size=(f"users/{world.HANDLES['acme'].user_id}/mentions?max_results=", (400, {"title": "Invalid Request"})),
        faults={
            "429": (429, {"title": "Too Many Requests"}),
            "500": (503, {"title": "Service Unavailable"}),
            "expired": _UNAUTHORIZED,
        },
    ),
    "bluesky": Way(
        base="/bluesky/xrpc/",
        probe="app.bsky.notification.listNotifications",
        token=lambda running: bluesky_session(running).json()["accessJwt"],
        keys=bearer,
        none=(401, {"error": "AuthMissing", "message": "Authentication Required"}),
        wrong=(400, {"error": "InvalidToken"}),
        unknown=(501, {"error": "MethodNotImplemented", "message": "Method Not Implemented"}),
        over=(429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}),
        size=(
            "app.bsky.feed.searchPosts?q=acme&limit=",
            (400, {"error": "InvalidRequest", "message": "Error: limit must be an integer"}),
        ),
        faults={
            "429": (429, {"error": "RateLimitExceeded"}),
            "500": (502, {"error": "UpstreamFailure"}),
            "expired": (400, {"error": "ExpiredToken"}),
        },
    ),
    "mastodon": Way(
        base="/mastodon/api/",
        probe="v1/accounts/verify_credentials",
        token=mastodon.TOKEN,
        keys=bearer,
        unknown=(404, {"error": "Record not found"}),
        size=("v1/timelines/tag/acme?limit=", (200, "")),
        **alike((401, {"error": "The access token is invalid"}), (429, {"error": "Too many requests"}), (503, _SORRY)),
    ),
    "reddit": Way(
        base="/reddit/api/",
        probe="api/v1/me",
        token=lambda running: reddit_token(running).json()["access_token"],
        keys=lambda token: {
            "headers": {**bearer(token)["headers"], "User-Agent": AGENT},
            "params": {"raw_json": 1},
        },
        unknown=(404, {"message": "Not Found", "error": 404}),
        size=("r/acme/new?limit=", (200, {"kind": "Listing"})),
        **alike(
            (401, {"message": "Unauthorized", "error": 401}),
            (429, {"message": "Too Many Requests", "error": 429}),
            (503, "Our CDN was unable to reach our servers"),
        ),
    ),
    "gitlab": Way(
        base="/gitlab/api/v4/",
        probe="user",
        token=gitlab.TOKEN,
        keys=bearer,
        none=(401, {"message": "401 Unauthorized"}),
        wrong=(401, {"message": "401 Unauthorized"}),
        unknown=(404, {"error": "404 Not Found"}),
        over=(429, "Retry later"),
        size=("projects/5/issues?per_page=", (400, {"error": "per_page is invalid"})),
        faults={
            "429": (429, "Retry later"),
            "500": (500, {"message": "500 Internal Server Error"}),
            "expired": (401, {"error": "invalid_token"}),
        },
    ),
    "facebook": Way(
        base="/facebook/v25.0/",
        probe="me",
        token=facebook.TOKEN,
        keys=lambda token: {**bearer(token), "params": {"appsecret_proof": facebook.PROOF}},
        unknown=(400, _graph(2500)),
        size=(f"{facebook.PAGE}/feed?limit=", (400, _graph(100))),
        **alike((401, _graph(190)), (403, _graph(4)), (500, _graph(2))),
    ),
    "hackerone": Way(
        base="/hackerone/v1/",
        probe="reports?filter[program][]=acme",
        token=hackerone.TOKEN,
        keys=lambda token: {"auth": (hackerone.IDENTIFIER, token)} if token else {},
        none=(401, {"errors": [{"status": 401, "title": "Unauthorized"}]}),
        wrong=(401, {"errors": [{"status": 401, "title": "Unauthorized"}]}),
        unknown=(404, {"errors": [{"status": 404, "title": "Not Found"}]}),
        size=(
            "reports?filter[program][]=acme&page[size]=",
            (400, {"errors": [{"status": 400, "title": "Invalid Parameter"}]}),
        ),
        faults={
            "429": (429, {"errors": [{"status": 429, "title": "Too Many Requests"}]}),
            "500": (500, _SORRY),
            "expired": (401, {"errors": [{"status": 401, "title": "Unauthorized"}]}),
        },
    ),
    "youtube": Way(
        base="/youtube/v3/",
        probe="videos?id=AcmeTenMins",
        token=youtube.KEY,
        keys=lambda token: {"params": {"part": "snippet"} | ({"key": token} if token else {})},
        none=(403, _youtube(403, "forbidden")),
        wrong=(400, _youtube(400, "badRequest")),
        unknown=(404, _youtube(404, "notFound")),
        over=(403, _youtube(403, "quotaExceeded")),
        size=("commentThreads?videoId=AcmeTenMins&maxResults=", (400, _youtube(400, "invalidParameter"))),
        faults={
            "429": (403, _youtube(403, "rateLimitExceeded")),
            "500": (503, _youtube(503, "backendError")),
            "expired": (401, _youtube(401, "authError")),
        },
    ),
    "stackexchange": Way(
        base="/stackexchange/2.3/",
        probe="info",
        token=stackexchange.KEY,
        keys=lambda token: {"params": {"site": stackexchange.SITE} | ({"key": token} if token else {})},
        wrong=(400, {"error_id": 400, "error_name": "bad_parameter"}),
        unknown=(404, {"error_id": 404, "error_name": "no_method"}),
        over=(400, {"error_id": 502, "error_name": "throttle_violation"}),
        size=(
            "search?tagged=acme&pagesize=",
            (400, {"error_id": 400, "error_name": "bad_parameter", "error_message": "pagesize"}),
        ),
        faults={
            "429": (400, {"error_id": 502, "error_name": "throttle_violation"}),
            "500": (500, {"error_id": 500, "error_name": "internal_error"}),
            "expired": (400, {"error_id": 400, "error_name": "bad_parameter"}),
        },
    ),
    "disqus": Way(
        base="/disqus/api/3.0/",
        probe="forums/listPosts.json?forum=acme-docs",
        token=disqus.API_KEY,
        keys=lambda token: {
            "params": {"api_secret": disqus.API_SECRET, "access_token": disqus.MODERATOR_TOKEN}
            | ({"api_key": token} if token else {})
        },
        none=(400, {"code": 5, "response": "Invalid API key"}),
        wrong=(400, {"code": 5, "response": "Invalid API key"}),
        unknown=(404, {"code": 1, "response": "Endpoint not valid"}),
        over=(429, {"code": 14}),
        size=(
            "forums/listPosts.json?forum=acme-docs&limit=",
            (400, {"code": 2, "response": "Invalid argument, 'limit': Not a valid value"}),
        ),
        faults={"429": (429, {"code": 13}), "500": (500, {"code": 15}), "expired": (401, {"code": 5})},
    ),
    "discourse": Way(
        base="/discourse/",
        probe="posts.json",
        token=discourse.key_of("sam"),
        keys=lambda token: {"headers": {"Api-Key": token, "Api-Username": "sam"} if token else {}},
        wrong=(403, {"error_type": "invalid_access"}),
        unknown=(404, {"error_type": "not_found"}),
        size=("posts.json?before=", (400, {"error_type": "invalid_parameters"})),
        faults={
            "429": (429, {"error_type": "rate_limit", "extras": {"wait_seconds": 2}}),
            "500": (500, "<h1>Oops</h1>"),
            "expired": (403, {"errors": ["The API username or key is invalid."], "error_type": "invalid_access"}),
        },
    ),
    "chatlog": Way(
        base=f"{chatlog.API}/",
        probe="account/whoami",
        token=chatlog.TOKEN,
        keys=bearer,
        none=(401, {"errcode": "M_MISSING_TOKEN"}),
        wrong=(401, {"errcode": "M_UNKNOWN_TOKEN"}),
        unknown=(404, {"errcode": "M_UNRECOGNIZED"}),
        size=(f"rooms/{chatlog.ROOM}/messages?limit=", (400, {"errcode": "M_INVALID_PARAM"})),
        faults={
            "429": (429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1000}),
            "500": (500, {"errcode": "M_UNKNOWN"}),
            "expired": (401, {"errcode": "M_UNKNOWN_TOKEN"}),
        },
    ),
    "slack": Way(
        base="/slack/api/",
        probe="auth.test",
        token=world.SLACK_TOKEN,
        keys=bearer,
        none=(200, {"ok": False, "error": "not_authed"}),
        wrong=(200, {"ok": False, "error": "invalid_auth"}),
        unknown=(200, {"ok": False, "error": "unknown_method"}),
        size=("conversations.list?limit=", (200, {"ok": False, "error": "invalid_limit"})),
        faults={
            "429": (429, {"ok": False, "error": "ratelimited"}),
            "500": (500, {"ok": False, "error": "internal_error"}),
            "expired": (200, {"ok": False, "error": "token_expired"}),
        },
    ),
    "hackernews": Way(
        base="/hn/api/v1/",
        probe="search_by_date",
        unknown=(404, {"message": "Path not found", "status": 404}),
        size=("search_by_date?hitsPerPage=", (400, {"status": 400})),
        faults={
            "429": (429, {"message": "Too Many Requests", "status": 429}),
            "500": (500, "<h1>500 Internal Server Error</h1>"),
            "expired": (403, {"message": "Invalid Application-ID or API key"}),
        },
    ),
    "lobsters": Way(
        base="/lobsters/",
        probe="newest.json",
        unknown=(404, {"status": 404, "error": "Not Found"}),
        faults={"429": (429, "Throttled"), "500": (500, _SORRY), "expired": (403, {"error": "forbidden"})},
    ),
    "statuspage": Way(
        base="/statuspage/api/v2/",
        probe="summary.json",
        unknown=(404, {"error": "Not found"}),
        faults={
            "429": (429, {"error": "Too Many Requests"}),
            "500": (500, {"error": "Something went wrong"}),
            "expired": (401, {"error": "Not authenticated"}),
        },
    ),
    "zendesk": Way(
        base="/zendesk/api/v2/",
        probe="search.json?query=type:ticket",
        token=zendesk.TOKEN,
        keys=lambda token: {"auth": (f"{zendesk.EMAIL}/token", token)} if token else {},
        unknown=(404, {"error": "InvalidEndpoint"}),
        size=("search.json?query=type:ticket&per_page=", (200, {"next_page": None})),
        **alike(
            (401, {"error": "Couldn't authenticate you"}),
            (429, {"error": "APIRateLimitExceeded"}),
            (500, {"error": "InternalError"}),
        ),
    ),
    "github": Way(
        base="/github/",
        probe=f"search/issues?q=repo:{github.REPOSITORY}",
        token=github.TOKEN,
        keys=bearer,
        wrong=(401, {"message": "Bad credentials"}),
        unknown=(404, {"message": "Not Found"}),
        over=(403, "API rate limit exceeded"),
        size=(f"search/issues?q=repo:{github.REPOSITORY}&per_page=", (200, {"incomplete_results": False})),
        faults={
            "429": (403, "API rate limit exceeded"),
            "500": (500, {"message": "Server Error"}),
            "expired": (401, {"message": "Bad credentials"}),
        },
    ),
    "algolia": Way(
        base="/algolia/1/indexes/",
        probe=f"{algolia.INDEX}?query=saml",
        token=algolia.KEY,
        keys=lambda token: {
            "headers": {"X-Algolia-Application-Id": algolia.APPLICATION}
            | ({"X-Algolia-API-Key": token} if token else {})
        },
        none=(403, {"message": "Invalid Application-ID or API key"}),
        wrong=(403, {"message": "Invalid Application-ID or API key"}),
        unknown=(404, {"status": 404}),
        size=(f"{algolia.INDEX}?query=saml&hitsPerPage=", (400, {"status": 400})),
        faults={
            "429": (429, {"status": 429}),
            "500": (500, {"status": 500}),
            "expired": (403, {"message": "Invalid Application-ID or API key"}),
        },
    ),
    "feed": Way(
        base="/feeds/",
        probe="planet.xml",
        unknown=(404, "<h1>404</h1>"),
        faults={"429": (429, "<h1>429</h1>"), "500": (500, "<h1>500</h1>"), "expired": (403, "<h1>403</h1>")},
    ),
}


class Client:
    """A client for one platform's API, with the right credentials by default."""

    def __init__(self, running: Running, platform: str, session: requests.Session) -> None:
        self.running, self.session, self.way = running, session, WAYS[platform]
        token = self.way.token
        self.token = token if isinstance(token, str) else token(running)

    def __call__(
        self, path: str, method: str = "GET", *, token: str | None = None, headers: Any = None, json: Any = None,
        data: Any = None, **query: Any,
    ) -> requests.Response:  # fmt: skip
        """`token`: another one, in the same place; "" for none. `query` overrides the usual parameters."""
        sent = dict(self.way.keys(self.token if token is None else token))
        sent["headers"] = {**sent.get("headers", {}), **(headers or {})}
        sent["params"] = {**sent.get("params", {}), **query}
        url = f"{self.running.http_url}{self.way.base}{path}"
        return self.session.request(method, url, json=json, data=data, timeout=20, **sent)
