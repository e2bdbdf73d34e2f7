"""The lookups beside a ticket: what is shown, to whom, and what is sent."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.utils import timezone

from channels.contract import Hit
from channels.lookups import finding
from channels.models import Lookup
from mentions.macros import macros
from mentions.models import Macro
from mentions.search import lookup_words, lookups
from mentions.tests.factories import ChannelFactory, MessageFactory, TicketFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def own_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def sent(monkeypatch):
    """(lookup names, search terms) of each search sent to a worker."""
    asked = []

    def send(name, ids, words):
        asked.append((sorted(Lookup.objects.filter(pk__in=ids).values_list("name", flat=True)), words))
        return True

    monkeypatch.setattr(finding, "send_task", send)
    return asked


@pytest.fixture
def advocate(client):
    user = UserFactory(role="advocate")
    client.force_login(user)
    return user


def lookup(name="Forum", kind="discourse", **values):
    return Lookup.objects.create(name=name, kind=kind, address=f"https://{name.lower()}.acme.example", **values)


def asking(text="the runner fails behind a proxy", **values):
    ticket = TicketFactory(subject="", **values)
    MessageFactory(ticket=ticket, channel=ticket.channel, text=text)
    return ticket


def restricted(**values):
    channel = ChannelFactory(visible_to=["advocate"])
    return asking(channel=channel, **values)


def answer(row, words, *hits, problem=""):
    result = {"problem": problem} if problem else {"hits": [finding._stored(hit) for hit in hits], "words": words}
    finding._keep(row, words, result)


HTMX = {"HX-Request": "true"}


def test_ticket_words_are_proposed_and_nothing_is_sent_by_looking(client, advocate, sent):
    lookup()
    page = client.get(f"/tickets/{asking().pk}/links/", headers=HTMX).content.decode()
    assert 'data-proposed="runner proxy' in page or 'data-proposed="behind' in page or "proxy" in page
    assert "Press Find" in page
    assert sent == []


def test_one_press_searches_everywhere_and_results_come_one_by_one(client, advocate, sent):
    forum, docs = lookup(), lookup("Docs")
    ticket = asking()
    page = client.post(f"/tickets/{ticket.pk}/lookups/", {"q": "runner proxy"}, headers=HTMX).content.decode()
    assert sent == [(["Docs", "Forum"], ["runner", "proxy"])]
    assert page.count("Searching…") == 2
    answer(forum, ["runner", "proxy"], Hit("Runner behind a proxy", "https://forum.acme.example/t/x/1", "CI", "solved"))
    slot = client.get(f"/tickets/{ticket.pk}/lookups/{forum.pk}/?q=runner+proxy", headers=HTMX).content.decode()
    assert "Runner behind a proxy" in slot
    assert 'data-text="https://forum.acme.example/t/x/1"' in slot
    other = client.get(f"/tickets/{ticket.pk}/lookups/{docs.pk}/?q=runner+proxy", headers=HTMX).content.decode()
    assert "Searching…" in other


def test_link_that_only_the_team_can_open_is_never_offered_for_a_reply(client, advocate, sent):
    desk = lookup("Support")
    ticket = asking()
    hit = Hit(
        "Registry",
        "https://support.acme.example/agent/tickets/1",
        is_internal=True,
        links=("https://docs.acme.example/r",),
    )
    answer(desk, ["registry"], hit)
    page = client.get(f"/tickets/{ticket.pk}/lookups/{desk.pk}/?q=registry", headers=HTMX).content.decode()
    assert "only for the team" in page
    assert 'data-text="https://support' not in page
    assert 'data-text="https://docs.acme.example/r"' in page


def test_failure_is_shown_and_tried_again_by_hand(client, advocate, sent):
    forum = lookup()
    ticket = asking()
    answer(forum, ["runner"], problem="The forum does not answer.")
    address = f"/tickets/{ticket.pk}/lookups/{forum.pk}/"
    page = client.get(f"{address}?q=runner", headers=HTMX).content.decode()
    assert "The forum does not answer." in page
    assert "Try again" in page
    assert "Searching…" in client.post(address, {"q": "runner"}, headers=HTMX).content.decode()
    assert sent == [(["Forum"], ["runner"])]


def test_words_of_a_restricted_ticket_go_nowhere_unasked(client, advocate, sent):
    forum, ours = lookup(), lookup("Ours", is_trusted=True)
    ticket = restricted()
    page = client.get(f"/tickets/{ticket.pk}/links/", headers=HTMX).content.decode()
    assert 'data-proposed=""' in page
    page = client.post(f"/tickets/{ticket.pk}/lookups/", {"q": "token leak"}, headers=HTMX).content.decode()
    assert sent == [(["Ours"], ["token", "leak"])]
    assert "its words would leave the desk" in page
    client.post(f"/tickets/{ticket.pk}/lookups/{forum.pk}/", {"q": "token"}, headers=HTMX)
    assert sent[1:] == [(["Forum"], ["token"])]
    assert ours.is_trusted


def test_lookup_is_shown_to_its_roles_and_on_its_channels(client, advocate, sent):
    ticket = asking()
    theirs, elsewhere, off = (
        lookup("Theirs", visible_to=["manager"]),
        lookup("Elsewhere"),
        lookup("Off", is_active=False),
    )
    elsewhere.channels.add(ChannelFactory())
    here = lookup("Here")
    here.channels.add(ticket.channel)
    assert [each.name for each in lookups.shown_for(ticket, advocate)] == ["Here"]
    for row in (theirs, elsewhere, off):
        assert client.get(f"/tickets/{ticket.pk}/lookups/{row.pk}/?q=x").status_code == 404
        assert client.post(f"/tickets/{ticket.pk}/lookups/{row.pk}/", {"q": "x"}).status_code == 404
    advocate.groups.add(Group.objects.get(name="manager"))
    assert client.get(f"/tickets/{ticket.pk}/lookups/{theirs.pk}/?q=x").status_code == 200
    assert sent == []


def test_without_script_the_same_is_a_page(client, advocate, sent):
    lookup()
    ticket = asking()
    response = client.post(f"/tickets/{ticket.pk}/lookups/", {"q": "runner"}, follow=True)
    page = response.content.decode()
    assert "<h1>Find an answer</h1>" in page
    assert 'value="runner"' in page
    assert "Searching…" in page


def test_searches_of_one_person_are_limited(client, advocate, sent, monkeypatch):
    from mentions.views.composing import lookups as pages

    monkeypatch.setattr(pages, "PER_MINUTE", 2)
    lookup()
    ticket = asking()
    responses = [client.post(f"/tickets/{ticket.pk}/lookups/", {"q": f"w{n}"}, headers=HTMX) for n in range(3)]
    assert "Wait a moment" in responses[-1].content.decode()
    assert len(sent) == 2


def test_product_words_come_from_those_who_know_them(monkeypatch):
    monkeypatch.setattr(lookup_words, "_vocabularies", [lambda: ["Runner"]])
    assert lookups.proposed(asking())[0] == "runner"


def macro(**field):
    fields = [{"name": "where", "label": "Link", "kind": "url", **field}]
    actions = [{"do": "request_fields", "fields": fields}, {"do": "reply", "text": "See {where}"}]
    return Macro.objects.create(name="M", actions=actions)


def test_macro_fills_its_field_from_a_lookup_and_asks_only_without_one(advocate):
    ticket, status = asking(), macro(**{"from": "status_page"})
    assert [each["name"] for each in macros.fields_of(status)] == ["where"]
    lookup("Status", "statuspage", page_url="https://status.acme.example/")
    assert macros.fields_of(status) == []
    assert macros.preview(status, ticket, advocate, NOW).reply_text == "See https://status.acme.example/"


def test_macro_offers_what_was_found_for_the_ticket(client, advocate, sent):
    issues, ticket = lookup("Issues"), asking()
    row = macro(suggest="forum")
    client.post(f"/tickets/{ticket.pk}/lookups/", {"q": "runner"}, headers=HTMX)
    answer(
        issues,
        ["runner"],
        Hit("Known", "https://acme.example/issues/1"),
        Hit("Ours", "https://acme.example/2", is_internal=True),
    )
    page = client.get(f"/tickets/{ticket.pk}/macro/?macro={row.pk}").content.decode()
    assert '<option value="https://acme.example/issues/1">Known</option>' in page
    assert "acme.example/2" not in page


@pytest.mark.parametrize("name", ["from", "suggest"])
def test_macro_with_an_unknown_purpose_is_not_saved(name):
    fields = [{"name": "where", "label": "Link", name: "weather"}]
    assert "status_page" in macros.check([{"do": "request_fields", "fields": fields}])[0]
