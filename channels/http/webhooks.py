"""Verifies and parses webhook calls in the common format: JSON, signed with a shared secret. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json

from channels.contract import Hook, Json
from channels.errors import Malformed, Refused


def require_signature(secret: str, hook: Hook, header: str, sender: str) -> None:
    """Check that the header holds `sha256=HEX`, the HMAC of the body. `sender` names the webhook in the error. Raises
    Refused."""
    if not secret:
        raise Refused("No secret is set for this webhook.")
    received = hook.headers.get(header, "").removeprefix("sha256=").lower()
    expected = hmac.new(secret.encode(), hook.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(received.encode("utf-8", "replace"), expected.encode()):
        raise Refused(f"The signature of {sender} webhook is wrong.")


def json_of(hook: Hook, message: str = "not valid JSON") -> Json:
    """The parsed body. Raises Malformed."""
    try:
        return json.loads(hook.body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{message}: {error}") from error
