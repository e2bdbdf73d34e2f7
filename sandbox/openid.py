"""A fictional company's OpenID provider under /openid, as strict as real ones.

Supports discovery, authorisation code with PKCE, tokens signed with RS256, and userinfo:
https://openid.net/specs/openid-connect-core-1_0.html, https://www.rfc-editor.org/rfc/rfc7636

POST /control/openid configures it: `clients` (id → {"secret", "redirect_uris"}), `people` (sub → claims), and `wrong`,
one of WRONG, which breaks its next tokens in that way.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.wire.http import Request, Response, Router, json_response

CODE_LIVES_S = 60
TOKEN_LIVES_S = 300
PATH = "/openid"
KEY_ID = "sandbox-1"
WRONG = ("nonce", "no nonce", "issuer", "audience", "signature", "expired", "subject", "algorithm", "auth_time")


class OpenIdProvider:
    """Everything is in memory: after a sandbox restart it must be set up again."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clients: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, tuple[str, float]] = {}
        self.wrong = ""

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def register(self, router: Router) -> None:
        router.add("GET", f"{PATH}/.well-known/openid-configuration", self.discovery)
        router.add("GET", f"{PATH}/authorize", self.ask)
        router.add("POST", f"{PATH}/authorize", self.authorize)
        router.add("POST", f"{PATH}/token", self.token)
        router.add("GET", f"{PATH}/keys", self.keys)
        router.add("GET", f"{PATH}/userinfo", self.userinfo)
        router.add("POST", "/control/openid", self.set_up)

    def set_up(self, request: Request) -> Response:
        given = request.json()
        if given.get("wrong", "") not in ("", *WRONG):
            return json_response({"error": f"wrong is one of {', '.join(WRONG)}"}, 400)
        with self.lock:
            self.clients |= given.get("clients", {})
            self.people |= given.get("people", {})
            self.wrong = given.get("wrong", "")
        return json_response({"issuer": _issuer(request)})

    # --- documents ------------------------------------------------------------------------------------------------

    def discovery(self, request: Request) -> Response:
        issuer = _issuer(request)
        return json_response(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "userinfo_endpoint": f"{issuer}/userinfo",
                "jwks_uri": f"{issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid", "profile", "email"],
            }
        )

    def keys(self, request: Request) -> Response:
        numbers = self.key.public_key().public_numbers()
        public = {"n": _base64(_bytes(numbers.n)), "e": _base64(_bytes(numbers.e))}
        return json_response({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, **public}]})

    # --- authorisation --------------------------------------------------------------------------------------------

    def ask(self, request: Request) -> Response:
        """A page with a button for each person who can log in."""
        if refusal := self._refused(request.query):
            return refusal
        query = html.escape(f"{PATH}/authorize?{request.query_string}", quote=True)
        buttons = "".join(
            f'<p><button name="sub" value="{html.escape(sub, quote=True)}">{html.escape(str(claims.get("name", sub)))}'
            "</button></p>"
            for sub, claims in sorted(self.people.items())
        )
        page = f'<!doctype html><title>Log in</title><form method="post" action="{query}">{buttons}</form>'
        return Response(page.encode(), content_type="text/html; charset=utf-8")

    def authorize(self, request: Request) -> Response:
        asked = request.query
        if refusal := self._refused(asked):
            return refusal
        sub = request.form().get("sub", "")
        if sub not in self.people:
            return _back(asked, error="access_denied")
        code = secrets.token_urlsafe(24)
        with self.lock:
            self.codes[code] = {**asked, "sub": sub, "at": time.time()}
        return _back(asked, code=code)

    def _refused(self, asked: dict[str, str]) -> Response | None:
        """Errors that must not go to the client are shown here; the rest is returned as an error."""
        client = self.clients.get(asked.get("client_id", ""))
        if client is None or asked.get("redirect_uri") not in client["redirect_uris"]:
            return Response(b"Unknown client or redirect_uri.", 400, "text/plain")
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            return _back(asked, error="invalid_request")
        is_challenged = asked.get("code_challenge_method") == "S256" and len(asked.get("code_challenge", "")) == 43
        if len(asked.get("state", "")) < 8 or len(asked.get("nonce", "")) < 8 or not is_challenged:
            return _back(asked, error="invalid_request")
        return None

    # --- tokens ---------------------------------------------------------------------------------------------------

    def token(self, request: Request) -> Response:
        form = request.form()
        client_id, secret = _credentials(request, form)
        known = self.clients.get(client_id)
        if known is None or not secrets.compare_digest(known["secret"], secret):
            return json_response({"error": "invalid_client"}, 401)
        with self.lock:
            asked = self.codes.pop(form.get("code", ""), None)  # single use, whatever the outcome
        if asked is None or form.get("grant_type") != "authorization_code" or not _fits(asked, form, client_id):
            return json_response({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(24)
        with self.lock:
            self.tokens[access] = (asked["sub"], time.time() + TOKEN_LIVES_S)
        id_token = self._id_token(_issuer(request), asked, client_id)
        body = {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_LIVES_S, "id_token": id_token}
        return json_response(body, Cache_Control="no-store")

    def userinfo(self, request: Request) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        sub, until = self.tokens.get(token, ("", 0.0))
        if time.time() > until:
            return json_response({"error": "invalid_token"}, 401)
        return json_response({"sub": "somebody-else" if self.wrong == "subject" else sub, **self.people[sub]})

    def _id_token(self, issuer: str, asked: dict[str, Any], client_id: str) -> str:
        now, wrong = int(time.time()), self.wrong
        claims = {
            "iss": "https://evil.example" if wrong == "issuer" else issuer,
            "aud": "another-client" if wrong == "audience" else client_id,
            "sub": asked["sub"],
            "iat": now,
            "exp": now - 10 if wrong == "expired" else now + TOKEN_LIVES_S,
            "auth_time": now - 3600 if wrong == "auth_time" else int(asked["at"]),
            "nonce": "another-nonce" if wrong == "nonce" else asked["nonce"],
            **self.people[asked["sub"]],
        }
        if wrong == "no nonce":
            del claims["nonce"]
        head = {"alg": "none" if wrong == "algorithm" else "RS256", "kid": KEY_ID, "typ": "JWT"}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        if wrong == "algorithm":
            return f"{signed}."
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048) if wrong == "signature" else self.key
        return f"{signed}.{_base64(other.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _issuer(request: Request) -> str:
    return f"http://{request.headers.get('Host', '127.0.0.1')}{PATH}"


def _back(asked: dict[str, str], **result: str) -> Response:
    query = urlencode({**result, "state": asked.get("state", "")})
    return Response(status=303, content_type="text/plain", headers={"Location": f"{asked['redirect_uri']}?{query}"})


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        name, _, secret = base64.b64decode(value).decode().partition(":")
        return unquote(name), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _fits(asked: dict[str, Any], form: dict[str, str], client_id: str) -> bool:
    challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
    return (
        asked["client_id"] == client_id
        and asked["redirect_uri"] == form.get("redirect_uri")
        and secrets.compare_digest(asked["code_challenge"], challenge)
        and time.time() - asked["at"] < CODE_LIVES_S
    )


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
