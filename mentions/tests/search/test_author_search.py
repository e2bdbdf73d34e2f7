"""People are found by any of their names, and only in tickets the searcher may see."""

import pytest

from mentions.search import author_search
from mentions.tests.factories import AuthorFactory, MessageFactory, TicketFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


@pytest.fixture
def jane():
    author = AuthorFactory(namespace="twitter", handle="jane_dev", name="Jane van Doe")
    TicketFactory(requester=author)
    TicketFactory(requester=author)
    return author


@pytest.mark.parametrize(
    "text",
    ["jane_dev", "@jane_dev", "JANE_DEV", "jane", "Jane van Doe", "doe", "doe jane", "jan do", "jane_de", " jane "],
)
def test_by_any_beginning_of_a_word(sam, jane, text):
    assert [(who.pk, who.conversations) for who in author_search.find(text, sam)] == [(jane.pk, 2)]


@pytest.mark.parametrize(
    "text", ["", "  ", "@", "'", "\\", ":*", "& | !", "jane & bob", "\0", "(", "<->", "ja'ne\\:*", "x" * 5000, "ane"]
)
def test_whatever_is_typed_finds_nobody_and_breaks_nothing(sam, jane, text):
    assert author_search.find(text, sam) == []


def test_who_is_called_exactly_so_comes_first(sam, jane):
    for number in range(10):
        TicketFactory(requester=AuthorFactory(namespace="twitter", handle=f"jane_dev{number}"))
    assert author_search.find("jane_dev", sam)[0].pk == jane.pk
    assert len(author_search.find("jane_dev", sam)) == author_search.FOUND


def test_nobody_without_a_conversation_that_may_be_seen(sam, jane):
    AuthorFactory(namespace="twitter", handle="jane_other")
    assert [who.pk for who in author_search.find("jane", sam)] == [jane.pk]
    assert author_search.find("jane", UserFactory()) == []


def test_an_address_is_found_by_its_beginning(sam):
    author = AuthorFactory(namespace="email", handle="lena@home.example", name="")
    TicketFactory(requester=author)
    for text in ("lena@home.example", "LENA@home.example", "lena"):
        assert [who.pk for who in author_search.find(text, sam)] == [author.pk], text


def test_plain_search_and_the_palette_show_people(client, sam, jane):
    client.force_login(sam)
    MessageFactory(ticket=TicketFactory(), text="nothing of the kind")
    page = client.get("/search/", {"q": "jane_dev"}).content.decode()
    assert f'href="/authors/{jane.pk}/"' in page
    assert "2 conversations" in page
    assert "<h2>Nothing found" not in page
    assert f'href="/authors/{jane.pk}/"' in client.get("/palette/", {"q": "doe"}).content.decode()
    assert f'href="/authors/{jane.pk}/"' not in client.get("/search/", {"q": "status:open"}).content.decode()
