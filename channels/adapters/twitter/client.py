"""Requests to API v2: credentials, fields and error mapping.

Fields: https://docs.x.com/x-api/fundamentals/fields. Errors, including those inside a 200:
https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests_oauthlib import OAuth1

from channels.adapters.twitter.wire import error_line
from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient
from channels.http.client import Answer, delete, get_json, post_json
from channels.http.errors import redacted

API = "https://api.twitter.com"
FIELDS: dict[str, str | int] = {
    "tweet.fields": "attachments,author_id,conversation_id,created_at,edit_controls,edit_history_tweet_ids,entities,"
    "in_reply_to_user_id,lang,note_tweet,public_metrics,referenced_tweets",
    "expansions": "author_id,referenced_tweets.id,referenced_tweets.id.author_id,attachments.media_keys",
    "user.fields": "id,name,username",
    "media.fields": "media_key,type,url,preview_image_url,alt_text",
}
_NOT_FOUND = "resource-not-found"
# Suffixes of a problem's `type`, or its title, and what the desk must do about it.
_NO_RIGHT = (
    "not-authorized-for-field", "client-forbidden", "unsupported-authentication", "oauth1-permissions",
    "client-not-enrolled", "Unauthorized", "Unsupported Authentication",
)  # fmt: skip
_USED_UP = ("usage-capped", "UsageCapExceeded", "Too Many Requests", "rate-limit-exceeded")
_BROKEN = ("operational-disconnect", "service-unavailable", "streaming-connection", "Service Unavailable")


def secrets_of(config: Config) -> tuple[str, ...]:
    """All secrets, to be redacted from errors."""
    own = [value for values in config.channel_secrets.values() for value in values.values()]
    return tuple(value for value in (*config.secrets.values(), *own) if value)


def get(config: Config, path: str, params: Mapping[str, str | int] | None = None, user: str | None = None) -> Answer:
    """Read with the app's bearer token, or as `user` (one of our handles). Also raises for errors inside a 200."""
    headers: dict[str, str] = {}
    if user is None:
        token = config.secret("bearer_token")
        if not token:
            raise AuthFailed("This Twitter connection has no bearer token. Enter your app's.")
        headers["Authorization"] = f"Bearer {token}"
    answer = get_json(
        config.network,
        _url(config, path),
        params=params,
        headers=headers,
        auth=user_auth(config, user) if user is not None else None,
        secrets=secrets_of(config),
        classify=_classify_read,
    )
    if not isinstance(answer.body, dict):
        raise Transient("Twitter sent an unexpected response. The desk retries automatically.")
    problem = partial_failure(answer.body)
    if problem is not None:
        raise redacted(problem, secrets_of(config))
    return answer


def post(config: Config, path: str, payload: Json, user: str) -> Answer:
    """Write as one of our handles. Raises as `channels.http.client.post_json`."""
    return post_json(
        config.network,
        _url(config, path),
        payload,
        auth=user_auth(config, user),
        secrets=secrets_of(config),
        classify=_classify_write,
    )


def remove(config: Config, path: str, user: str) -> Answer:
    return delete(
        config.network,
        _url(config, path),
        auth=user_auth(config, user),
        secrets=secrets_of(config),
        classify=_classify_write,
    )


def _url(config: Config, path: str) -> str:
    return f"{str(config.setting('api_base', API)).rstrip('/')}/2/{path}"


def user_auth(config: Config, handle: str) -> OAuth1:
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
            f"@{handle} cannot post: {', '.join(missing)} missing. Enter the tokens of the app and the handle."
        )
    return OAuth1(
        parts["consumer_key"],
        client_secret=parts["consumer_secret"],
        resource_owner_key=parts["access_token"],
        resource_owner_secret=parts["access_token_secret"],
        timestamp=str(int(desk_now().timestamp())),
    )


def errors_of(body: Json) -> list[dict[str, Any]]:
    errors = body.get("errors") if isinstance(body, dict) else None
    return [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []


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


def _classify_read(status: int, body: Json) -> ChannelError | None:
    """A 403 about the requested object, not about us (a suspended or protected account)."""
    if status == 403 and isinstance(body, dict) and str(body.get("type", "")).endswith("not-authorized-for-resource"):
        return Rejected(f"{error_line(body)}.")
    return None


def _classify_write(status: int, body: Json) -> ChannelError | None:
    """A 403 may be about this tweet (duplicate, deleted parent) or our tokens (read-only, suspended app)."""
    if status == 403 and isinstance(body, dict):
        found = _by_kind(body, errors_of(body))
        return found if isinstance(found, AuthFailed) else None
    return None
