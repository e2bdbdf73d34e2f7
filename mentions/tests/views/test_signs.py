"""Pages show which platform a mention comes from and name our own side; play mode shows the ticket and its status."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from channels.registry.finding_adapters import all_adapters
from channels.registry.icons import icon_of
from mentions.tests.factories import AuthorFactory, ChannelFactory, ConnectionFactory, MessageFactory, UserFactory
from mentions.text.platform_icons import icon

TEMPLATES = Path(settings.BASE_DIR, "templates")
LISTED = re.compile(
    r"\{\{ *(?:[\w.]*channel\.name|[\w.]*channel_name|[\w.]*connection\.name|row\.where|other\.channel)\b"
)
NOT_A_LIST = {
    "channels/_buttons.html": "names of buttons, beside the row's heading",
    "channels/form_index.html": "forms only",
    "channels/ignored.html": "the scope of a rule",
    "channels/ignored_items.html": "the scope of a rule; its items have icons",
    "channels/unreadable_item.html": "the way back",
    "mentions/casework/open_issue.html": "options of a select: no pictures there",
}


def ticket_on(platform, **channel):
    connection = ConnectionFactory(platform=platform)
    channel = ChannelFactory(connection=connection, **channel)
    author = AuthorFactory(namespace=platform)
    return MessageFactory(ticket__channel=channel, ticket__requester=author, namespace=platform).ticket


def shows(html, platform):
    """The platform's symbol or letter, with or without its name."""
    return icon(platform) in html or icon(platform, beside=icon_of(platform).label) in html


# --- the icon ---------------------------------------------------------------------------------------------------------


def test_icon_has_a_text_alternative_unless_the_text_beside_it_names_the_platform():
    assert 'role="img" aria-label="Twitter"' in icon("twitter", beside="@acme")
    assert 'aria-hidden="true"' in icon("twitter", beside="Twitter: @acme")
    assert "aria-label" not in icon("twitter", beside="Twitter: @acme")


def test_icon_is_one_element_of_the_sprite_without_inline_style():
    html = icon("discourse:forum.acme.example")
    assert re.findall(r'<use href="/static/img/platforms(?:\.\w+)?\.svg#discourse"/>', html)
    assert "style" not in html


def test_icon_of_a_platform_without_a_symbol_is_its_escaped_letter():
    assert ">U</span>" in icon("usenet")
    assert "<b>" not in icon("<b>x")
    assert icon("") == ""


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_template_that_lists_channels_or_connections_shows_their_icons(template):
    name = str(template.relative_to(TEMPLATES))
    text = template.read_text()
    if LISTED.search(text) and name not in NOT_A_LIST:
        assert "{% icon " in text
    assert name not in NOT_A_LIST or LISTED.search(text), "remove it from NOT_A_LIST"


@pytest.mark.django_db
@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_queue_search_author_and_palette_show_the_icon_of_every_platform(client, platform):
    ticket = ticket_on(platform)
    client.force_login(UserFactory(role="admin"))
    for address in (
        reverse("mentions:queue"),
        reverse("mentions:author", args=[ticket.requester_id]),
        f"{reverse('mentions:search')}?q=%23{ticket.pk}",
        f"{reverse('mentions:search')}?q=install",
        f"{reverse('mentions:palette')}?q={ticket.pk}",
        reverse("mentions:ticket", args=[ticket.pk]),
        f"{reverse('metrics:tickets')}?figure=mentions&from=2026-11-01&to=2026-11-03&internal=1",
        reverse("channels:health"),
    ):
        html = client.get(address, follow=True).content.decode()
        assert shows(html, platform), address


@pytest.mark.django_db
def test_first_reply_report_shows_the_icon_beside_each_channel(client):
    ticket_on("twitter", name="@acme")
    client.force_login(UserFactory(role="admin"))
    html = client.get(
        reverse("metrics:report", args=["first-reply"]) + "?from=2026-11-01&to=2026-11-03"
    ).content.decode()
    assert re.search(r'<th scope="row"><span class="marked"><svg[^>]*aria-label="Twitter"', html)


# --- tickets ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_our_message_is_from_the_company_not_from_the_platform(client):
    ticket = ticket_on("bluesky", name="Bluesky", address="acme.example")
    ours = AuthorFactory(namespace="bluesky", name="Bluesky", handle="acme.example", is_us=True)
    MessageFactory(ticket=ticket, direction="team", author=ours, namespace="bluesky", text="Like this.")
    client.force_login(UserFactory(role="admin"))
    html = client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
    assert f'<a href="{reverse("mentions:author", args=[ours.pk])}">Acme · @acme.example on Bluesky</a>' in html
    assert not re.search(r'<a href="/authors/\d+/">Bluesky</a>', html)


@pytest.mark.django_db
def test_play_mode_shows_number_and_status_with_a_link_to_the_full_page(client):
    ticket = ticket_on("twitter")
    client.force_login(UserFactory(role="admin"))
    html = client.get(reverse("mentions:play")).content.decode()
    bar = html[html.index('class="ticketbar"') : html.index('class="requester"')]
    link = f'<a href="/tickets/{ticket.pk}/" aria-label="Ticket #{ticket.pk}, full page">#{ticket.pk}</a>'
    assert link in " ".join(bar.split())
    assert re.search(r'class="badge (new|open)">(New|Open)<', bar, re.IGNORECASE)


@pytest.mark.django_db
def test_page_of_our_own_account_names_our_side(client):
    ours = AuthorFactory(namespace="bluesky", name="Bluesky", handle="acme.example", is_us=True)
    MessageFactory(ticket=ticket_on("bluesky"), direction="team", author=ours, namespace="bluesky", text="Like this.")
    client.force_login(UserFactory(role="admin"))
    html = client.get(reverse("mentions:author", args=[ours.pk])).content.decode()
    assert "<h1>Acme · @acme.example on Bluesky</h1>" in html
