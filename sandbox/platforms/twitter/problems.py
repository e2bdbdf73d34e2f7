"""The API's error responses: https://docs.x.com/x-api/fundamentals/response-codes-and-errors."""

from __future__ import annotations

from sandbox.wire.http import Response, json_response
from sandbox.wire.quotas import Spent

WINDOW_S = 900
TOO_LONG = (
    "Your Tweet text is too long. For more information on how Twitter determines text length see "
    "https://github.com/twitter/twitter-text."
)
LIMITS = {"read": 1800, "write": 400, "direct": 15}
"""Requests in 15 minutes, per endpoint and account."""


def limit_headers(spent: Spent) -> dict[str, str]:
    return {
        "x-rate-limit-limit": str(spent.limit),
        "x-rate-limit-remaining": str(spent.left),
        "x-rate-limit-reset": str(int(spent.ends) + 1),
        "x-access-level": "read-write",
    }


def problem(status: int, title: str, detail: str, kind: str = "about:blank") -> Response:
    return json_response({"title": title, "detail": detail, "type": kind, "status": status}, status)


def unauthorized() -> Response:
    return problem(401, "Unauthorized", "Unauthorized")


def unsupported_authentication() -> Response:
    detail = (
        "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported authentication "
        "types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
    )
    kind = "https://api.twitter.com/2/problems/unsupported-authentication"
    return problem(403, "Unsupported Authentication", detail, kind)


def invalid(parameter: str, value: str, message: str) -> Response:
    return json_response(
        {
            "errors": [{"parameters": {parameter: [value]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.twitter.com/2/problems/invalid-request",
        },
        400,
    )
