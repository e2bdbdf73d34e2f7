"""HTTP as the platforms see it: a request, a response, routes. The sockets are in `server.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, parse_qsl


class BadBody(Exception):
    """The request body doesn't match its content type."""


class Refused(Exception):
    """The platform refuses the request with this response."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass
class Request:
    """One request. `query` holds the last value of each name; `duplicates` makes a list repeat itself (a fault);
    `caller` is the client, as identified by the platform's API; `route` the path with its `{name}`s, `spent` the
    caller's quota."""

    method: str
    path: str
    query_string: str
    headers: Message
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    duplicates: bool = False
    caller: Any = None
    route: str = ""
    spent: Any = None

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def values(self, name: str) -> list[str]:
        """All values of a repeated parameter."""
        return parse_qs(self.query_string).get(name, [])

    @property
    def bearer(self) -> str:
        """The token of `Authorization: Bearer …`, in any case; "" without one."""
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def url(self) -> str:
        host = self.headers.get("Host", "127.0.0.1")
        return f"http://{host}{self.path}" + (f"?{self.query_string}" if self.query_string else "")

    def json(self) -> Any:
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise BadBody(str(error)) from error

    def form(self) -> dict[str, str]:
        """Fields of a form or a JSON object, whichever was sent."""
        if "json" in self.headers.get("Content-Type", ""):
            data = self.json()
            if not isinstance(data, dict):
                raise BadBody("not an object")
            return data
        parsed = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in parsed.items()}


@dataclass
class Response:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


def json_response(data: Any, status: int = 200, **headers: Any) -> Response:
    """Compact JSON, as the platforms send it. Header names use underscores."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def html_response(body: str, status: int, content_type: str = "text/html") -> Response:
    """A bare page of a proxy or a framework, as it comes instead of JSON."""
    return Response(f"<html><body>{body}</body></html>".encode(), status, content_type)


def redirect(location: str) -> Response:
    return Response(status=303, content_type="text/plain", headers={"Location": location})


View = Callable[[Request], Response]


@dataclass(frozen=True)
class Route:
    """`platform` selects the faults that apply; "" for pages and the control API, which never fail. `write`: it
    posts."""

    method: str
    pattern: re.Pattern[str]
    view: View
    platform: str
    write: bool
    path: str = ""


class Router:
    """Routes by method and path; `{name}` in a path matches one segment. `roots`: where each platform's API starts."""

    def __init__(self) -> None:
        self.roots: dict[str, str] = {}
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[Route] = []

    def add(self, method: str, path: str, view: View, *, platform: str = "", write: bool = False) -> None:
        regex = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        route = Route(method, re.compile(regex), view, platform, write, path)
        if "{" in path:
            self._patterns.append(route)
        else:
            self._exact[method, path] = route

    def routes(self) -> list[Route]:
        return [*self._exact.values(), *self._patterns]

    def owner(self, path: str) -> str:
        """The platform whose API an unknown path belongs to; "" for none."""
        roots = [root for root in self.roots if path.startswith(root)]
        return self.roots[max(roots, key=len)] if roots else ""

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        if route := self._exact.get((method, path)):
            return route, {}
        for route in self._patterns:
            if route.method == method and (match := route.pattern.fullmatch(path)):
                return route, match.groupdict()
        return None
