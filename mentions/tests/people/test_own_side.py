"""Our own side is named consistently: company, account, platform."""

import pytest

from channels.registry.finding_adapters import all_adapters
from mentions.people import own_side
from mentions.tests.factories import AuthorFactory, ChannelFactory, ConnectionFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("platform", "address", "words"),
    [
        ("twitter", "acme", "Acme · @acme on Twitter"),
        ("twitter", "@acme", "Acme · @acme on Twitter"),
        ("mastodon", "acme@social.example", "Acme · @acme@social.example on Mastodon"),
        ("reddit", "acme_team", "Acme · u/acme_team on Reddit"),
        ("hackernews", "acme", "Acme · acme on Hacker News"),
        ("email", "help@acme.example", "Acme · help@acme.example"),
        ("discourse", "", "Acme on Discourse"),
        ("usenet", "acme", "Acme · acme on usenet"),
    ],
)
def test_channel_is_named_with_company_account_and_platform(platform, address, words):
    channel = ChannelFactory(connection=ConnectionFactory(platform=platform), address=address)
    assert own_side.of_channel(channel) == words


@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_no_platform_is_named_alone(platform, settings):
    settings.COMPANY_NAME = "Initech"
    label = all_adapters()[platform].label
    bare = ChannelFactory(connection=ConnectionFactory(platform=platform), name=label)
    assert own_side.of_channel(bare).startswith("Initech")
    author = AuthorFactory(namespace=platform, name=label, handle="")
    said = MessageFactory(ticket__channel=bare, direction="team", author=author)
    assert own_side.of_message(said) == f"Initech on {label}"


@pytest.mark.parametrize(
    ("name", "handle", "words"),
    [
        ("Acme", "acme", "Acme · @acme on Twitter"),
        ("Twitter", "acme", "Acme · @acme on Twitter"),
        ("", "acme", "Acme · @acme on Twitter"),
        ("Acme Status", "acmestatus", "Acme Status · @acmestatus on Twitter"),
        ("Ana Lima", "ana", "Ana Lima, Acme · @ana on Twitter"),
        ("", "", "Acme · @acme on Twitter"),
    ],
)
def test_author_of_our_message_is_our_side_and_a_colleague_keeps_their_name(name, handle, words):
    channel = ChannelFactory(connection=ConnectionFactory(platform="twitter"), name="Twitter", address="acme")
    author = AuthorFactory(namespace="twitter", name=name, handle=handle)
    assert own_side.of_message(MessageFactory(ticket__channel=channel, direction="team", author=author)) == words


def test_author_of_somebody_elses_message_is_their_name():
    assert own_side.of_message(MessageFactory(author=AuthorFactory(name="Jane D."))) == "Jane D."
