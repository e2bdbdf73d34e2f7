"""Sessions and limits: https://docs.bsky.app/docs/api/com-atproto-server-create-session, …/rate-limits"""

from __future__ import annotations

import base64
import json

from sandbox.base.api import ResourceServer
from sandbox.platforms.bluesky.posts import DESK, did_of
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.quotas import Spent

APP_PASSWORD = "acme-sand-boxp-assw"  # noqa: S105
ACCESS_S = 7200
REFRESH_S = 60 * 86_400
LIMIT = 3000
WINDOW_S = 300


def error(status: int, name: str, message: str) -> Response:
    return json_response({"error": name, "message": message}, status)


class Gate(ResourceServer):
    site: Talk
    limit = LIMIT
    window_s = WINDOW_S

    def log_in(self, request: Request) -> Doc:
        given = request.json()
        identifier = str(given.get("identifier") or "").lower() if isinstance(given, dict) else ""
        if identifier not in (DESK, did_of(DESK)) or given.get("password") != APP_PASSWORD:
            raise Refused(error(401, "AuthenticationRequired", "Invalid identifier or password"))
        return self._session()

    def refresh(self, request: Request) -> Doc:
        """Invalidates the old refresh token."""
        token = self._token(request, "refresh")
        if token is None:
            raise Refused(error(400, "ExpiredToken", "Token has been revoked"))
        self.store.drop("bs_token", token["jwt"])
        return self._session()

    def _session(self) -> Doc:
        did = did_of(DESK)
        body = {"did": did, "handle": DESK, "email": f"desk@{DESK}", "emailConfirmed": True, "active": True}
        access, refresh = self._jwt("access", ACCESS_S), self._jwt("refresh", REFRESH_S)
        return {**body, "accessJwt": access, "refreshJwt": refresh}

    def _jwt(self, kind: str, life_s: int) -> str:
        now = int(self.now())
        claims = {"scope": f"com.atproto.{kind}", "sub": did_of(DESK), "iat": now, "exp": now + life_s,
                  "jti": self.store.next_number("bs_token")}  # fmt: skip
        parts = [{"typ": f"{'at' if kind == 'access' else kind}+jwt", "alg": "ES256K"}, claims]
        coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        jwt = ".".join([*coded, f"sandboxsignature{claims['jti']}"])
        self.store.put("bs_token", jwt, {"jwt": jwt, "kind": kind, "ends": now + life_s})
        return jwt

    def _token(self, request: Request, kind: str) -> Doc | None:
        known = self.store.get("bs_token", request.bearer)
        return known if known and known["kind"] == kind and known["ends"] > self.now() else None

    def caller(self, request: Request) -> str:
        if not request.headers.get("Authorization"):
            raise Refused(error(401, "AuthMissing", "Authentication Required"))
        if self._token(request, "access") is None:
            is_known = self.store.get("bs_token", request.bearer) is not None
            invalid = error(400, "InvalidToken", "Token could not be verified")
            raise Refused(self.site.refusal("expired") if is_known else invalid)
        return DESK

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return {
            "ratelimit-limit": str(spent.limit),
            "ratelimit-remaining": str(spent.left),
            "ratelimit-reset": str(int(spent.ends)),
            "ratelimit-policy": f"{spent.limit};w={WINDOW_S}",
        }
