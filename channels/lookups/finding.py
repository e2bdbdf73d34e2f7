"""Searches with one or several lookups: a worker queries each in a separate thread, so that a slow or dead one doesn't
delay the others; results are cached briefly. A lookup that did not answer is skipped for a minute, unless somebody
retries it: until then, its error is shown at once.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from channels.contract import Config, Hit, LookupKind
from channels.dispatch import send_task
from channels.errors import RETRIED, ChannelError, Transient, fit
from channels.links.web_addresses import web_address
from channels.lookups.configs import config_of
from channels.lookups.finding_kinds import UnknownKind, kind_for
from channels.models import Lookup
from channels.registry.finding_adapters import UnknownPlatform
from channels.secrets.vault import without_secrets

TASK = "channels.find"
CACHE_TTL_S = 300
STATUS_TTL_S = 30
"""For lookups that take no words: the status page is about the present."""
PROBLEM_TTL_S = 60
PATIENCE_S = 30
"""How long to wait for a result; a worker gives up earlier."""
MAX_WORDS = 6
_NARROWING_S = 8.0
"""A search with fewer words finds more. After this time, it isn't repeated with fewer."""
_MAX_THREADS = 8
_MAX_TITLE = 200


class Progress(StrEnum):
    NOT_ASKED = "not_asked"
    RUNNING = "running"
    FOUND = "found"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of a search. `hits` if FOUND, the words that found them, `problem` if FAILED."""

    progress: Progress
    hits: tuple[Hit, ...] = ()
    words: tuple[str, ...] = ()
    problem: str = ""


def begin(lookups: Iterable[Lookup], words: Sequence[str], now: datetime, *, again: bool = False) -> None:
    """Start a search in each lookup that has no result and isn't searching; `again`: also in those that failed
    recently."""
    words = _clean(words)
    started = []
    for lookup in lookups:
        if not words and kind_takes_words(lookup):
            continue
        progress = standing(lookup, words, now).progress
        if progress is Progress.NOT_ASKED or (progress is Progress.FAILED and again):
            cache.delete_many([_key(lookup, words), *([_down(lookup)] if again else ())])
            cache.set(f"{_key(lookup, words)}:begun", now.timestamp(), PATIENCE_S * 2)
            started.append(lookup.pk)
    if started and not send_task(TASK, started, list(words)):
        for pk in started:
            lookup = Lookup.objects.get(pk=pk)
            _keep(lookup, words, {"problem": _("No worker is available. Try again in a moment.")})


def standing(lookup: Lookup, words: Sequence[str], now: datetime) -> Finding:
    """The cached result of a search, or its progress."""
    words = _clean(words)
    key = _key(lookup, words)
    cached, begun_at = cache.get(key), cache.get(f"{key}:begun")
    if cached is not None and "problem" in cached:
        return Finding(Progress.FAILED, problem=cached["problem"])
    if cached is not None:
        hits = tuple(_hit(each) for each in cached["hits"])
        return Finding(Progress.FOUND, hits, tuple(cached["words"]))
    if begun_at is None:
        return Finding(Progress.NOT_ASKED)
    if now.timestamp() - begun_at > PATIENCE_S:
        return Finding(Progress.FAILED, problem=_("No result came. The system may be slow, or no worker is running."))
    return Finding(Progress.RUNNING)


def find_all(lookup_ids: Sequence[int], words: Sequence[str]) -> int:
    """Search with each in its own thread and cache the results; returns how many have a result."""
    rows = list(Lookup.objects.filter(pk__in=lookup_ids, is_active=True).select_related("connection"))
    ready = [(lookup, prepared) for lookup in rows if (prepared := _prepared(lookup, words)) is not None]
    if not ready:
        return 0
    with ThreadPoolExecutor(min(_MAX_THREADS, len(ready))) as pool:
        done = [pool.submit(_find_into_cache, lookup, *prepared, words) for lookup, prepared in ready]
    return sum(each.result() for each in done)


def _prepared(lookup: Lookup, words: Sequence[str]) -> tuple[LookupKind, Config] | None:
    """The lookup's kind and config, read here because the threads don't use the database. A wrong setting becomes the
    search's result."""
    try:
        return kind_for(lookup.kind), config_of(lookup)
    except (UnknownKind, UnknownPlatform, ChannelError) as error:
        _keep(lookup, words, {"problem": fit(str(error))})
        return None


def _find_into_cache(lookup: Lookup, kind: LookupKind, config: Config, words: Sequence[str]) -> bool:
    try:
        if reason := cache.get(_down(lookup)):
            raise Transient(reason)
        hits, used = _find_with_fewer_words(partial(kind.find, config), words)
        result: dict[str, Any] = {"hits": [_stored(hit) for hit in hits if _is_sound(hit)], "words": list(used)}
    except ChannelError as error:
        result = {"problem": without_secrets(str(error)).removesuffix(f" {RETRIED}")}
        if isinstance(error, Transient):
            cache.set(_down(lookup), result["problem"], PROBLEM_TTL_S)
    _keep(lookup, words, result)
    return "hits" in result


def _find_with_fewer_words(find: Any, words: Sequence[str]) -> tuple[list[Hit], Sequence[str]]:
    """Search with all words, then the first two, then only the first, since most systems require all words in one
    document. Returns the hits and the words that found them."""
    began, tried = time.monotonic(), None
    for count in (len(words), 2, 1):
        used = words[:count]
        if used == tried or (tried is not None and time.monotonic() - began > _NARROWING_S):
            continue
        if hits := find(used):
            return hits, used
        tried = used
    return [], words


def _keep(lookup: Lookup, words: Sequence[str], result: dict[str, Any]) -> None:
    ttl = CACHE_TTL_S if kind_takes_words(lookup) else STATUS_TTL_S
    cache.set(_key(lookup, words), result, PROBLEM_TTL_S if "problem" in result else ttl)


def kind_takes_words(lookup: Lookup) -> bool:
    """Whether the lookup searches for words. False for an unknown kind, so nothing from a ticket is sent to it."""
    try:
        return kind_for(lookup.kind).takes_words
    except UnknownKind:
        return False


def _clean(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.strip()[:60] for word in words if word.strip())[:MAX_WORDS]


def _key(lookup: Lookup, words: Sequence[str]) -> str:
    """The cache key. It changes with everything that an admin can change, so an old result never outlives its
    settings."""
    values = [sorted(each.items()) for each in (lookup.settings, lookup.secrets)]
    own = (lookup.kind, lookup.connection_id, lookup.address, values)
    asked = [word.lower() for word in _clean(words)] if kind_takes_words(lookup) else []
    return f"lookup:{hashlib.blake2b(repr((lookup.pk, own, asked)).encode(), digest_size=16).hexdigest()}"


def _down(lookup: Lookup) -> str:
    return f"lookup-down:{_key(lookup, ())}"


def _is_sound(hit: Hit) -> bool:
    return bool(web_address(hit.url))


def _stored(hit: Hit) -> dict[str, Any]:
    """A platform's texts, cleaned; times as ISO 8601."""
    links = tuple(link for link in hit.links if web_address(link))
    shown = replace(hit, title=fit(hit.title)[:_MAX_TITLE] or hit.url, where=fit(hit.where)[:_MAX_TITLE], links=links)
    return {**asdict(shown), "updated_at": hit.updated_at.isoformat() if hit.updated_at else None}


def _hit(stored: dict[str, Any]) -> Hit:
    at = stored["updated_at"]
    return Hit(**{**stored, "updated_at": datetime.fromisoformat(at) if at else None, "links": tuple(stored["links"])})
