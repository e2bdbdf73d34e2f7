"""Outgoing webhook calls (to the CRM, the pager): signed, to a guarded address, repeated until accepted.

`X-Desk-Event` names the event, `X-Desk-Delivery` is the same at every attempt: a receiver that has seen it answers 2xx
and does nothing, so each event takes effect once. `X-Desk-Timestamp` is the time of the attempt in epoch seconds, and
`X-Desk-Signature` is `v1=` and the hex HMAC-SHA256, with the shared secret, of `v1:<timestamp>:` and the body: the
scheme that our own form webhook accepts (`channels.adapters.form`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from requests import PreparedRequest
from requests.auth import AuthBase

from channels.clocks import desk_now
from channels.contract import Json, Receipt
from channels.errors import AuthFailed, Rejected, Transient, Uncertain
from channels.http.client import Call, deliver
from channels.registry.configs import network
from channels.secrets.vault import remember

REQUEST_TIMEOUT_S = 30.0
NEEDED = ("event", "body")
_NAMES = {"pager": "PAGER"}
"""`to` of the payload → prefix of its settings; the default is the CRM."""


class Signed(AuthBase):
    """Signs the bytes that are actually sent."""

    def __init__(self, secret: str, at: datetime) -> None:
        self.secret, self.at = secret, at

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        stamp = str(int(self.at.timestamp()))
        request.headers["X-Desk-Timestamp"] = stamp
        request.headers["X-Desk-Signature"] = f"v1={signature(self.secret, stamp, body)}"
        return request


def signature(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"v1:{stamp}:".encode() + body, hashlib.sha256).hexdigest()


def prepared(key: str, payload: Mapping[str, Json]) -> Callable[[], Receipt]:
    """A function that makes the call. Raises Rejected if the webhook isn't set up."""
    name = _NAMES.get(str(payload.get("to") or ""), "CRM")
    address, secret = getattr(settings, f"{name}_WEBHOOK_URL"), getattr(settings, f"{name}_WEBHOOK_SECRET")
    if not address or not secret:
        raise Rejected(
            _("This webhook is not set up: enter DESK_%(name)s_WEBHOOK_URL and DESK_%(name)s_WEBHOOK_SECRET.")
            % {"name": name}
        )
    remember(secret)
    headers = {"X-Desk-Event": str(payload["event"]), "X-Desk-Delivery": key}
    body = json.loads(json.dumps(payload["body"]))

    def call() -> Receipt:
        try:
            auth = Signed(secret, desk_now())
            deliver(network(), Call("POST", address, payload=body, headers=headers, auth=auth, secrets=(secret,)))
        except Uncertain as error:
            # Safe to repeat: the receiver knows the delivery by its id.
            raise Transient(str(error)) from error
        except AuthFailed as error:
            raise Rejected(
                _("%(error)s Check that the receiver knows DESK_%(name)s_WEBHOOK_SECRET.")
                % {"error": error, "name": name}
            ) from error
        return Receipt(key)

    return call
