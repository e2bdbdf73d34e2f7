"""Requests to the YouTube Data API: cost, credentials and error mapping.

Costs: https://developers.google.com/youtube/v3/determine_quota_cost (a list 1 unit, an insert or delete 50); 10,000
units per day, reset at midnight Pacific Time. Errors: https://developers.google.com/youtube/v3/docs/errors. Tokens:
https://developers.google.com/identity/protocols/oauth2/web-server#offline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from channels.adapters.youtube import wire
from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, Malformed, RateLimited, Rejected, Transient
from channels.http import oauth
from channels.http.api_client import ApiClient, Signature, TokenClient
from channels.http.client import Answer, Call, read
from channels.toolkit.partial_failures import NotForThis
from channels.toolkit.values import object_of, objects_of

API = "https://www.googleapis.com/youtube/v3"
TOKENS = "https://oauth2.googleapis.com"
DAILY_UNITS = 8000
PACIFIC = ZoneInfo("America/Los_Angeles")
RUSH_S = 60.0


class Closed(Rejected):
    """This one video or channel can't be read (comments off, gone). `reason`: YouTube's code."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True)
class Units:
    """Polling's share of the daily quota used so far: `day` is the date in California."""

    allowed: int
    day: str
    used: int = 0

    @classmethod
    def stored(cls, config: Config, kept: Json, now: datetime) -> Units:
        allowed, day = config.setting("daily_units", DAILY_UNITS), day_of(now)
        units = cls(max(1, allowed) if isinstance(allowed, int) else DAILY_UNITS, day)
        if isinstance(kept, dict) and kept.get("day") == day and isinstance(kept.get("used"), int):
            units.used = kept["used"]
        return units

    def take(self, cost: int, now: datetime) -> None:
        """Raises RateLimited before the quota would be exceeded."""
        if day_of(now) != self.day:
            self.day, self.used = day_of(now), 0
        if self.used + cost > self.allowed:
            raise used_up(now, f"The {self.allowed} units that this connection may use a day are used up.")
        self.used += cost

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.used)

    def to_json(self) -> Json:
        return {"day": self.day, "used": self.used}


def day_of(now: datetime) -> str:
    return now.astimezone(PACIFIC).date().isoformat()


def midnight_after(now: datetime) -> datetime:
    """When the quota resets, in UTC; on DST changes a day has 23 or 25 hours."""
    tomorrow = now.astimezone(PACIFIC).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=PACIFIC).astimezone(UTC)


def used_up(now: datetime, message: str) -> RateLimited:
    until = midnight_after(now)
    wait_s = (until - now).total_seconds()
    return RateLimited(f"{message} It resets at midnight Pacific Time.", until, wait_s)


class Videos(ApiClient):
    """Read with the API key."""

    label = "YouTube"
    default_address = API

    def sign(self, config: Config, speaker: str) -> Signature:
        """In a header, not the URL: https://cloud.google.com/docs/authentication/api-keys-use"""
        key = config.secret("api_key")
        return Signature({"X-Goog-Api-Key": key}, keys=(key,)) if key else Signature()

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return None if 200 <= status < 300 else classify(body)


class Brand(TokenClient, Videos):
    """As our own channel."""

    refused = AuthFailed

    def owner(self, config: Config, speaker: str) -> tuple[str, ...]:
        needed = (str(config.setting("client_id", "")), config.secret("client_secret"), config.secret("refresh_token"))
        if not all(needed):
            raise AuthFailed("Replies need the OAuth client and the refresh token of our channel: see the connection.")
        return (str(config.setting("token_base", TOKENS)), *needed)

    def new_token(self, config: Config, speaker: str) -> oauth.Token:
        address, client_id, client_secret, refresh_token = self.owner(config, speaker)
        form = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
        }
        call = Call("POST", f"{address.rstrip('/')}/token", form=form, secrets=(client_secret, refresh_token))
        return oauth.token_from(read(config.network, call, _token_refused).body)


def listed(config: Config, path: str, params: Mapping[str, str | int], units: Units | None = None) -> dict[str, Any]:
    """One page of a list, read with the API key. Raises Closed if only this object can't be read."""
    if units is not None:
        units.take(1, desk_now())
    return items_of(api.get(config, path.lstrip("/"), params))


def items_of(answer: Answer) -> dict[str, Any]:
    body = answer.body
    if not isinstance(body, dict):
        raise Malformed("YouTube sent an unexpected response.")
    if "error" in body:
        raise Malformed(f"YouTube returned an error: {wire.error_line(body['error'])}")
    # An empty list may be omitted (seen with channels and videos); the kind is always there.
    if not isinstance(body.get("items"), list) and not str(body.get("kind", "")).endswith("ListResponse"):
        raise Transient("YouTube returned no list of items. The desk retries automatically.")
    return {**body, "items": objects_of(body.get("items"))}


def classify(body: Json) -> ChannelError | None:
    """By the reason; a 403 may mean a missing permission, an exhausted quota, or disabled comments."""
    reason = wire.reason_of(body)
    if not reason:
        return None
    message = f"YouTube: {wire.error_line(body['error'])}"
    if reason in ("quotaExceeded", "dailyLimitExceeded"):
        return used_up(desk_now(), f"{message}.")
    if reason in ("rateLimitExceeded", "userRateLimitExceeded"):
        return RateLimited(f"{message}.", until=desk_now() + timedelta(seconds=RUSH_S), retry_after_s=RUSH_S)
    if reason in ("commentsDisabled", "videoNotFound", "channelNotFound", "commentThreadNotFound", "commentNotFound"):
        return Closed(f"{message}.", reason)
    if reason in ("keyInvalid", "accessNotConfigured", "authError", "badRequest") and "key" in message.lower():
        return AuthFailed(f"{message}. Check the API key of this connection.")
    if reason == "forbidden":  # for a list: this video is private, https://developers.google.com/youtube/v3/docs/errors
        return NotForThis(f"{message}. It may be private: check what the key and the token may see.")
    if reason in ("ineligibleAccount", "insufficientPermissions", "ipRefererBlocked", "authError"):
        return AuthFailed(f"{message}. Check the permissions of this connection's key and token.")
    return None


def _token_refused(status: int, body: Json) -> ChannelError | None:
    """RFC 6749, 5.2: the error is in the body of a 400."""
    error = object_of(body).get("error")
    if status == 400 and isinstance(error, str):
        return AuthFailed(
            f"Google issued no access token ({error}). Create a new refresh token: see the documentation."
        )
    return None


api, brand = Videos(), Brand()
