"""Requests to an instance: the token, error mapping, remaining quota.

Tokens: https://docs.joinmastodon.org/client/token/. Errors are `{"error": "…"}`, sometimes with `error_description`:
https://docs.joinmastodon.org/entities/Error/. Limits: `X-RateLimit-*`, the reset is an ISO 8601 time:
https://docs.joinmastodon.org/api/rate-limits/
"""

from __future__ import annotations

from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, NotFound, Rejected
from channels.http.api_client import ApiClient, Signature, bearer, required
from channels.toolkit.partial_failures import NotForThis
from channels.toolkit.values import one_line, text_of, value_at


class Instance(ApiClient):
    label = "Mastodon"
    no_address = "This connection has no address. Enter the instance's address, such as https://mastodon.social."
    limit_headers = "X-RateLimit-"
    reserve = 5  # of 300 in five minutes

    def sign(self, config: Config, speaker: str) -> Signature:
        missing = "This Mastodon connection has no access token. Create one on the instance and enter it."
        return bearer(required(config.secret("access_token"), missing))

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return _of_write(status, body) if is_write else _of_read(status, body)


def error_line(body: Json) -> str:
    """The instance's error message, on one line."""
    said = (text_of(value_at(body, key)) for key in ("error", "error_description"))
    return one_line(" ".join(said), 300)


def _of_read(status: int, body: Json) -> ChannelError | None:
    if status in (404, 410):
        return NotFound(f"The instance found nothing there: {error_line(body) or status}.")
    if status == 422 and "authenticated user" in error_line(body):
        return AuthFailed(
            "Mastodon needs a token for an account, not just for an app. Create one on the account's page."
        )
    return _refused(status, body)


def _of_write(status: int, body: Json) -> ChannelError | None:
    """422: the text is at fault (too long, empty, a poll); 403: suspended, or not allowed for this post."""
    if status in (404, 410):
        return NotFound("The post no longer exists, or its author has made it private.")
    if status == 422:
        return Rejected(f"Mastodon rejects it: {error_line(body) or 'no reason given'}.")
    if status == 403 and "scope" not in error_line(body):
        return Rejected(f"Mastodon does not allow it: {error_line(body) or 'no reason given'}.")
    return _refused(status, body)


def _refused(status: int, body: Json) -> ChannelError | None:
    if status == 401:
        return AuthFailed("Mastodon refuses the access token. Create a new one for this account and enter it.")
    if status == 403:
        # A token without read:search can still read notifications.
        kind = NotForThis if "scope" in error_line(body) else AuthFailed
        return kind(
            f"Mastodon does not let the token do this: {error_line(body) or 'forbidden'}. It needs the scopes read, "
            "write:statuses and write:favourites, and an account that is not suspended."
        )
    return None


api = Instance()
get, post, remove, site = api.get, api.post, api.delete, api.site
