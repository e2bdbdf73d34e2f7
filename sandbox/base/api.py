"""The resource server that the platforms' APIs share: routes, who may call them, how often, and how a refusal looks.

A platform's API lists its routes and defines only what is specific to it: how it identifies its callers, reports its
limits and wraps a response. Its error responses are in `Platform.refusals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.wire.http import BadBody, Refused, Request, Response, Router, json_response
from sandbox.wire.lists import number
from sandbox.wire.quotas import Spent

if TYPE_CHECKING:
    from sandbox.base.platform import Platform

View = Callable[[Request], Any]
"""Returns a Response, or the body of one. Raises Refused."""
Routes = Iterable[tuple[str, str, View]]
"""(method, path below the API's base, view)."""


class ResourceServer:
    """The API of `site` below the path `base`: at most `limit` requests per caller in `window_s` (0: any number)."""

    site: Platform
    """Set by the subclass."""
    base: ClassVar[str] = ""
    limit: ClassVar[int] = 0
    window_s: ClassVar[float] = 0.0

    def __init__(self, site: Platform) -> None:
        self.site, self.store, self.now = site, site.store, site.universe.now
        self.window = site.universe.quotas.window(self.window_s) if self.limit else None

    def register(self, router: Router) -> None:
        router.roots[self.base] = self.site.name
        for method, path, view in self.open_routes():
            router.add(method, self.base + path, self.refusing(view), platform=self.site.name)
        for method, path, view in self.routes():
            router.add(
                method, self.base + path, self.guarded(view), platform=self.site.name, write=self.is_write(method, path)
            )

    # --- overridden by platforms ------------------------------------------------------------------------------

    def routes(self) -> Routes:
        """(method, path below `base`, view)."""
        return ()

    def open_routes(self) -> Routes:
        """Like `routes`, for what anybody may call without a token or quota: mostly logins."""
        return ()

    def is_write(self, method: str, path: str) -> bool:
        return method != "GET"

    def caller(self, request: Request) -> Any:
        """The client, stored as `request.caller`. Raises Refused for a missing or wrong token. None if the API is open
        to anybody."""
        return None

    def answer(self, request: Request, body: Any) -> Response:
        """The response for what a view returned."""
        return json_response(body)

    def limits(self, request: Request) -> tuple[int, object, int]:
        """(limit, client it is counted for, cost) of a request."""
        return self.limit, request.caller, 1

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return {}

    def over_quota(self, spent: Spent) -> Response:
        response = self.site.refusal("429")
        if "Retry-After" in response.headers:
            response.headers["Retry-After"] = str(max(1, int(spent.ends - self.now())))
        return response

    def bad_value(self, name: str, value: str) -> Response | None:
        """The response to a parameter of the wrong type; None if the platform takes the default instead."""
        return None

    # --- for the views ----------------------------------------------------------------------------------------

    def number(self, request: Request, name: str, default: int, *, least: int = 1, most: int | None = None) -> int:
        """A parameter, clamped. Raises Refused if it is not a number and the platform is strict."""
        value = request.query.get(name)
        try:
            return number(value, default, least=least, most=most)
        except ValueError:
            if (refusal := self.bad_value(name, str(value))) is not None:
                raise Refused(refusal) from None
            return default

    def moment(self, request: Request, name: str) -> float | None:
        """A parameter in ISO 8601, as epoch seconds. Raises Refused if it is invalid and the platform is strict."""
        value = request.query.get(name)
        try:
            return datetime.fromisoformat(value).timestamp() if value else None
        except ValueError:
            if (refusal := self.bad_value(name, str(value))) is not None:
                raise Refused(refusal) from None
            return None

    # --- serving ----------------------------------------------------------------------------------------------

    def guarded(self, view: View) -> Callable[[Request], Response]:
        """The view, called after the caller is identified and the request counted."""

        def checked(request: Request) -> Response:
            request.caller = self.caller(request)
            return self._counted(request, view)

        return self.refusing(checked)

    def _counted(self, request: Request, view: View) -> Response:
        if self.window is None:
            return self._called(request, view)
        limit, who, cost = self.limits(request)
        request.spent = spent = self.window.take(self.now(), limit, who, cost)
        if spent.is_over:
            response = self.over_quota(spent)
            if response.status != 429:  # 429s are counted by the server
                self.site.overrun()
        else:
            response = self._called(request, view)
        response.headers |= self.limit_headers(spent)
        return response

    def _called(self, request: Request, view: View) -> Response:
        try:
            made = view(request)
            return made if isinstance(made, Response) else self.answer(request, made)
        except Refused as refused:
            return refused.response
        except BadBody:
            return self.site.refusal("400")

    def refusing(self, view: View) -> Callable[[Request], Response]:
        """The view, with its refusals as responses."""
        return lambda request: self._called(request, view)
