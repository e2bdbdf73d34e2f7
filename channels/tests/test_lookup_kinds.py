"""Every kind of lookup: hostile servers, internal addresses, search operators."""

from __future__ import annotations

import inspect
import re

import pytest
from django.core.cache import cache
from django.utils import timezone

from channels.contract import FieldKind
from channels.links.web_addresses import web_address
from channels.lookups import finding
from channels.lookups.finding import Finding, Progress
from channels.lookups.finding_kinds import all_kinds
from channels.models import Lookup
from channels.secrets import vault
from channels.tests.loopback import Reply, as_json, serving
from channels.toolkit.search_words import plain

pytestmark = pytest.mark.django_db
ASKING = sorted(set(all_kinds()) - {"search_page"})
ODD = [None, 7, "x", "\0\ud800", [], {}, [[]], [7, None, "x"], {"id": {}}, ["javascript:alert(1)"], "http://["]
VALUES = {FieldKind.LIST: ["acme/desk"], FieldKind.BOOLEAN: True, FieldKind.URL: "https://acme.example/?q={words}"}


@pytest.fixture(autouse=True)
def clean_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()


def lookup_of(name: str, address: str) -> Lookup:
    fields = all_kinds()[name].fields
    given = {f.name: VALUES.get(f.kind, "acme") for f in fields if f.kind is not FieldKind.SECRET and f.required}
    given |= {f.name: VALUES[f.kind] for f in fields if f.kind is FieldKind.LIST}
    secrets = {f.name: vault.seal(f"key-{name}-4711") for f in fields if f.kind is FieldKind.SECRET}
    return Lookup.objects.create(name=name, kind=name, address=address, settings=given, secrets=secrets)


def found_by(lookup: Lookup, *words: str) -> Finding:
    finding.find_all([lookup.pk], words)
    return finding.standing(lookup, words, timezone.now())


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])
def test_address_inside_is_not_asked(name: str, host: str, settings) -> None:
    settings.ALLOWED_PRIVATE_HOSTS = []
    with serving(lambda seen: Reply(200, b"{}")) as server:
        result = found_by(lookup_of(name, f"http://{host}:{server.server_address[1]}"), "runner")
    assert (result.progress, server.seen) == (Progress.FAILED, [])


def odd_answers(name: str) -> list[object]:
    """Each key that the kind reads, at two levels, with each odd value."""
    source = inspect.getsource(inspect.getmodule(type(all_kinds()[name])))
    names = sorted(set(re.findall(r'get\("(\w+)"', source)))
    flat = [dict.fromkeys(names, odd) for odd in ODD]
    return [*ODD, *flat, *({each: [inner, inner] for each in names} for inner in flat)]


@pytest.mark.parametrize("name", ASKING)
def test_whatever_is_answered_is_found_or_reported(name: str, settings) -> None:
    answers = odd_answers(name)
    with serving(lambda seen: as_json(answers[turn])) as server:
        settings.ALLOWED_PRIVATE_HOSTS = [server.address]
        lookup = lookup_of(name, server.url)
        for turn in range(len(answers)):
            cache.clear()
            result = found_by(lookup, "runner")
            assert result.progress in (Progress.FOUND, Progress.FAILED), answers[turn]
            assert all(web_address(url) for hit in result.hits for url in (hit.url, *hit.links)), answers[turn]
            assert "key-" not in result.problem
    assert server.seen


WIDENING = ["repo:acme/secret", "-is:issue", "OR", "type:user", "status:open", "in:messages", '"a', "(#staff", "@boss"]


@pytest.mark.parametrize("name", sorted(set(ASKING) - {"gitlab", "algolia", "statuspage"}))
def test_words_widen_no_search(name: str, settings) -> None:
    with serving(lambda seen: as_json({"categories": [], "items": [], "results": []})) as server:
        settings.ALLOWED_PRIVATE_HOSTS = [server.address]
        found_by(lookup_of(name, server.url), *WIDENING[:6])
    asked = [seen.query.get("q") or seen.query.get("query") or "" for seen in server.seen]
    own = {"is:issue", "repo:acme/desk", "type:ticket", "status:solved"}
    for words in filter(None, asked):
        assert {word for word in words.split() if ":" in word} <= own
        assert not {"OR", "NOT"} & set(words.split())
    assert any("acme/secret" in words for words in asked)


def test_operators_become_words() -> None:
    assert plain(WIDENING) == "repo acme/secret is issue or type user status open in messages a staff boss"
    assert plain(["c++", "a-b", "ci.yml", "#42"]) == "c++ a-b ci.yml 42"


def test_hits_of_other_repositories_and_open_tickets_are_dropped(settings) -> None:
    issues = [
        {"title": t, "html_url": f"https://github.com/{t}/issues/7", "number": 7} for t in ("acme/desk", "acme/x")
    ]
    tickets = [{"id": n, "subject": s, "status": s} for n, s in enumerate(("solved", "open"))]
    with serving(lambda seen: as_json({"items": issues, "results": tickets})) as server:
        settings.ALLOWED_PRIVATE_HOSTS = [server.address]
        assert [hit.title for hit in found_by(lookup_of("github", server.url), "runner").hits] == ["acme/desk"]
        assert [hit.title for hit in found_by(lookup_of("zendesk", server.url), "runner").hits] == ["solved"]
