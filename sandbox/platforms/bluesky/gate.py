"""Sessions and limits: https://docs.bsky.app/docs/api/com-atproto-server-create-session, …/rate-limits"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from sandbox.platforms.bluesky.posts import DESK, did_of
from sandbox.store import Doc, Store
from sandbox.wire.http import Request, Response, json_response
from sandbox.wire.quotas import Window

APP_PASSWORD = "acme-sand-boxp-assw"  # noqa: S105
ACCESS_S = 7200
REFRESH_S = 60 * 86_400
LIMIT = 3000
WINDOW_S = 300
View = Callable[[Request], Response]


def error(status: int, name: str, message: str) -> Response:
    return json_response({"error": name, "message": message}, status)


class Gate:
    def __init__(self, store: Store, now: Callable[[], float], window: Window) -> None:
        self.store, self.now, self.window = store, now, window

    def create(self, request: Request) -> Response:
        given = request.json()
        identifier = str(given.get("identifier") or "").lower() if isinstance(given, dict) else ""
        if identifier not in (DESK, did_of(DESK)) or given.get("password") != APP_PASSWORD:
            return error(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    def refresh(self, request: Request) -> Response:
        """Invalidates the old refresh token."""
        token = self._token(request, "refresh")
        if token is None:
            return error(400, "ExpiredToken", "Token has been revoked")
        self.store.drop("bs_token", token["jwt"])
        return self._session()

    def _session(self) -> Response:
        did = did_of(DESK)
        body = {"did": did, "handle": DESK, "email": f"desk@{DESK}", "emailConfirmed": True, "active": True}
        access, refresh = self._jwt("access", ACCESS_S), self._jwt("refresh", REFRESH_S)
        return json_response({**body, "accessJwt": access, "refreshJwt": refresh})

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
        scheme, _, jwt = (request.headers.get("Authorization") or "").partition(" ")
        known = self.store.get("bs_token", jwt) if scheme == "Bearer" else None
        return known if known and known["kind"] == kind and known["ends"] > self.now() else None

    def guarded(self, view: View) -> View:
        def answer(request: Request) -> Response:
            if not request.headers.get("Authorization"):
                return error(401, "AuthMissing", "Authentication Required")
            _, _, jwt = request.headers["Authorization"].partition(" ")
            if self._token(request, "access") is None:
                if self.store.get("bs_token", jwt):
                    return error(400, "ExpiredToken", "Token has expired")
                return error(400, "InvalidToken", "Token could not be verified")
            return self._metered(request, view)

        return answer

    def _metered(self, request: Request, view: View) -> Response:
        used, ends = self.window.take(self.now())
        response = view(request) if used <= LIMIT else error(429, "RateLimitExceeded", "Rate Limit Exceeded")
        response.headers |= {
            "ratelimit-limit": str(LIMIT),
            "ratelimit-remaining": str(max(0, LIMIT - used)),
            "ratelimit-reset": str(int(ends)),
            "ratelimit-policy": f"{LIMIT};w={WINDOW_S}",
        }
        return response
