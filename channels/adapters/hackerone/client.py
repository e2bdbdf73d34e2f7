"""Requests to HackerOne's API: the token, error mapping.

https://api.hackerone.com/getting-started/#authentication, #rate-limits (600 reads a minute). Errors may come in a 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests.auth import HTTPBasicAuth

from channels.adapters.hackerone import wire
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, NotFound, RateLimited, Rejected, Transient
from channels.http.api_client import ApiClient, Signature, required
from channels.toolkit.partial_failures import NotForThis


class Reports(ApiClient):
    label = "HackerOne"
    default_address = wire.API
    expects = (dict,)

    def sign(self, config: Config, speaker: str) -> Signature:
        missing = "The API identifier or token is missing. Enter both in this connection."
        name = required(str(config.setting("api_identifier", "")), missing)
        token = required(config.secret("api_token"), missing)
        return Signature(auth=HTTPBasicAuth(name, token), keys=(token,))

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        if status == 404:
            return NotFound("HackerOne cannot find it, or this token may not see it.")
        if not wire.errors_of(body):
            return None
        if status in (401, 403):
            return _refused(status, body)
        return _of_errors(body) if 200 <= status < 300 else None


def _of_errors(body: Mapping[str, Any]) -> ChannelError:
    """The error in a 200 response, mapped by the status it names."""
    status = str(next((error.get("status") for error in wire.errors_of(body)), ""))
    line = wire.error_line(body)
    if status in ("401", "403"):
        return _refused(int(status), body)
    if status == "404":
        return NotFound(f"HackerOne says: {line}.")
    if status == "429":
        return RateLimited(f"HackerOne says: {line}. Rate limit reached; waiting.", retry_after_s=60)
    return Rejected(f"HackerOne says: {line}.") if status.startswith("4") else Transient(f"HackerOne says: {line}.")


def _refused(status: int, body: Json) -> AuthFailed:
    """A 403 is about the requested object: a token's permissions are per program."""
    kind = NotForThis if status == 403 else AuthFailed
    return kind(
        f"HackerOne refuses the API token ({wire.error_line(body)}). Check the identifier and the token, and that the "
        "token's group may see the program's reports."
    )


api = Reports()
