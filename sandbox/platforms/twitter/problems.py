"""The API's error responses: https://docs.x.com/x-api/fundamentals/response-codes-and-errors."""

from __future__ import annotations

from sandbox import clock
from sandbox.wire.http import Response, json_response

WINDOW_S = 900
TOO_LONG = (
    "Your Tweet text is too long. For more information on how Twitter determines text length see "
    "https://github.com/twitter/twitter-text."
)
LIMITS = {"read": 1800, "write": 400}
"""Requests in 15 minutes, per endpoint and account."""


def limit_headers(limit: int, left: int, reset: float) -> dict[str, str]:
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(left),
        "x-rate-limit-reset": str(int(reset) + 1),
        "x-access-level": "read-write",
    }


def problem(status: int, title: str, detail: str, kind: str = "about:blank") -> Response:
    return json_response({"title": title, "detail": detail, "type": kind, "status": status}, status)


def unauthorized() -> Response:
    return problem(401, "Unauthorized", "Unauthorized")


def too_many(reset: float | None = None) -> Response:
    response = problem(429, "Too Many Requests", "Too Many Requests")
    return response if reset is None else _with_headers(response, limit_headers(LIMITS["read"], 0, reset))


def _with_headers(response: Response, headers: dict[str, str]) -> Response:
    response.headers |= headers
    return response


def refused_for(seconds: float) -> Response:
    """429 with the retry time in a header."""
    return too_many(clock.now() + seconds)


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
