"""Verifies that a request comes from the admin's own website. Pure.

Same scheme as Slack and Stripe: an HMAC over version, time and raw body, so everything stored is covered by the
signature and old requests are rejected (https://api.slack.com/authentication/verifying-requests-from-slack).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from channels.contract import Hook
from channels.errors import Refused

TIMESTAMP = "x-desk-timestamp"
SIGNATURE = "x-desk-signature"
VERSION = "v1"
OLDEST = timedelta(minutes=5)
"""Also the tolerated clock skew."""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and 64 hexadecimal digits."""
    signed = f"{VERSION}:{timestamp}:".encode() + body
    return f"{VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def signed_at(secret: str, hook: Hook, now: datetime) -> datetime:
    """When the request was signed (aware UTC). Raises Refused."""
    if not secret:
        raise Refused("This connection has no webhook secret, so nothing is accepted here.")
    timestamp, given = hook.headers.get(TIMESTAMP, "").strip(), hook.headers.get(SIGNATURE, "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 11):
        raise Refused("X-Desk-Timestamp must be a Unix time in seconds.")
    expected = signature(secret, timestamp, hook.body).encode()
    offered = [each.strip().encode("utf-8", "replace") for each in given.split(",")[:5]]
    if not any(hmac.compare_digest(expected, each) for each in offered):
        raise Refused("X-Desk-Signature does not match this body and time.")
    at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs(now - at) > OLDEST:
        raise Refused("The request is more than five minutes old, or the sender's clock is wrong.")
    return at
