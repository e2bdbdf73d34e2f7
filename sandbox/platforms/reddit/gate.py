"""Access control: refresh tokens, the User-Agent Reddit requires, the quota and its headers.

https://github.com/reddit-archive/reddit/wiki/OAuth2, https://github.com/reddit-archive/reddit/wiki/API
"""

from __future__ import annotations

import base64
import re

from sandbox.base.api import ResourceServer
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.quotas import Spent

CLIENT_ID = "sandboxRedditApp"
CLIENT_SECRET = "sandbox-reddit-client-secret-of-acme"  # noqa: S105
DESK = "acme_desk"
"""The account of the desk's connection."""
LIFE_S = 86_400
LIMIT = 1000
_AGENT = re.compile(r"\S+:\S+:\S+ \(by /?u/[\w-]+\)")
SCOPE = "edit history identity privatemessages read submit"


def refresh_token(account: str) -> str:
    return f"sandbox-reddit-refresh-{account}"


def error(status: int, message: str, **more: object) -> Response:
    return json_response({"message": message, "error": status, **more}, status)


class Gate(ResourceServer):
    site: Talk
    limit = LIMIT
    window_s = 600

    def token(self, request: Request) -> Doc:
        """`POST /api/v1/access_token`; a wrong refresh token is a plain 400."""
        wanted = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            raise Refused(error(401, "Unauthorized"))
        form = request.form()
        if form.get("grant_type") != "refresh_token":
            return {"error": "unsupported_grant_type"}
        known = {refresh_token(account): account for account in self.site.ours()}
        account = known.get(form.get("refresh_token", ""))
        if account is None:
            raise Refused(error(400, "Bad Request"))
        token = f"sandbox-reddit-access-{account}-{self.store.next_number('rd_token')}"
        self.store.put("rd_token", token, {"account": account, "ends": self.now() + LIFE_S})
        return {"access_token": token, "token_type": "bearer", "expires_in": LIFE_S, "scope": SCOPE}

    def caller(self, request: Request) -> str:
        """The account. Without the required User-Agent everything is one request too many."""
        if not _AGENT.fullmatch(request.headers.get("User-Agent") or ""):
            raise Refused(error(429, "Too Many Requests"))
        known = self.store.get("rd_token", request.bearer)
        if known is None or known["ends"] <= self.now():
            raise Refused(self.site.refusal("expired"))
        return str(known["account"])

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return {
            "x-ratelimit-used": str(min(spent.used, spent.limit)),
            "x-ratelimit-remaining": f"{spent.left:.1f}",
            "x-ratelimit-reset": str(max(1, int(spent.ends - self.now()))),
        }
