"""Lookups against the sandbox over its real socket: each kind's results, and that a dead one doesn't block the
others."""

from __future__ import annotations

import threading

import pytest
from django.core.cache import cache
from django.utils import timezone

from advocacy.demo.lookups import DOCS
from advocacy.tests.scenario import desk, outside
from channels.contract import LookupKind
from channels.lookups import finding
from channels.lookups.configs import page_for
from channels.lookups.finding import Progress
from channels.lookups.finding_kinds import all_kinds
from channels.models import Lookup
from channels.secrets import vault

__all__ = ["desk", "outside"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clean_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()


def found_by(lookup, *words):
    finding.find_all([lookup.pk], words)
    return finding.standing(lookup, words, timezone.now())


def test_status_page_says_how_it_is_and_what_is_going_on(desk):
    lookup = Lookup.objects.get(name="Status page")
    first = found_by(lookup)
    assert first.progress is Progress.FOUND
    assert first.hits[0].title == "All Systems Operational"
    assert first.hits[0].url == lookup.connection.settings["api_base"]
    desk.outside.post("statuspage", text="We are looking into it.")
    cache.clear()
    _page, incident = found_by(lookup).hits
    assert incident.state == "investigating"
    assert "/incidents/" in incident.url


def test_tracker_finds_open_issues_by_their_words_and_no_confidential_ones(desk):
    lookup = Lookup.objects.get(name="Issues")
    desk.outside.post("gitlab", text="The runner ignores the proxy.", title="Runner and proxy", to="acme/community")
    found = found_by(lookup, "runner", "proxy")
    assert [hit.title for hit in found.hits] == ["Runner and proxy"]
    assert found.hits[0].state == "opened"
    assert found.hits[0].where.startswith("acme/community#")


def test_forum_finds_topics_first_then_the_category_that_fits(desk):
    lookup = Lookup.objects.get(name="Forum topics")
    desk.outside.post("discourse", text="The zebracache does nothing.", title="Zebracache is ignored", to="ci")
    topic = found_by(lookup, "zebracache")
    assert [hit.title for hit in topic.hits] == ["Zebracache is ignored"]
    assert topic.hits[0].where == "CI and runners"
    category = found_by(lookup, "runners", "quokkas").hits
    assert {hit.state for hit in category} == {"category"}
    assert category[0].title == "CI and runners"
    assert "Staff lounge" not in {hit.title for hit in category}


def test_support_desk_finds_solved_tickets_the_newest_first_for_the_team_only(desk):
    lookup = Lookup.objects.get(name="Solved by support")
    found = found_by(lookup, "registry")
    (hit,) = found.hits
    assert (hit.state, hit.is_internal) == ("solved", True)
    assert hit.links == ("https://docs.acme.example/registry/login",)
    several = found_by(lookup, "a").hits
    assert [hit.updated_at for hit in several] == sorted((hit.updated_at for hit in several), reverse=True)


def test_docs_find_pages_by_their_headings(desk):
    (hit,) = found_by(Lookup.objects.get(name=DOCS), "saml").hits
    assert hit.title == "Login by SSO ends in a loop"
    assert hit.url == "https://docs.acme.example/sso/saml"
    assert hit.where == "Acme › Sso"


def test_github_issues_are_found_in_the_named_repositories(desk):
    access = desk.outside.access()["github"]
    own = {name: value for name, value in access["settings"].items() if name != "api_base"}
    sealed = {name: vault.seal(value) for name, value in access["secrets"].items()}
    address = access["settings"]["api_base"]
    lookup = Lookup.objects.create(name="GitHub", kind="github", address=address, settings=own, secrets=sealed)
    (hit,) = found_by(lookup, "upgrade").hits
    assert (hit.where, hit.state) == ("acme/desk#7", "open")
    Lookup.objects.filter(pk=lookup.pk).update(settings={"repositories": ["acme/none"]})
    assert "GitHub refuses the search" in found_by(Lookup.objects.get(pk=lookup.pk), "upgrade").problem


def test_fewer_words_are_tried_when_all_of_them_find_nothing(desk):
    found = found_by(Lookup.objects.get(name=DOCS), "saml", "elephants", "moon")
    assert found.words == ("saml",)
    assert found.hits


def test_search_page_needs_no_request():
    settings = {"search_url": "https://docs.acme.example/search?q={words}"}
    lookup = Lookup.objects.create(name="Pages", kind="search_page", settings=settings)
    (hit,) = found_by(lookup, "c++", "build").hits
    assert hit.url == "https://docs.acme.example/search?q=c%2B%2B+build"


def test_a_dead_lookup_says_why_and_holds_no_other(desk, monkeypatch):
    dead = Lookup.objects.create(name="Dead", kind="discourse", address="http://127.0.0.1:9")
    docs = Lookup.objects.get(name=DOCS)
    finding.find_all([dead.pk, docs.pk], ["saml"])
    assert finding.standing(docs, ["saml"], timezone.now()).hits
    failed = finding.standing(dead, ["saml"], timezone.now())
    assert failed.progress is Progress.FAILED
    assert "127.0.0.1" in failed.problem


class Slow(LookupKind):
    """Answers once somebody else's result is kept."""

    name, label, purpose = "slow", "Slow", all_kinds()["algolia"].purpose

    def __init__(self):
        self.may_answer = threading.Event()

    def find(self, config, words):
        self.may_answer.wait(30)
        return []


def test_a_slow_lookup_does_not_hold_the_results_of_others(desk, monkeypatch):
    waiting = Slow()
    monkeypatch.setattr(finding, "kind_for", lambda name: waiting if name == "slow" else all_kinds()[name])
    monkeypatch.setattr("channels.lookups.configs.kind_for", finding.kind_for)
    slow, docs = Lookup.objects.create(name="Slow", kind="slow"), Lookup.objects.get(name=DOCS)
    kept = []
    keep = finding._keep

    def keep_and_tell(lookup, *args):
        keep(lookup, *args)
        kept.append(lookup.name)
        waiting.may_answer.set()

    monkeypatch.setattr(finding, "_keep", keep_and_tell)
    finding.find_all([slow.pk, docs.pk], ["saml"])
    assert kept == [DOCS, "Slow"]


def test_a_failure_is_remembered_for_a_minute_and_tried_again_by_hand(desk, monkeypatch):
    sent = []
    monkeypatch.setattr(finding, "send_task", lambda name, *args: sent.append(args) or True)
    dead = Lookup.objects.create(name="Dead", kind="discourse", address="http://127.0.0.1:9")
    now = timezone.now()
    finding.begin([dead], ["saml"], now)
    assert finding.standing(dead, ["saml"], now).progress is Progress.RUNNING
    finding.begin([dead], ["saml"], now)
    assert len(sent) == 1
    finding.find_all([dead.pk], ["saml"])
    finding.begin([dead], ["saml"], now)
    assert len(sent) == 1
    finding.begin([dead], ["saml"], now, again=True)
    assert len(sent) == 2


def test_without_words_only_those_that_take_none_are_asked(desk, monkeypatch):
    sent = []
    monkeypatch.setattr(finding, "send_task", lambda name, ids, words: sent.extend(ids) or True)
    finding.begin(Lookup.objects.filter(is_active=True), [], timezone.now())
    assert sent == [Lookup.objects.get(name="Status page").pk]


def test_no_worker_is_reported_at_once(desk, monkeypatch):
    monkeypatch.setattr(finding, "send_task", lambda *args: False)
    docs = Lookup.objects.get(name=DOCS)
    finding.begin([docs], ["saml"], timezone.now())
    assert "No worker" in finding.standing(docs, ["saml"], timezone.now()).problem


@pytest.mark.parametrize("kind", sorted(all_kinds()))
def test_every_kind_says_what_is_missing_instead_of_failing(kind):
    lookup = Lookup.objects.create(name=kind, kind=kind)
    result = found_by(lookup, "word")
    assert result.progress is Progress.FAILED
    assert result.problem


def test_pages_that_macros_link_are_those_of_the_lookups(desk):
    access = desk.outside.access()
    for purpose, platform in (("status_page", "statuspage"), ("forum", "discourse")):
        kind = next(kind for kind in all_kinds().values() if kind.purpose == purpose)
        assert page_for(kind.purpose) == f"{access[platform]['settings']['api_base']}/"
