"""slack_sdk over connections that obey the work's time limit (`channels.http.deadlines`), without retries."""

from __future__ import annotations

import http.client
import urllib.request
from typing import Any

from slack_sdk import WebClient

from channels.http import deadlines
from channels.http.address_guard import LimitedResponse

REQUEST_TIMEOUT_S = 20.0
"""Of one request, and of sending one item with all its requests."""


class _Connection(http.client.HTTPConnection):
    response_class = LimitedResponse


class _SecureConnection(http.client.HTTPSConnection):
    response_class = LimitedResponse


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would be repeated as a GET, with the token, wherever it points to."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


class Client(WebClient):
    """slack_sdk's own retries would repeat a post after a broken connection."""

    def __init__(self, token: str, base_url: str, proxy: str | None, user_agent: str) -> None:
        super().__init__(token=token, base_url=base_url, retry_handlers=[], proxy=proxy, user_agent_prefix=user_agent)
        proxies = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {})
        self._opener = urllib.request.build_opener(proxies, _Handler, _SecureHandler, _NoRedirects)

    def _perform_urllib_http_request_internal(self, url: str, req: urllib.request.Request) -> dict[str, Any]:
        """The only place where slack_sdk makes a request."""
        with deadlines.within(REQUEST_TIMEOUT_S), self._opener.open(req, timeout=deadlines.cut(None)) as answer:
            charset = answer.headers.get_content_charset() or "utf-8"
            return {"status": answer.status, "headers": answer.headers, "body": answer.read().decode(charset)}
