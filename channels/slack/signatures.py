"""Proves that a request comes from Slack. https://docs.slack.dev/authentication/verifying-requests-from-slack"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from channels.errors import Refused

OLDEST_S = 300


def prove(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """`headers` by lower-case name. Raises Refused."""
    if not secret:
        raise Refused("There is no signing secret, so the desk cannot verify that a request is from Slack.")
    sent, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not (sent.isascii() and sent.isdigit() and len(sent) < 13):
        raise Refused("The request does not say when it was sent.")
    expected = "v0=" + hmac.new(secret.encode(), b"v0:" + sent.encode() + b":" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise Refused("The signature is not Slack's.")
    if abs(now.timestamp() - int(sent)) > OLDEST_S:
        raise Refused("The request is older than five minutes.")
