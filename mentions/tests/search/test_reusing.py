"""Old answers are offered with only our own words and never move from a private to a public conversation unreviewed."""

import pytest
from django.test import Client

from channels.adapters.facebook.wire import TALK
from channels.registry.finding_adapters import all_adapters
from mentions.models import Ticket
from mentions.search import reusing
from mentions.tests.factories import NOON, ChannelFactory, MessageFactory, UserFactory

pytestmark = pytest.mark.django_db

MAIL = """Hi Jane,

set HTTP_PROXY on the runner, and restart it.
I called you at +49 170 1234567, or write to jane.doe@customer.example.

Kind regards,
Maria
Acme Support

On Mon, 2 Nov 2026 at 10:00, Jane Doe <jane.doe@customer.example> wrote:
> Hello, my number is +49 170 1234567.
> The runner does not work behind our proxy.
"""


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("Hi Jane,\n\nset it.\n\nBest,\nMaria", "set it."),
        ("Hello Jane Doe! Set it.", "Set it."),
        ("Dear Dr. Doe,\nset it.\n-- \nMaria\n+49 170 1", "set it."),
        ("@jane @acme set it.", "set it."),
        ("@jane@mastodon.example Hi Jane, set it.", "set it."),
        ("Guten Tag Frau Doe,\n\nso geht es.\n\nMit freundlichen Grüßen\nMaria", "so geht es."),
        ("Bonjour Jeanne,\nvoilà.\nCordialement,\nMaria", "voilà."),
        ("set it.\n\n> my number is 1234\n> thanks", "set it."),
        ("Set it.\n— Maria", "Set it."),
        (
            "Hidden settings are in the menu.\nThanks for asking!",
            "Hidden settings are in the menu.\nThanks for asking!",
        ),
        ("Hi is a command.", "Hi is a command."),
        ("", ""),
        ("Hi Jane,", ""),
    ],
)
def test_own_words(written, ours):
    assert reusing.own_words(written) == ours


def test_nothing_of_the_customer_is_left_of_a_mail():
    text = reusing.own_words(MAIL)
    assert text.startswith("set HTTP_PROXY")
    for theirs in ("Jane", "Maria", "my number", "proxy.", "wrote"):
        assert theirs not in text
    assert reusing.without_contacts(text).count(reusing.LEFT_OUT) == 2


@pytest.mark.parametrize("text", ["version 16.11.2 of 2026", "issue 123456 and #4021", "port 8080", "10.0.0.1:5432"])
def test_versions_and_ports_are_no_phone_numbers(text):
    assert reusing.without_contacts(text) == text


def test_what_is_private_is_said_by_the_adapter():
    private = {name for name, adapter in all_adapters().items() if adapter.is_private}
    assert {"email", "form", "hackerone"} <= private
    assert not {"twitter", "hackernews", "discourse", "mastodon", "reddit"} & private


def ticket_on(platform, answer=MAIL, **channel):
    made = ChannelFactory(connection__platform=platform, **channel)
    asked = MessageFactory(ticket__channel=made, ticket__status="solved", text="runner proxy trouble", posted_at=NOON)
    reply = MessageFactory(ticket=asked.ticket, direction="team", text=answer, posted_at=NOON)
    Ticket.objects.filter(pk=asked.ticket_id).update(first_reply_at=NOON, first_reply_message=reply)
    return asked.ticket


def offered(old, new, role="advocate"):
    client = Client()
    client.force_login(UserFactory(role=role))
    return client.get(f"/tickets/{old.pk}/answer/", {"for": new.pk} if new else {})


def test_from_mail_to_a_tweet_comes_with_a_warning_and_without_numbers():
    old, new = ticket_on("email", name="Support"), ticket_on("twitter", name="@acme")
    offer = offered(old, new).json()
    assert "private conversation (Support), and @acme is public" in offer["warning"]
    assert "170" not in offer["text"]
    assert "customer.example" not in offer["text"]
    assert "HTTP_PROXY" in offer["text"]


@pytest.mark.parametrize(("before", "now"), [("twitter", "twitter"), ("twitter", "email"), ("email", "email")])
def test_otherwise_it_is_put_in_at_once(before, now):
    offer = offered(ticket_on(before), ticket_on(now)).json()
    assert offer["warning"] == ""
    assert offer["text"].startswith("set HTTP_PROXY")


def test_a_restricted_channel_is_private_whatever_its_platform():
    old, new = ticket_on("discourse", visible_to=["advocate"]), ticket_on("twitter")
    assert offered(old, new).json()["warning"]


def test_a_platform_may_have_both_kinds_of_conversations():
    new = ticket_on("twitter")
    public, private = ticket_on("facebook"), ticket_on("facebook")
    private.messages.update(thread_id=f"{TALK}4711")
    assert (offered(public, new).json()["warning"], bool(offered(private, new).json()["warning"])) == ("", True)


def test_where_it_goes_is_not_known_or_not_seen_it_is_taken_for_public():
    old = ticket_on("email")
    assert offered(old, None).json()["warning"]
    hidden = ticket_on("email", visible_to=["manager"])
    assert offered(old, hidden).json()["warning"]


def test_the_panel_says_for_which_ticket_it_asks():
    old, new = ticket_on("email"), ticket_on("twitter")
    client = Client()
    client.force_login(UserFactory(role="advocate"))
    page = client.get(f"/tickets/{new.pk}/links/").content.decode()
    assert f"/tickets/{old.pk}/answer/?for={new.pk}" in page
