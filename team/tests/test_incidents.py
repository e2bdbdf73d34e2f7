"""Incidents: opened once by the status page or by hand, mentions proposed with a reason and decided by a person, and a
final report."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels.models import OutboundItem
from mentions.clocks import clocks
from mentions.models import Event
from mentions.templatetags.desk import undo_url
from mentions.tests.factories import (
    NOON,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    TicketFactory,
    UserFactory,
)
from mentions.tests.replying import answered
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import merging
from team.incidents import closing, grouping, matching, opening, report
from team.models import Incident, IncidentBatch, IncidentMention, IncidentReply

pytestmark = pytest.mark.django_db
PAGE = "https://status.acme.example"
NOW = NOON + timedelta(hours=1)
TEAM = "#community-advocates"


@pytest.fixture(autouse=True)
def _slack(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", TEAM


def minutes(count):
    return timedelta(minutes=count)


def status_page(**settings):
    connection = ConnectionFactory(platform="statuspage", settings={"api_base": PAGE, **settings})
    return ChannelFactory(connection=connection, is_default=True)


def update(page, state, at, incident="inc1", **extra):
    return MessageFactory(
        ticket=None, channel=page, namespace="statuspage:status.acme.example", external_id=f"{incident}-{state}-{at}",
        thread_id=incident, direction="team", subject="Pipelines are degraded", text=state,
        url=f"{PAGE}/incidents/{incident}", extra={"status": state, **extra}, posted_at=at,
    )  # fmt: skip


def an_incident(**values):
    given = {"name": "Pipelines are degraded", "words": ["pipelines", "down"], "url": f"{PAGE}/incidents/inc1"}
    return Incident.objects.create(**{**given, "started_at": NOON, "opened_at": NOON, **values})


def a_mention(text="The pipelines are down", at=NOON, **ticket):
    ticket = TicketFactory(posted_at=at, **ticket)
    MessageFactory(ticket=ticket, text=text)
    return ticket


def said():
    items = OutboundItem.objects.filter(kind="slack").order_by("pk")
    return [item.payload["text"] for item in items]


def log(ticket):
    return list(
        Event.objects.filter(ticket=ticket, kind="incident").order_by("pk").values_list("data__said", flat=True)
    )


# --- opened and closed by the status page -----------------------------------------------------------------------------


def test_incident_of_the_status_page_is_opened_once_and_announced_once():
    page = status_page()
    update(page, "investigating", NOON, components=["Pipelines"])
    for _run in range(3):
        opening.follow(NOON + minutes(1))
        closing.follow(NOON + minutes(1))
    found = Incident.objects.get()
    assert (found.name, found.state, found.started_at) == ("Pipelines are degraded", "open", NOON)
    assert found.url == f"{PAGE}/incidents/inc1"
    assert {"Pipelines", "outage"} <= set(found.words)
    (text,) = said()
    assert f"/incidents/{found.pk}/" in text


def test_it_ends_goes_on_and_ends_with_the_page_and_each_is_announced():
    page = status_page()
    update(page, "investigating", NOON)
    opening.follow(NOON)
    states = []
    for at, state in ((20, "resolved"), (30, "investigating"), (60, "resolved"), (70, "postmortem")):
        update(page, state, NOON + minutes(at))
        for _worker in range(2):
            opening.follow(NOON + minutes(at))
            closing.follow(NOON + minutes(at))
            closing.follow(NOON + minutes(at))
        states.append(Incident.objects.get().state)
    assert states == ["over", "open", "over", "over"]
    assert Incident.objects.get().over_at == NOON + minutes(60)
    assert [("is over" in text) for text in said()] == [False, True, True]


def test_what_is_reopened_by_hand_stays_open_until_the_page_says_more():
    page = status_page()
    update(page, "resolved", NOON)
    opening.follow(NOON)
    (found,) = Incident.objects.all()
    assert opening.go_on_by_hand(found.pk, NOON + minutes(5))
    opening.follow(NOON + minutes(6))
    assert Incident.objects.get().state == "open"
    update(page, "postmortem", NOON + minutes(7))
    opening.follow(NOON + minutes(8))
    assert Incident.objects.get().state == "over"


def test_past_incidents_maintenances_and_pages_of_others_open_nothing():
    update(status_page(), "resolved", NOW - timedelta(hours=7))
    update(status_page(), "in_progress", NOW, "main1", scheduled_for="2026-11-02T12:00:00Z")
    update(status_page(is_ours=False), "investigating", NOW, "other1")
    assert opening.follow(NOW) == 0
    assert not Incident.objects.exists()


def test_opened_by_hand_twice_is_refused_and_named():
    sam = UserFactory(role="advocate")
    values = {"url": "", "words": [], "started_at": NOON, "now": NOW}
    opening.open_by_hand(sam, name="Login  fails", **values)
    with pytest.raises(OutcomeRefused, match="already an open incident “Login fails”"):
        opening.open_by_hand(sam, name="login fails", **values)
    assert "outage" in Incident.objects.get().words


# --- grouping ---------------------------------------------------------------------------------------------------------


def test_mentions_are_proposed_with_the_reason_in_their_time_and_on_their_channels():
    sam = UserFactory(role="advocate")
    channel = ChannelFactory()
    says = a_mention(channel=channel)
    links = a_mention("Same here", channel=channel, at=NOON + minutes(1))
    links.messages.update(links=[f"{PAGE}/incidents/inc1?utm_source=x"])
    before = a_mention(channel=channel, at=NOON - timedelta(hours=2))
    elsewhere, spam = a_mention(), a_mention(channel=channel, no_reply_reason="spam")
    other = a_mention("I love it", channel=channel)
    found = an_incident()
    found.channels.add(channel)
    shown = grouping.proposed(found, sam, NOW)
    assert [each.ticket for each in shown] == [says, links]
    assert shown[0].why == "says “pipelines”"
    assert shown[1].why.startswith("links to")
    assert not {before, elsewhere, spam, other} & {each.ticket for each in shown}


def test_decided_mentions_are_not_proposed_again_and_are_logged_once():
    sam, found = UserFactory(role="advocate"), an_incident()
    yes, no = a_mention(), a_mention()
    for _click in range(2):
        grouping.decide(found.pk, {yes.pk: "says “down”"}, sam, NOW, is_part=True)
        grouping.decide(found.pk, {no.pk: ""}, sam, NOW, is_part=False)
    assert grouping.proposed(found, sam, NOW) == []
    assert (log(yes), log(no)) == (["added"], ["declined"])
    assert found.mentions.get(ticket=yes).why == "says “down”"
    assert grouping.take_back(found.mentions.get(ticket=yes).pk, sam, NOW)
    assert [each.ticket for each in grouping.proposed(found, sam, NOW)] == [yes]
    assert log(yes) == ["added", "removed"]


def test_ticket_belongs_to_one_running_incident():
    sam, first, second = UserFactory(role="advocate"), an_incident(), an_incident(name="Other")
    ticket = a_mention()
    grouping.decide_one(first.pk, ticket.pk, sam, NOW, is_part=True)
    changed, refused = grouping.decide(second.pk, {ticket.pk: ""}, sam, NOW, is_part=True)
    assert changed == []
    assert "Pipelines are degraded" in refused[0]
    Incident.objects.filter(pk=first.pk).update(state="closed", over_at=NOW)
    assert grouping.decide_one(second.pk, ticket.pk, sam, NOW, is_part=True)


def test_merged_mention_goes_on_as_the_ticket_it_was_merged_into():
    sam, found = UserFactory(role="advocate"), an_incident()
    source, target = a_mention(), a_mention()
    grouping.decide_one(found.pk, source.pk, sam, NOW, is_part=True)
    merging.merge([source.pk], target.pk, sam, NOW)
    assert [grouping.follow_merges(NOW) for _run in range(2)] == [1, 0]
    assert found.mentions.get().ticket == target


def test_restricted_mentions_are_proposed_to_those_who_may_see_them_only():
    hidden = ChannelFactory(visible_to=["manager"])
    ticket, found = a_mention(channel=hidden), an_incident()
    assert grouping.proposed(found, UserFactory(role="advocate"), NOW) == []
    assert [each.ticket for each in grouping.proposed(found, UserFactory(role="manager"), NOW)] == [ticket]


@pytest.mark.parametrize(
    ("text", "why"),
    [("It is DOWN!", "says “down”"), ("countdown", ""), ("so   slow today", "says “so slow”"), ("fine", "")],
)
def test_words_are_whole_and_in_any_case(text, why):
    assert matching.reason(matching.signs("", ["down", "so slow"]), text, ()) == why


def test_what_runs_is_shown_first_and_all_that_is_over_in_one_line(client):
    client.force_login(UserFactory(role="advocate"))
    an_incident(name="Old but running", started_at=NOON - timedelta(days=2))
    for name in ("Pages", "Search", "Mail"):
        an_incident(name=f"{name} was slow", state="over", over_at=NOW)
    note = client.get(reverse("mentions:search")).text.split('id="running-incidents"')[1].split("</aside>")[0]
    assert note.count('class="notice warn incident"') == 2
    assert note.index("Old but running") < note.index("2 incidents are over.")
    Incident.objects.exclude(name="Mail was slow").update(state="closed", over_at=NOW)
    note = client.get(reverse("mentions:search")).text.split('id="running-incidents"')[1].split("</aside>")[0]
    assert note.count('class="notice warn incident"') == 1
    assert "An incident is over." in note
    assert "Mail was slow" in note


# --- closing ----------------------------------------------------------------------------------------------------------


def closed_with_mentions():
    sam, found = UserFactory(role="advocate", first_name="Sam", last_name="Lee"), an_incident()
    channel = ChannelFactory(name="@acme", connection=ConnectionFactory(platform="twitter"))
    quick = answered(a_mention(channel=channel), NOON + minutes(10))
    slow = answered(a_mention(channel=channel), NOON + minutes(30))
    waiting = a_mention()
    secret = a_mention(channel=ChannelFactory(visible_to=["manager"], name="quokka"))
    for ticket in (quick, slow, waiting, secret):
        IncidentMention.objects.create(incident=found, ticket=ticket, by=sam, at=NOW)
    clocks.recompute([quick.pk, slow.pk])
    opening.end_by_hand(found.pk, NOW)
    return found, sam


def test_report_is_made_once_kept_and_posted_once():
    found, sam = closed_with_mentions()
    ben = UserFactory(role="advocate")
    assert [closing.close(found.pk, who, NOW) for who in (sam, ben, sam)] == [True, False, False]
    for minute in range(0, 90, 15):
        closing.follow(NOW + minutes(minute))
    found.refresh_from_db()
    assert found.closed_by == sam
    numbers = {name: found.report[name] for name in ("mentions", "answered", "waiting", "reply_s", "lasted_s")}
    assert numbers == {"mentions": 3, "answered": 2, "waiting": 1, "reply_s": 1200, "lasted_s": 3600}
    assert tuple(found.report["channels"][0][name] for name in ("name", "mentions", "reply_s")) == (
        "@acme",
        2,
        1200,
    )
    assert "quokka" not in str(found.report)
    (text,) = [text for text in said() if "Incident report" in text]
    assert "3 mentions, 2 answered, 1 not answered" in text
    assert "20 min" in text


def test_closing_undone_in_the_window_is_not_announced_and_later_only_once():
    found, sam = closed_with_mentions()
    closing.close(found.pk, sam, NOW)
    closing.follow(NOW + timedelta(seconds=2))
    assert closing.reopen(found.pk)
    closing.follow(NOW + minutes(1))
    assert not any("Incident report" in text for text in said())
    for at in (2, 10):
        closing.close(found.pk, sam, NOW + minutes(at))
        closing.follow(NOW + minutes(at + 1))
        closing.reopen(found.pk)
    assert len([text for text in said() if "Incident report" in text]) == 1


def test_with_nobody_clicking_it_ends_closes_and_reports_by_itself():
    found = an_incident()
    for day in range(20):
        for _worker in range(2):
            closing.follow(NOON + timedelta(days=day, hours=1))
    found.refresh_from_db()
    assert (found.state, found.closed_by, found.told_report_at is not None) == ("closed", None, True)
    assert len([text for text in said() if "Incident report" in text]) == 1


def test_scheduler_that_was_down_says_nothing_stale():
    found = an_incident(opened_at=NOON - timedelta(days=2))
    closing.follow(NOON)
    found.refresh_from_db()
    assert found.told_open_at == NOON
    assert said() == []


@pytest.mark.parametrize(("seconds", "words"), [(None, "–"), (90, "2 min"), (3900, "1 h 05 min")])
def test_durations_are_words(seconds, words):
    assert report.duration(seconds) == words


# --- pages ------------------------------------------------------------------------------------------------------------


def test_pages_lead_from_opening_to_the_report(client, sam):
    url = reverse("team:open_incident")
    began = (NOON - minutes(5)).strftime("%Y-%m-%dT%H:%M")
    assert b"No ongoing incidents" in client.get(reverse("team:incidents")).content
    refused = client.post(url, {"name": "", "started_at": "soon"})
    assert refused.status_code == 422
    page = client.post(url, {"name": "Login fails", "started_at": began}, follow=True)
    assert b"No mention from this time" in page.content
    found = Incident.objects.get()
    ticket = a_mention("login is down for me")
    address = reverse("team:incident", args=[found.pk])
    assert "says “down”" in client.get(address).content.decode()
    added = client.post(reverse("team:incident_mentions", args=[found.pk]), {"ticket": ticket.pk}, follow=True)
    assert f"undo-incident-{found.mentions.get().pk}" in str(next(iter(added.context["messages"])).extra_tags)
    for do, state in (("over", "over"), ("go-on", "open"), ("over", "over"), ("close", "closed")):
        client.post(reverse("team:incident_state", args=[found.pk]), {"do": do})
        found.refresh_from_db()
        assert found.state == state
    assert "Median first reply" in client.get(address).content.decode()


def test_one_undo_takes_back_exactly_what_was_added_together(client, sam):
    found, before = an_incident(), a_mention("pipelines are down")
    url = reverse("team:incident_mentions", args=[found.pk])
    client.post(url, {"ticket": before.pk})
    together = [a_mention(f"down {number}") for number in range(3)]
    page = client.post(url, {"ticket": [each.pk for each in together[:2]]}, follow=True)
    undo = undo_url(list(page.context["messages"])[-1])
    client.post(url, {"ticket": together[2].pk, "do": "out"})
    answer = client.post(undo, follow=True)
    assert "2 taken back." in answer.content.decode()
    assert dict(found.mentions.values_list("ticket_id", "is_part")) == {before.pk: True, together[2].pk: False}
    assert client.post(undo).status_code == 404
    assert found.mentions.count() == 2


def test_undo_of_a_step_leaves_what_was_answered_and_says_so(client, sam):
    found, replied, other = an_incident(), a_mention("down"), a_mention("also down")
    client.post(reverse("team:incident_mentions", args=[found.pk]), {"ticket": [replied.pk, other.pk]})
    batch = IncidentBatch.objects.create(incident=found, key=uuid4(), kind="answer", text="x", by=sam, at=NOW)
    IncidentReply.objects.create(batch=batch, incident=found, kind="answer", ticket=replied, recipient="author:1")
    page = client.post(reverse("team:incident_undo_step", args=[found.mentions.first().pk]), follow=True)
    assert "was already told about" in page.content.decode()
    assert [each.ticket for each in found.mentions.all()] == [replied]


def test_incident_room_hears_of_the_beginning_and_the_end_once(settings):
    settings.INCIDENT_SLACK_CHANNEL = "#incident-management"
    page = status_page()
    update(page, "investigating", NOON)
    for minute in range(3):
        opening.follow(NOON + minutes(minute))
        closing.follow(NOON + minutes(minute))
    update(page, "resolved", NOON + minutes(30))
    for later in (31, 32, 4000, 5000, 9000):
        opening.follow(NOON + minutes(later))
        closing.follow(NOON + minutes(later))
    assert Incident.objects.get().state == "closed"
    rows = OutboundItem.objects.order_by("pk").values_list("payload__channel", "payload__text")
    heard = [text for room, text in rows if room == "#incident-management"]
    assert [("collecting mentions" in text, "is over" in text) for text in heard] == [
        (True, False),
        (False, True),
    ]
    assert all("/incidents/" in text for text in heard)


def test_where_both_rooms_are_one_it_is_said_once(settings):
    settings.INCIDENT_SLACK_CHANNEL = TEAM
    an_incident()
    closing.follow(NOON)
    assert len(said()) == 1


def test_ticket_is_added_by_number_and_by_one_key_and_undone(client, sam):
    found, by_number, by_key = an_incident(), a_mention("x"), a_mention("y")
    url = reverse("team:incident_mentions", args=[found.pk])
    client.post(url, {"ticket": f"#{by_number.pk}"})
    page = client.get(reverse("mentions:ticket", args=[by_key.pk])).content.decode()
    assert 'data-key="i"' in page
    back = client.post(url, {"ticket": by_key.pk, "back": "yes"})
    assert back.headers["Location"] == reverse("mentions:ticket", args=[by_key.pk])
    assert found.mentions.count() == 2
    take_back = reverse("team:incident_take_back", args=[found.mentions.get(ticket=by_key).pk])
    for _click in range(2):
        client.post(take_back)
    assert [each.ticket for each in found.mentions.all()] == [by_number]


def test_details_keep_channels_that_their_editor_does_not_see(client, sam):
    found, seen, hidden = an_incident(), ChannelFactory(), ChannelFactory(visible_to=["manager"])
    found.channels.set([hidden])
    values = {"name": "New", "url": "", "started_at": "2026-11-02T10:00", "words": "slow\n\nslow\nhttps://x.example/1"}
    url = reverse("team:incident_details", args=[found.pk])
    assert client.post(url, {**values, "channels": [seen.pk]}).status_code == 302
    found.refresh_from_db()
    assert (found.name, found.words) == ("New", ["slow", "https://x.example/1"])
    assert set(found.channels.all()) == {seen, hidden}
    assert client.post(url, {**values, "started_at": "2090-01-01T10:00"}).status_code == 422


@pytest.mark.parametrize(("role", "offers"), [("advocate", True), ("manager", False), ("volunteer", False)])
def test_advocates_find_help_for_a_major_outage_on_its_page(client, role, offers):
    incident = opening.open_by_hand(None, name="Down", url="", words=[], started_at=NOW, now=NOW)
    client.force_login(UserFactory(role=role))
    address = reverse("team:incident", args=[incident.pk])
    assert ("/volunteers/?day=" in client.get(address).content.decode()) is offers
    opening.end_by_hand(incident.pk, NOW)
    assert "/volunteers/?day=" not in client.get(address).content.decode()


def test_page_costs_the_same_however_many_mentions(client, sam, django_assert_max_num_queries):
    found = an_incident()
    for _number in range(3):
        grouping.decide_one(found.pk, a_mention().pk, sam, NOW, is_part=True)
        a_mention()
    url = reverse("team:incident", args=[found.pk])
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for _number in range(20):
        grouping.decide_one(found.pk, a_mention().pk, sam, NOW, is_part=True)
        a_mention()
    with django_assert_max_num_queries(len(few)):
        client.get(url)
