"""Every URL of the desk, requested by people who may not see a restricted ticket: no response contains any of it, and
nothing in it changes. New addresses are covered automatically; one with an unknown parameter fails."""

import logging

import pytest
from django.core.cache import cache
from django.test import Client

from advocacy.tests import restricted
from advocacy.tests.attacked import client_of, somebody
from advocacy.tests.restricted import MARKER
from mentions.models import AudienceLimit
from mentions.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet():
    """Silences thousands of refusals, each with its traceback."""
    logger = logging.getLogger("django.request")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


@pytest.fixture
def w():
    cache.clear()
    return restricted.build()


def body(response):
    return b"".join(response) if response.streaming else response.content


def revealed(response):
    """Everything that a response reveals: the page, the redirect target, and messages in cookies."""
    parts = [body(response).decode("utf-8", "replace"), response.headers.get("Location", "")]
    return " ".join([*parts, *(str(morsel) for morsel in response.cookies.values())])


def all_responses(w, user, address):
    """Everything revealed, by every kind of request."""
    client = client_of(user)
    return [revealed(client.get(address, query, headers=h)) for query, h in restricted.questions(address, w, user)]


def walked(w, user, ids):
    """(method and URL, revealed text) of every URL."""
    fields = restricted.everything(w)
    for route in restricted.routes():
        for address in restricted.addresses(route, w, ids):
            yield f"GET {address}", " ".join(all_responses(w, user, address))
            yield f"POST {address}", revealed(client_of(user).post(address, fields))


@pytest.mark.parametrize("role", ["anonymous", "volunteer", "admin"])
def test_no_address_tells_of_a_restricted_ticket_or_changes_it(w, role):
    ids = restricted.restricted_ids()
    before = restricted.state_of_it(ids)
    leaks = [where for where, words in walked(w, somebody(role), ids) if MARKER in words]
    assert leaks == []
    after = restricted.state_of_it(ids)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}


def test_whoever_may_see_it_finds_it_on_these_pages(w):
    """The walk can fail: the same URLs reveal it to those who may see it, and to a superuser in the admin."""
    number, author, file = w.secret.ticket.pk, w.secret.author.pk, w.secret.file.pk
    own = [f"/tickets/{number}/", f"/tickets/{number}/preview/", f"/tickets/{w.joined.ticket.pk}/"]
    own += [f"/authors/{author}/", f"/attachments/{file}/", f"/messages/{w.secret.message.pk}/html/", "/queue/done/"]
    own += ["/experts/", "/search/", f"/tickets/{w.shown.ticket.pk}/links/", f"/tickets/{w.shown.ticket.pk}/"]
    own += ["/" + w.secret.outreach.path, "/reports/tickets/"]
    own += ["/contributors/", "/feedback/"]
    own += [f"/releases/{w.release.pk}/"]
    ids, advocate = restricted.restricted_ids(), somebody("advocate")
    asked = {address for route in restricted.routes() for address in restricted.addresses(route, w, ids)}
    assert set(own) - {f"/tickets/{w.shown.ticket.pk}/links/", f"/tickets/{w.shown.ticket.pk}/"} <= asked
    silent = [address for address in own if not any(MARKER in words for words in all_responses(w, advocate, address))]
    assert silent == []


def test_superusers_find_it_in_the_admin(w):
    root = UserFactory(is_superuser=True, is_staff=True)
    lists = ["channels/inbounditem", "channels/outbounditem", "channels/followed", "experts/outreach"]
    pages = {page: revealed(client_of(root).get(f"/admin/{page}/")) for page in lists}
    assert [page for page, words in pages.items() if MARKER not in words] == []


def test_an_address_with_an_unknown_parameter_says_what_to_add(w):
    with pytest.raises(LookupError, match=r"Add it to `values_of` in advocacy/tests/restricted.py"):
        restricted.addresses("tickets/<int:number>/<slug:chapter>/", w, restricted.restricted_ids())


def test_what_was_merged_with_a_restricted_ticket_is_restricted(w):
    assert AudienceLimit.objects.filter(ticket=w.joined.ticket, channel=w.hidden).exists()
    page = f"/tickets/{w.joined.ticket.pk}/"
    assert client_of(somebody("volunteer")).get(page).status_code == 404
    assert client_of(somebody("advocate")).get(page).status_code == 200


def test_a_ticket_that_becomes_restricted_while_it_is_held_leaves_the_screen(w):
    volunteer = UserFactory(role="volunteer")
    client = client_of(volunteer)
    client.post(f"/tickets/{w.shown.ticket.pk}/claim/")
    AudienceLimit.objects.create(ticket=w.shown.ticket, channel=w.hidden)
    assert "in the open" not in revealed(client.get("/play/"))


def test_the_page_for_an_expert_needs_a_login_only_where_the_ticket_is_restricted(w):
    address = "/" + w.secret.outreach.path
    assert "/login/" in Client().get(address).headers["Location"]
    assert client_of(somebody("volunteer")).get(address).status_code == 403
    assert MARKER in revealed(client_of(somebody("advocate")).get(address))
