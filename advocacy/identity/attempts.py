"""Limits on password guessing: by address, by address and account, and by account. None of them locks an account.

An outsider who keeps guessing somebody's password must not lock them out. So each browser that has logged in as
somebody carries a signed cookie that says so, and its attempts are counted separately; attempts from unknown browsers
are throttled together, one every few seconds, once there are very many.

Source: OWASP, Slow Down Online Guessing Attacks with Device Cookies,
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies

Counts are in the cache; while Redis is away each process counts separately (`advocacy.runtime.cache`), and every failed
login is still in the audit log.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from audit.log import address_of

COOKIE = "desk_browser"
COOKIE_DAYS = 180
SALT = "identity.browser"


@dataclass(frozen=True, slots=True)
class Limit:
    most: int
    seconds: int


PER_ADDRESS = Limit(30, 900)
PER_ADDRESS_AND_ACCOUNT = Limit(5, 300)
PER_KNOWN_BROWSER = Limit(10, 900)
PER_ACCOUNT = Limit(50, 3600)
"""Failed attempts from unknown browsers before they are throttled."""
SLOWED_TO_S = 5


class Attempt:
    """One attempt to log in as `account` (as typed). Counted when it begins, so that parallel attempts all count; a
    success is subtracted again."""

    def __init__(self, request: HttpRequest, account: str, now: datetime) -> None:
        self.account = account.strip().casefold()[:254]
        address = address_of(request) or "unknown"
        browser = known_browser(request, self.account)
        self._counts = [(f"a:{address}", PER_ADDRESS)]
        if browser:
            self._counts = [(f"b:{browser}", PER_KNOWN_BROWSER)]
        else:
            self._counts.append((f"aa:{address}:{self.account}", PER_ADDRESS_AND_ACCOUNT))
        self._all = [] if browser else [(f"acc:{self.account}", PER_ACCOUNT)]
        self._now = now

    def begin(self) -> bool:
        """Whether it is allowed; a refused attempt does not count."""
        if any(_count(name, limit, self._now) >= limit.most for name, limit in self._counts):
            return False
        slowed = any(_count(name, limit, self._now) >= limit.most for name, limit in self._all)
        if slowed and not cache.add(_key(f"turn:{self.account}"), 1, SLOWED_TO_S):
            return False
        for name, limit in [*self._counts, *self._all]:
            _add(name, limit, self._now, 1)
        return True

    def succeeded(self) -> None:
        for name, limit in [*self._counts, *self._all]:
            _add(name, limit, self._now, -1)

    def is_first_refused(self) -> bool:
        """True once per ongoing refusal, so a flood of attempts does not flood the log."""
        return bool(cache.add(_key(f"told:{self._counts[-1][0]}"), 1, PER_ADDRESS_AND_ACCOUNT.seconds))


def known_browser(request: HttpRequest, account: str) -> str:
    """This browser's number if `account` has logged in with it, else empty."""
    try:
        value = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_DAYS * 86_400)
    except signing.BadSignature:
        return ""
    names = value.get("as", []) if isinstance(value, dict) else []
    return str(value["id"]) if account.casefold() in names else ""


def remember_browser(request: HttpRequest, response: HttpResponse, user: Any) -> None:
    """Mark this browser as one this person logs in with, under either of their names."""
    names = sorted({name.casefold() for name in (user.get_username(), user.email) if name})
    value = {"id": secrets.token_urlsafe(12), "as": names}
    response.set_cookie(
        COOKIE,
        signing.dumps(value, salt=SALT),
        max_age=COOKIE_DAYS * 86_400,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
        path="/accounts/",
    )


def _count(name: str, limit: Limit, now: datetime) -> int:
    return int(cache.get(_window(name, limit, now)) or 0)


def _add(name: str, limit: Limit, now: datetime, step: int) -> None:
    key = _window(name, limit, now)
    cache.add(key, 0, limit.seconds)
    with suppress(ValueError):  # expired: its window is over
        cache.incr(key, step)


def _window(name: str, limit: Limit, now: datetime) -> str:
    return _key(f"{name}:{int(now.timestamp()) // limit.seconds}")


def _key(name: str) -> str:
    """Anybody can type a name: only its digest is in the key."""
    return f"identity:{signing.Signer(salt=SALT).signature(name)}"
