"""Authentication: the app's bearer token for reading, a user's OAuth 1.0a signature for writing.

oauthlib verifies signatures per RFC 5849 (https://docs.x.com/fundamentals/authentication/oauth-1-0a).
"""

from __future__ import annotations

import sys
from typing import Any

from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

from sandbox import clock
from sandbox.wire.http import Request
from sandbox.world import BEARER_TOKEN, CONSUMER_KEY, CONSUMER_SECRET, HANDLES, Handle

_BY_TOKEN = {handle.access_token: handle for handle in HANDLES.values()}
MAX_SKEW_S = 300


class Validator(RequestValidator):
    """Knows the one app and the handles' tokens; nonces are single-use."""

    enforce_ssl = False
    timestamp_lifetime = sys.maxsize
    """The library asks the machine's clock; `validate_timestamp_and_nonce` asks the sandbox's."""

    def __init__(self) -> None:
        super().__init__()
        self._nonces: dict[tuple[str, str, str], None] = {}

    allowed_signature_methods = ("HMAC-SHA1", "HMAC-SHA256")
    dummy_client = "nobody"
    dummy_access_token = "nothing"  # noqa: S105

    def check_client_key(self, client_key: str) -> bool:
        return bool(client_key)

    def check_access_token(self, request_token: str) -> bool:
        return bool(request_token)

    def check_nonce(self, nonce: str) -> bool:
        return 5 <= len(nonce) <= 100

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == CONSUMER_KEY

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return CONSUMER_SECRET

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        handle = _BY_TOKEN.get(token)
        return handle.access_token_secret if handle else "nothing"

    def validate_timestamp_and_nonce(
        self,
        client_key: str,
        timestamp: str,
        nonce: str,
        request: Any,
        request_token: str | None = None,
        access_token: str | None = None,
    ) -> bool:
        key = (timestamp, nonce, access_token or "")
        if abs(clock.now() - int(timestamp)) > MAX_SKEW_S or key in self._nonces:
            return False
        self._nonces[key] = None
        if len(self._nonces) > 10_000:
            self._nonces.pop(next(iter(self._nonces)))
        return True


class Gate:
    def __init__(self) -> None:
        self._endpoint = SignatureOnlyEndpoint(Validator())

    def reads(self, request: Request) -> bool:
        """Bearer token, or a signature by any of our users."""
        if request.bearer:
            return request.bearer == BEARER_TOKEN
        return self.user(request) is not None

    def is_app_only(self, request: Request) -> bool:
        return request.bearer == BEARER_TOKEN

    def user(self, request: Request) -> Handle | None:
        """The handle that signed the request; None if the signature is wrong or missing."""
        header = request.headers.get("Authorization", "")
        if not header.startswith("OAuth "):
            return None
        headers = {"Authorization": header}
        body = ""
        if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            headers["Content-Type"] = request.headers["Content-Type"]
            body = request.body.decode("utf-8", "replace")
        try:
            valid, signed = self._endpoint.validate_request(request.url, request.method, body, headers)
        except ValueError:
            return None
        return _BY_TOKEN.get(signed.resource_owner_key) if valid else None
