"""The desk's own form on the web: which form it is, what holds spam back, and storing what was sent.

The page is for everybody and has no cookie, so nothing can be done in somebody's name and no CSRF token is needed. What
holds robots back: a field that people do not see, a signed token with the time at which the page was made (not too
quick, not too old, one submission each), and a limit for each address and each form.
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
from channels.inbox import inbox
from channels.models import Channel, Connection, InboundItem
from channels.registry.configs import Source, address_of, source_for

PLATFORM = "form"
QUICKEST_S = 3
OLDEST_S = 12 * 3600
"""Of a page that was open; what was typed is kept, and sent with a new one."""
WINDOW_S = 600
MOST_OF_ADDRESS = 8
"""Submissions in a window; behind one address there may be a whole school."""
MOST_OF_FORM = 120
MOST_BYTES = 600_000
"""Some long answers in a script that takes nine bytes a letter on its way."""
TOKEN = "desk_token"  # noqa: S105
TRAP = "desk_nickname"
_SALT = "channels.form_page"
_ORIGIN = re.compile(r"https?://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """One channel's form, as its page needs it."""

    channel: Channel
    source: Source
    address: str
    title: str
    intro: str
    thanks: str
    questions: tuple[Question, ...]
    sites: tuple[str, ...]
    """Origins that may embed it, fit for a header."""

    @property
    def is_open(self) -> bool:
        return self.source.connection.is_active


class Token(Enum):
    GOOD = "good"
    QUICK = "quick"
    OLD = "old"
    WRONG = "wrong"


def form_of(slug: str) -> Form | None:
    """The active form of a slug; None where there is none. Raises InvalidSettings."""
    channel = Channel.objects.filter(slug=slug, connection__platform=PLATFORM, is_active=True).exclude(address="")
    found = channel.select_related("connection").first()
    if found is None:
        return None
    connection = Connection.objects.prefetch_related("channels").get(pk=found.connection_id)
    return _form(found, source_for(connection))


def forms() -> list[Form]:
    """Every form of the desk that is shown. Raises InvalidSettings."""
    found: list[Form] = []
    connections = Connection.objects.filter(platform=PLATFORM).prefetch_related("channels").order_by("name")
    for connection in connections:
        source = source_for(connection)
        channels = [c for c in connection.channels.all() if c.is_active and c.address]
        found += [_form(channel, source) for channel in channels]
    return found


def _form(channel: Channel, source: Source) -> Form:
    address = address_of(channel)
    told = source.config.channel_settings.get(address, {})
    return Form(
        channel,
        source,
        address,
        title_of(address, source.config),
        str(told.get("intro") or ""),
        str(told.get("thanks") or ""),
        questions_of(told.get("form_fields")),
        sites_of(told.get("allowed_sites")),
    )


def sites_of(lines: Json) -> tuple[str, ...]:
    """Only what is an origin and nothing else gets into the header."""
    entries = lines if isinstance(lines, list | tuple) else ()
    return tuple(dict.fromkeys(o for each in entries if _ORIGIN.match(o := str(each).strip().rstrip("/"))))


# --- the token ----------------------------------------------------------------------------------------------------


def new_token(form: Form, now: datetime) -> str:
    made = {"form": form.channel.pk, "at": int(now.timestamp()), "id": secrets.token_urlsafe(12)}
    return signing.dumps(made, salt=_SALT, compress=False)


def read_token(form: Form, text: str, now: datetime) -> tuple[Token, str]:
    """(how it is, the id of the one submission that it is good for, or "")."""
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
    """Counts one submission. While the cache is away nobody is counted: to lose an application would be worse."""
    window = int(now.timestamp()) // WINDOW_S
    try:
        mine = _count(f"form:{form.channel.pk}:{window}:{signing.Signer(salt=_SALT).signature(address)[:20]}")
        if mine > MOST_OF_ADDRESS:
            return True
        return _count(f"form:{form.channel.pk}:{window}") > MOST_OF_FORM
    except RedisError:
        return False


def _count(key: str) -> int:
    cache.add(key, 0, WINDOW_S + 60)
    try:
        return int(cache.incr(key))
    except ValueError:  # it has just run out
        return 1


def client_address(meta: Mapping[str, Json]) -> str:
    """Where a request comes from; behind a proxy of ours, what that one says."""
    proxies = int(getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0))
    chain = [part.strip() for part in str(meta.get("HTTP_X_FORWARDED_FOR") or "").split(",") if part.strip()]
    if proxies and len(chain) >= proxies:
        return chain[-proxies]
    return str(meta.get("REMOTE_ADDR") or "")


# --- storing ------------------------------------------------------------------------------------------------------


def store(form: Form, submission_id: str, answers: Mapping[str, Json], now: datetime) -> bool:
    """Into the inbox, before anybody is thanked. False when this page was sent before with something else: then nothing
    is stored, since the first one counts. Raises Malformed."""
    document = {"form": form.address, "answers": dict(answers)}
    item = item_of(document, form.source.config, submission_id=f"page:{submission_id}", at=now)
    connection_id = form.source.connection.pk
    known = InboundItem.objects.filter(connection_id=connection_id, external_id=item.external_id)
    if not inbox.store_page(connection_id, Page([item], None), fetched_at=now, source=form.source):
        stored = known.values_list("payload", flat=True).first()
        return stored is None or restored(stored).get("answers") == item.payload["answers"]
    Connection.objects.filter(pk=connection_id).update(last_success_at=now)
    return True
