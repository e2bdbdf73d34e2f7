"""Requests to API v2: credentials, fields and error mapping.

Fields: https://docs.x.com/x-api/fundamentals/fields. Errors, including those inside a 200:
https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from requests_oauthlib import OAuth1

from channels.adapters.twitter.wire import error_line
from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient
from channels.http.api_client import ApiClient, Signature, bearer, required
from channels.toolkit.values import object_of, objects_of

FIELDS: dict[str, str | int] = {
    "tweet.fields": "attachments,author_id,conversation_id,created_at,edit_controls,edit_history_tweet_ids,entities,"
    "in_reply_to_user_id,lang,note_tweet,public_metrics,referenced_tweets",
    "expansions": "author_id,referenced_tweets.id,referenced_tweets.id.author_id,attachments.media_keys",
    "user.fields": "id,name,username",
    "media.fields": "media_key,type,url,preview_image_url,alt_text",
}
_NUMBER = re.compile(r"/\d+(?=/|$)")
_NOT_FOUND = "resource-not-found"
# Suffixes of a problem's `type`, or its title, and the error it means for the desk.
_NO_RIGHT = (
    "not-authorized-for-field", "client-forbidden", "unsupported-authentication", "oauth1-permissions",
    "client-not-enrolled", "Unauthorized", "Unsupported Authentication",
)  # fmt: skip
_USED_UP = ("usage-capped", "UsageCapExceeded", "Too Many Requests", "rate-limit-exceeded")
_TAKES_NONE = ("permission to DM", "cannot send messages to this user", "who are not following you")
CLOSED = (
    "This person does not accept direct messages from us. Answer in public, or ask them there to open their messages "
    "or to write to us first."
)
_BROKEN = ("operational-disconnect", "service-unavailable", "streaming-connection", "Service Unavailable")


class Api(ApiClient):
    """`speaker`: one of our handles; without one, the app reads."""

    label = "Twitter"
    default_address = "https://api.twitter.com"
    path_format = "2/{}"
    expects = (dict,)

    def sign(self, config: Config, speaker: str) -> Signature:
        if speaker:
            return _as_user(config, speaker)
        missing = "This Twitter connection has no bearer token. Enter your app's."
        return bearer(required(config.secret("bearer_token"), missing))

    def limited(self, path: str) -> str:
        """Each endpoint has its own limit: https://docs.x.com/x-api/fundamentals/rate-limits"""
        return _NUMBER.sub("/{id}", path)

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        if not isinstance(body, dict):
            return None
        if is_write:
            return _of_write(body) if status == 403 else None
        if 200 <= status < 300:
            return partial_failure(body)
        # About the requested object, not about us (a suspended or protected account).
        is_elsewhere = status == 403 and str(body.get("type", "")).endswith("not-authorized-for-resource")
        return Rejected(f"{error_line(body)}.") if is_elsewhere else None


def _as_user(config: Config, handle: str) -> Signature:
    """OAuth 1.0a user context: https://docs.x.com/fundamentals/authentication/oauth-1-0a/overview

    Signed with the desk's clock: Twitter refuses a signature that is minutes off, and this machine's clock may be.
    """
    own = config.channel_secrets.get(handle.lower(), {})
    parts = {
        "consumer_key": config.secret("consumer_key"),
        "consumer_secret": config.secret("consumer_secret"),
        "access_token": own.get("access_token", ""),
        "access_token_secret": own.get("access_token_secret", ""),
    }
    missing = [name for name, value in parts.items() if not value]
    if missing:
        raise AuthFailed(
            f"@{handle} cannot log in: {', '.join(missing)} missing. Enter the tokens of the app and the handle, and"
            " keep the handle's channel on."
        )
    auth = OAuth1(
        parts["consumer_key"],
        client_secret=parts["consumer_secret"],
        resource_owner_key=parts["access_token"],
        resource_owner_secret=parts["access_token_secret"],
        timestamp=str(int(desk_now().timestamp())),
    )
    return Signature(auth=auth, keys=tuple(parts.values()))


def errors_of(body: Json) -> list[dict[str, Any]]:
    return objects_of(object_of(body).get("errors"))


def missing_ids(body: Json) -> list[str]:
    """Ids of requested tweets that don't exist (any more)."""
    return [
        str(e.get("resource_id") or e.get("value"))
        for e in errors_of(body)
        if str(e.get("type", "")).endswith(_NOT_FOUND) and e.get("parameter") in ("ids", "id")
    ]


def partial_failure(body: dict[str, Any]) -> ChannelError | None:
    """The error of a 200 that holds errors and no data; missing objects don't count as errors."""
    errors = errors_of(body)
    if "data" in body or "meta" in body or not errors:
        return None
    if all(str(e.get("type", "")).endswith(_NOT_FOUND) for e in errors):
        return None
    return _by_kind(body, errors) or Rejected(f"{error_line(body)}.")


def _by_kind(body: Mapping[str, Any], errors: list[dict[str, Any]]) -> ChannelError | None:
    line = error_line(body)
    for entry in (*errors, body):
        kinds = (str(entry.get("type", "")), str(entry.get("title", "")))
        if any(kind.endswith(_NO_RIGHT) for kind in kinds):
            return AuthFailed(f"{line}. Check the tokens of the app and the handle, and their permissions.")
        if any(kind.endswith(_USED_UP) for kind in kinds):
            return RateLimited(f"{line}.")
        if any(kind.endswith(_BROKEN) for kind in kinds):
            return Transient(f"{line}. The desk retries automatically.")
    return None


def _of_write(body: Mapping[str, Any]) -> ChannelError | None:
    """A 403 may be about this tweet (duplicate, deleted parent) or our tokens (read-only, suspended app)."""
    found = _by_kind(body, errors_of(body))
    if isinstance(found, AuthFailed):
        return found
    line = error_line(body)
    return Rejected(f"{CLOSED} Twitter says: {line}.") if any(each in line for each in _TAKES_NONE) else None


api = Api()
get, post, remove, secrets_of = api.get, api.post, api.delete, api.secrets
