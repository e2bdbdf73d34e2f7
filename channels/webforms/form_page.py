"""The desk's public web form: lookup, spam protection, and storing submissions.

The page is public and sets no cookie, so nobody's session can be abused and no CSRF token is needed. Against bots: a
hidden field, a signed token with the time of the page (not too quick, not too old, one submission each), and rate
limits per address and per form.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from redis.exceptions import RedisError

from channels.adapters.form.language import Question, questions_of
from channels.adapters.form.submission import item_of, title_of
from channels.contract import Json, Page
from channels.db.payloads import restored
from channels.inbox import storing_once
from channels.models import Channel, Connection, InboundItem
from channels.registry.configs import ConnectionSource, address_of, source_for

PLATFORM = "form"
QUICKEST_S = 3
OLDEST_S = 12 * 3600
"""Maximum age of an open page; the input is kept and resubmitted with a new token."""
WINDOW_S = 600
MAX_OF_ADDRESS = 8
"""Submissions per window; a whole school may share one address."""
MAX_OF_FORM = 120
MAX_BYTES = 600_000
"""Room for some long answers in a script that takes nine bytes per letter when URL-encoded."""
TOKEN = "desk_token"  # noqa: S105
TRAP = "desk_nickname"
_SALT = "channels.form_page"
_ORIGIN = re.compile(r"https?://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """One channel's form, with what its page needs."""

    channel: Channel
    source: ConnectionSource
    address: str
    title: str
    intro: str
    thanks: str
    questions: tuple[Question, ...]
    sites: tuple[str, ...]
    """Origins that may embed it, valid for a header."""

    @property
    def is_open(self) -> bool:
        return self.source.connection.is_active


class Token(Enum):
    GOOD = "good"
    QUICK = "quick"
    OLD = "old"
    WRONG = "wrong"


def form_of(slug: str) -> Form | None:
    """The active form with this slug, or None. Raises InvalidSettings."""
    channel = Channel.objects.filter(slug=slug, connection__platform=PLATFORM, is_active=True).exclude(address="")
    found = channel.select_related("connection").first()
    if found is None:
        return None
    connection = Connection.objects.prefetch_related("channels").get(pk=found.connection_id)
    return _form(found, source_for(connection))


def forms() -> list[Form]:
    """All active forms. Raises InvalidSettings."""
    found: list[Form] = []
    connections = Connection.objects.filter(platform=PLATFORM).prefetch_related("channels").order_by("name")
    for connection in connections:
        source = source_for(connection)
        channels = [c for c in connection.channels.all() if c.is_active and c.address]
        found += [_form(channel, source) for channel in channels]
    return found


def _form(channel: Channel, source: ConnectionSource) -> Form:
    address = address_of(channel)
    channel_settings = source.config.channel_settings.get(address, {})
    return Form(
        channel,
        source,
        address,
        title_of(address, source.config),
        str(channel_settings.get("intro") or ""),
        str(channel_settings.get("thanks") or ""),
        questions_of(channel_settings.get("form_fields")),
        sites_of(channel_settings.get("allowed_sites")),
    )


def sites_of(lines: Json) -> tuple[str, ...]:
    """The valid origins; nothing else may get into the header."""
    entries = lines if isinstance(lines, list | tuple) else ()
    return tuple(dict.fromkeys(o for each in entries if _ORIGIN.match(o := str(each).strip().rstrip("/"))))


# --- the token ----------------------------------------------------------------------------------------------------


def new_token(form: Form, now: datetime) -> str:
    made = {"form": form.channel.pk, "at": int(now.timestamp()), "id": secrets.token_urlsafe(12)}
    return signing.dumps(made, salt=_SALT, compress=False)


def read_token(form: Form, text: str, now: datetime) -> tuple[Token, str]:
    """(its validity, the id of the one submission it is valid for, or "")."""
    try:
        made = signing.loads(text[:500], salt=_SALT)
    except signing.BadSignature:
        return Token.WRONG, ""
    if made.get("form") != form.channel.pk:
        return Token.WRONG, ""
    age = now.timestamp() - made["at"]
    if age < QUICKEST_S:
        return Token.QUICK, made["id"]
    return (Token.OLD, "") if age > OLDEST_S else (Token.GOOD, made["id"])


# --- limits -------------------------------------------------------------------------------------------------------


def is_too_many(form: Form, address: str, now: datetime) -> bool:
    """Counts one submission; returns whether it exceeds a limit. False if the cache is down: losing an application
    would be worse."""
    window = int(now.timestamp()) // WINDOW_S
    try:
        mine = _count(f"form:{form.channel.pk}:{window}:{signing.Signer(salt=_SALT).signature(address)[:20]}")
        if mine > MAX_OF_ADDRESS:
            return True
        return _count(f"form:{form.channel.pk}:{window}") > MAX_OF_FORM
    except RedisError:
        return False


def _count(key: str) -> int:
    cache.add(key, 0, WINDOW_S + 60)
    try:
        return int(cache.incr(key))
    except ValueError:  # it has just expired
        return 1


def client_address(meta: Mapping[str, Json]) -> str:
    """The client's IP address; behind our proxies, the one they report."""
    proxies = int(getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0))
    chain = [part.strip() for part in str(meta.get("HTTP_X_FORWARDED_FOR") or "").split(",") if part.strip()]
    if proxies and len(chain) >= proxies:
        return chain[-proxies]
    return str(meta.get("REMOTE_ADDR") or "")


# --- storing ------------------------------------------------------------------------------------------------------


def store(form: Form, submission_id: str, answers: Mapping[str, Json], now: datetime) -> bool:
    """Store a submission in the inbox, before the thank-you page. False if this page was already submitted with other
    answers: the first submission counts, and nothing is stored. Raises Malformed."""
    document = {"form": form.address, "answers": dict(answers)}
    item = item_of(document, form.source.config, submission_id=f"page:{submission_id}", at=now)
    connection_id = form.source.connection.pk
    known = InboundItem.objects.filter(connection_id=connection_id, external_id=item.external_id)
    if not storing_once.store_page(connection_id, Page([item], None), fetched_at=now, source=form.source):
        stored = known.values_list("payload", flat=True).first()
        return stored is None or restored(stored).get("answers") == item.payload["answers"]
    Connection.objects.filter(pk=connection_id).update(last_success_at=now)
    return True
