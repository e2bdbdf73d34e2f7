"""Access control: refresh tokens, the User-Agent Reddit requires, the quota and its headers.

https://github.com/reddit-archive/reddit/wiki/OAuth2, https://github.com/reddit-archive/reddit/wiki/API
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from sandbox.store import Store
from sandbox.wire.http import Request, Response, json_response
from sandbox.wire.quotas import Window

CLIENT_ID = "sandboxRedditApp"
CLIENT_SECRET = "sandbox-reddit-client-secret-of-acme"  # noqa: S105
DESK = "acme_desk"
"""The account of the desk's connection."""
LIFE_S = 86_400
LIMIT = 1000
WINDOW_S = 600
_AGENT = re.compile(r"\S+:\S+:\S+ \(by /?u/[\w-]+\)")
SCOPE = "edit history identity privatemessages read submit"


def refresh_token(account: str) -> str:
    return f"sandbox-reddit-refresh-{account}"


def error(status: int, message: str, **more: object) -> Response:
    return json_response({"message": message, "error": status, **more}, status)


class Gate:
    def __init__(
        self, store: Store, now: Callable[[], float], accounts: Callable[[], set[str]], window: Window
    ) -> None:
        self.store, self.now, self.accounts, self.window = store, now, accounts, window

    def token(self, request: Request) -> Response:
        """`POST /api/v1/access_token`; a wrong refresh token is a plain 400."""
        wanted = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return error(401, "Unauthorized")
        form = request.form()
        if form.get("grant_type") != "refresh_token":
            return json_response({"error": "unsupported_grant_type"})
        known = {refresh_token(account): account for account in self.accounts()}
        account = known.get(form.get("refresh_token", ""))
        if account is None:
            return error(400, "Bad Request")
        token = f"sandbox-reddit-access-{account}-{self.store.next_number('rd_token')}"
        self.store.put("rd_token", token, {"account": account, "ends": self.now() + LIFE_S})
        return json_response({"access_token": token, "token_type": "bearer", "expires_in": LIFE_S, "scope": SCOPE})

    def account(self, request: Request) -> str | None:
        kind, _, token = (request.headers.get("Authorization") or "").partition(" ")
        known = self.store.get("rd_token", token) if kind.lower() == "bearer" else None
        return str(known["account"]) if known and known["ends"] > self.now() else None

    def guarded(self, view: Callable[[Request, str], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            if not _AGENT.fullmatch(request.headers.get("User-Agent") or ""):
                return error(429, "Too Many Requests")
            account = self.account(request)
            return error(401, "Unauthorized") if account is None else self._metered(request, account, view)

        return answer

    def _metered(self, request: Request, account: str, view: Callable[[Request, str], Response]) -> Response:
        now = self.now()
        used, ends = self.window.take(now, account)
        response = view(request, account) if used <= LIMIT else error(429, "Too Many Requests")
        response.headers |= {
            "x-ratelimit-used": str(min(used, LIMIT)),
            "x-ratelimit-remaining": f"{max(0, LIMIT - used):.1f}",
            "x-ratelimit-reset": str(max(1, int(ends - now))),
        }
        return response
