"""No public function takes disproportionately long for a hostile text: all that take text are found automatically.

Each is called with kinds of text from `channels.tests.hostile_text`, 4× and 16× as long as a short one; readers of
outside text get every kind, the others a few, different for each. `GROWTH=long` gives every kind to all of them and
some alternating, `GROWTH=full` also every pair alternating. The test compares how the time grows, never how long it is.
"""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from celery import Celery

from channels.secrets import vault
from channels.tests.growth import Growth, endless, superlinear
from channels.tests.hostile_text import UNITS, Form, all_mixed_forms, mixed_forms, plain_forms
from channels.tests.public_functions import Taker, maker_for, modules_of, takers_in

PACKAGES = ("channels", "mentions", "experts", "team", "metrics")
FORM = os.environ.get("GROWTH", "")
READERS = (
    *(
        "channels.toolkit.text",
        "channels.links.web_addresses",
        "channels.links.canonical_urls",
        "channels.toolkit.quotes",
        "channels.toolkit.graphemes",
        "channels.queries.terms",
    ),
    *(
        "channels.http.errors",
        "channels.http.body",
        "channels.web_pages.page_markup",
        "channels.web_pages.page_reading",
    ),
    *("channels.adapters.email", "channels.adapters.feed.d", "channels.adapters.slack.mrkdwn"),
    *(
        "mentions.text.sanitise",
        "mentions.text.rendering",
        "mentions.text.storable_text",
        "mentions.search.similar",
        "mentions.search.query_language",
    ),
    *(
        "experts.people_lists.page_formats",
        "experts.people_lists.plain_yaml",
        "mentions.text.cells",
        "mentions.csv_lists.lines",
        "mentions.csv_lists.values",
    ),
    *("experts.recognising.affiliations", "experts.recognising.names", "channels.toolkit.search_words"),
)
"""Modules (by the start of their names) whose job is to read text from outside."""
FEW = 10

BOUNDED = {
    "mentions.text.sanitise.clean_mail": "ammonia is quadratic in nested elements; more than 3,000 are not parsed",
    "mentions.text.rendering.markdown": "markdown-it is, in open brackets; above 50,000 characters it is not asked",
    "channels.adapters.feed.documents.entries_of": "feedparser does for stray brackets; more than 1,000 are refused",
    "channels.adapters.twitter.posting.reply_length": "twitter-text does; longer texts are counted plainly",
    "channels.adapters.twitter.posting.send": "the same, of what somebody here has written",
    "channels.adapters.twitter.posting.find_own": "the same, of what somebody here has written",
    "mentions.text.sanitise.clean_prose": "an admin writes it; nested elements as above",
    "channels.http.errors.detail_of": "4,000 bytes are read",
}
"""Where a library takes disproportionately long, and what bounds it: it has to end, whatever the length."""
BOUNDED_BY = 128 * 1024
MAX_NAMED = 4
"""How many kinds of text are named for one function; more would say the same."""
MODULES = [name for package in PACKAGES for name in modules_of(package)]

NOT_CALLED = {
    "django.http.request.HttpRequest": "a request of somebody logged in; what reads its fields is called by itself",
    "django.db.models.query.QuerySet": "rows of the database",
    "mentions.models.ticket.TicketQuerySet": "rows of the database",
    "mentions.csv_lists.plans.Step": "a line of a list with what the database knows of it",
    "socket.socket": "a connection between processes of ours",
    "django.apps.config.AppConfig": "a part of Django",
    "django.db.backends.base.base.BaseDatabaseWrapper": "a part of Django",
    "channels.adapters.slack.fetching.Workspace": "holds a connection to Slack",
    "type 'ModelForm' is not subscriptable": "the class of a form, not its input",
    "none of (<class 'django.contrib.auth.base_user.AbstractBaseUser'>, "
    "<class 'django.contrib.auth.models.AnonymousUser'>)": "whoever is logged in",
    "<class 'mentions.macros.actions.Action'> is no class of values": "code of ours",
}
"""Parameters that the test can't build, so that functions with them are not called: what they are, and why. Keep it as
short as possible."""


def test_what_is_not_called_is_listed_with_its_reason() -> None:
    found: dict[str, list[str]] = {}
    for module in MODULES:
        for taker, why in _not_callable(importlib.import_module(module)):
            found.setdefault(why, []).append(taker.name)
    assert sorted(found) == sorted(NOT_CALLED), "".join(f"\n{why}: {names}" for why, names in found.items())


def _not_callable(module: ModuleType) -> Iterator[tuple[Taker, str]]:
    for taker in takers_in(module):
        if (why := taker.why_not_called()) is not None:
            yield taker, why


class Forgetful(dict[str, tuple[str, ...]]):
    """Hostile texts are opened as secrets, too, and must not be redacted from what is read later."""

    def __setitem__(self, secret: str, forms: tuple[str, ...]) -> None:
        return


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, no processes, no waiting; pytest-django keeps the database closed."""

    def refused(*args: object, **kwargs: object) -> None:
        raise OSError("not in this test")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(subprocess, "Popen", refused)
    monkeypatch.setattr(time, "sleep", refused)
    monkeypatch.setattr(Celery, "send_task", refused)  # which would try to connect for seconds
    monkeypatch.setattr(vault, "_opened", Forgetful())


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.usefixtures("alone")
def test_no_function_takes_disproportionately_long_for_any_text(module: str) -> None:
    wrong = [line for taker in takers_in(importlib.import_module(module)) for line in _complaints(taker)]
    assert wrong == []


def _complaints(taker: Taker) -> list[str]:
    wrong: list[str] = []
    if taker.takes_text():
        for many, json, form in _inputs(taker):
            if found := _grown(taker, many, json, form):
                kind = "a list of " if many else "an object of " if json == "object" else ""
                wrong.append(f"{taker.name} on {kind}{form.name}: {found}")
            if len(wrong) >= MAX_NAMED:
                break
    return wrong


def _inputs(taker: Taker) -> Iterator[tuple[bool, str, Form]]:
    """The kinds of text, objects of them and, for readers, long lists; functions with only a few get different ones."""
    kinds, seed = list(plain_forms()), zlib.crc32(taker.name.encode())
    mixed = {"full": all_mixed_forms(), "long": mixed_forms(1 + seed % (len(UNITS) - 1))}.get(FORM, ())
    first, *others = taker.shapes
    if FORM or taker.name.startswith(READERS):
        yield from ((*first, form) for form in (*kinds, *mixed))
        yield from ((*shape, form) for shape in others for form in kinds[: len(UNITS) : 8])
    else:
        few = [kinds[(seed + 7 * n) % len(kinds)] for n in range(FEW)]
        yield from ((False, json, form) for many, json in taker.shapes if not many for form in few)


def _grown(taker: Taker, many: bool, json: str, form: Form) -> Growth | None:
    def work(length: int, attempt: int) -> Callable[[], object]:
        call = taker.call(maker_for(taker.function, form.text(length, str(attempt)), many=many, json=json))

        def run() -> None:
            try:
                call()
            except Exception:  # refused, or closed: the time until then still counts
                return

        return run

    return endless(work, BOUNDED_BY) if taker.name in BOUNDED else superlinear(work)


def test_what_is_bounded_exists() -> None:
    known = {taker.name for module in MODULES for taker in takers_in(importlib.import_module(module))}
    assert set(BOUNDED) <= known
