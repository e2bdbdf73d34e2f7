"""Open incidents, and how the banner and the macros show them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from advocacy.monitoring import standing
from mentions.incidents import incidents
from mentions.macros import macros, presets
from mentions.models import Macro
from mentions.tests.factories import NOON, AuthorFactory, ChannelFactory, ConnectionFactory, MessageFactory, UserFactory
from mentions.tests.replying import twitter_ticket
from team.models import Incident

pytestmark = pytest.mark.django_db
NOW = NOON + timedelta(hours=2)
PAGE = "https://status.acme.example"


@pytest.fixture
def page():
    connection = ConnectionFactory(platform="statuspage", settings={"api_base": PAGE})
    return ChannelFactory(connection=connection, is_default=True)


def update(page, state, minutes=0, incident="inc1", **more):
    values = {
        "ticket": None,
        "channel": page,
        "namespace": "statuspage:status.acme.example",
        "external_id": f"{incident}-{state}",
        "thread_id": incident,
        "direction": "team",
        "subject": "Website is degraded",
        "text": f"{state}: we are on it.",
        "url": f"{PAGE}/incidents/{incident}",
        "extra": {"status": state},
        "posted_at": NOON + timedelta(minutes=minutes),
    }
    return MessageFactory(**{**values, **more})


def test_open_incident_is_shown_with_its_latest_state(page):
    update(page, "investigating")
    update(page, "identified", 20)
    (found,) = incidents.open_incidents(NOW)
    assert (found.title, found.state, found.url) == ("Website is degraded", "identified", f"{PAGE}/incidents/inc1")
    assert incidents.from_json(incidents.to_json([found])) == [found]


@pytest.mark.parametrize("state", incidents.OVER)
def test_what_is_over_or_not_yet_begun_is_not_open(page, state):
    update(page, "investigating")
    update(page, state, 20)
    assert incidents.open_incidents(NOW) == []


def test_forgotten_incident_and_another_companys_page_are_not_ours(page):
    update(page, "investigating", posted_at=NOW - incidents.REACH - timedelta(hours=1))
    theirs = ConnectionFactory(platform="statuspage", settings={"api_base": "https://other.example", "is_ours": False})
    update(ChannelFactory(connection=theirs), "investigating", incident="inc2")
    assert incidents.open_incidents(NOW) == []


def test_last_posts_of_the_status_handle_come_along(page):
    status = ChannelFactory(
        connection=twitter_ticket().channel.connection, address="acmestatus", settings={"availability_only": True}
    )
    by_us = AuthorFactory(namespace="twitter", handle="AcmeStatus", is_us=True)
    for number in range(5):
        MessageFactory(
            ticket=None,
            channel=status,
            namespace="twitter",
            direction="team",
            author=by_us,
            text=f"Update {number}",
            posted_at=NOON + timedelta(minutes=number),
        )
    update(page, "investigating")
    assert [post.text for post in incidents.open_incidents(NOW)[0].posts] == ["Update 4", "Update 3", "Update 2"]


def test_macro_knows_the_address_of_the_status_page(page):
    presets.load()
    ticket, sam = twitter_ticket(), UserFactory(role="advocate")
    macro = Macro.objects.get(name="Support::Status page")
    assert macros.fields_of(macro) == []
    assert f"{PAGE} has the latest" in macros.preview(macro, ticket, sam, NOW).reply_text
    update(page, "investigating")
    assert f"{PAGE}/incidents/inc1 has the latest" in macros.preview(macro, ticket, sam, NOW).reply_text


def test_banner_is_on_every_page_while_the_incident_is_open(client, page, monkeypatch):
    update(page, "identified")
    noted = {"incidents": incidents.to_json(incidents.open_incidents(NOW))}
    monkeypatch.setattr(standing, "notes", lambda: noted)
    client.force_login(UserFactory(role="volunteer"))
    shown = client.get(reverse("mentions:queue")).content.decode()
    assert "Website is degraded" in shown
    assert "cause identified" in shown
    assert f'href="{PAGE}/incidents/inc1"' in shown
    noted.clear()
    assert "Website is degraded" not in client.get(reverse("mentions:queue")).content.decode()


def test_an_incident_that_is_worked_on_is_shown_once_with_what_the_status_page_says(client, page, monkeypatch):
    update(page, "identified")
    update(page, "investigating", incident="inc2", subject="Runners wait")
    noted = {"incidents": incidents.to_json(incidents.open_incidents(NOW))}
    monkeypatch.setattr(standing, "notes", lambda: noted)
    source = "statuspage:status.acme.example inc1"
    worked_on = Incident.objects.create(name="Website is degraded", source=source, started_at=NOON, opened_at=NOON)
    client.force_login(UserFactory(role="advocate"))
    shown = client.get(reverse("mentions:queue")).content.decode()
    ours, theirs = (shown.split(f'id="{name}"')[1].split("</aside>")[0] for name in ("running-incidents", "incidents"))
    assert "<strong>Website is degraded</strong>" in ours
    assert all(words in ours for words in ("cause identified", "identified: we are on it.", f"{PAGE}/incidents/inc1"))
    assert reverse("team:incident", args=[worked_on.pk]) in ours
    assert "<strong>Runners wait</strong>" in theirs
    assert "Website is degraded" not in theirs
    noted["incidents"].pop(0 if noted["incidents"][0]["title"] == "Runners wait" else 1)
    assert 'id="incidents"' not in client.get(reverse("mentions:queue")).content.decode()
