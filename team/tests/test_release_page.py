"""The release day pages: expected volume, who is on, announcements, the overview and the rota."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from experts.directory import suggestions
from experts.tests.factories import ExpertFactory, TopicFactory
from mentions.models import Ticket
from mentions.tests.factories import ChannelFactory, MessageFactory, TicketFactory, UserFactory
from mentions.views.composing.posts import TAKEN_BACK
from team import calendar_feed, shifts
from team.duties import rota
from team.models import Release, ReleaseRule
from team.release import grouping, overview, planning, release_times, summary, volume

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
POST = "https://acme.example/releases/17-6/"


@pytest.fixture(autouse=True)
def _today(stop_clock):
    stop_clock(NOW)


@pytest.fixture
def release(sam):
    ReleaseRule.objects.create(name="Monthly release", slack_channel="#release-post", words=["release notes"])
    rota.join("release", sam)
    planning.plan(NOW)
    found = Release.objects.select_related("rule", "owner").get(month=date(2026, 7, 1))
    found.name, found.url = "17.6", POST
    found.save()
    return found


def said(channel, at, text="Acme", **message):
    ticket = TicketFactory(channel=channel, posted_at=at, subject=text)
    return MessageFactory(ticket=ticket, channel=channel, posted_at=at, text=text, **message).ticket


def post(client, name, /, *args, **data):
    return client.post(reverse(f"team:{name}", args=args), data, follow=True)


# --- expected volume --------------------------------------------------------------------------------------------------


@pytest.fixture
def history(release):
    """Blog: 3 on each release in May and June, 1 a week before and after each; the desk began in April."""
    blog, forum = ChannelFactory(name="Blog"), ChannelFactory(name="Forum")
    TicketFactory(channel=forum, posted_at=datetime(2026, 4, 25, tzinfo=UTC))
    for day, number in ((22, 3), (15, 1), (29, 1)):
        for month in (5, 6):
            for minute in range(number):
                TicketFactory(channel=blog, posted_at=datetime(2026, month, day, 10, minute, tzinfo=UTC))
    TicketFactory(channel=forum, posted_at=datetime(2026, 6, 22, 20, 30, tzinfo=UTC))
    TicketFactory(channel=blog, posted_at=NOW - timedelta(hours=1))
    return blog


def test_expected_volume_is_counted_from_the_releases_the_desk_has_seen(release, history, sam):
    found = volume.of(release, sam, NOW)
    assert found.past == [(date(2026, 6, 22), 4), (date(2026, 5, 22), 3)]
    first, second = found.channels
    assert (first.name, first.on_releases, first.usual, first.so_far) == ("Blog", 3, 1, 1)
    assert (second.name, second.on_releases, second.usual, second.so_far) == ("Forum", 0.5, 0, 0)
    by_hour = {line.at.hour: line.on_releases for line in found.hours if line.on_releases}
    assert by_hour == {10: 3, 20: 0.5}
    assert (found.total.on_releases, found.total.usual, found.total.so_far) == (3.5, 1, 1)


def test_a_moved_release_counts_where_it_was(release, history, sam):
    Release.objects.create(rule=release.rule, month=date(2026, 6, 1), day=date(2026, 6, 15), is_moved=True)
    assert volume.of(release, sam, NOW).past[0] == (date(2026, 6, 15), 1)


def test_hidden_channels_are_not_counted(release, history):
    history.visible_to = ["admin"]
    history.save()
    found = volume.of(release, UserFactory(role="volunteer"), NOW)
    assert [line.name for line in found.channels] == ["Forum"]


def test_counts_are_compared_by_local_time(release, sam):
    """08:00 in Amsterdam is 07:00 UTC in winter and 06:00 in summer; both are the third hour shown."""
    rule = release.rule
    rule.time_zone = "Europe/Amsterdam"
    rows = [
        volume.HourCount("Blog", "email", release_times.hours(rule, day).start, 4)
        for day in (date(2026, 2, 22), date(2026, 7, 22))
    ]
    found = volume.summed(rule, date(2026, 7, 22), [date(2026, 2, 22)], [], rows)
    assert [number for number, line in enumerate(found.hours) if line.on_releases or line.so_far] == [2]
    assert (found.hours[2].on_releases, found.hours[2].so_far) == (4, 4)


# --- grouping ---------------------------------------------------------------------------------------------------------


def test_mentions_are_grouped_by_link_name_and_words(release, sam):
    channel = ChannelFactory()
    linked = said(channel, NOW, "Look 17.6!", links=["https://www.acme.example/releases/17-6?utm_source=x"])
    named = said(channel, NOW + timedelta(days=1), "Is 17.6 out?")
    worded = said(channel, NOW, "Your Release  Notes are long")
    for text in ("117.6 volts", "17.61 is wrong", "see 17.6.1", "hello"):
        said(channel, NOW, text)
    said(channel, NOW - timedelta(days=1), "17.6 soon?")
    Ticket.objects.filter(pk=named.pk).update(status="solved")
    found = [(g.kind, g.label, [m.ticket for m in g.mentions], g.waiting) for g in grouping.of(release, sam)]
    assert found == [
        ("link", POST, [linked.pk], 1),
        ("word", "17.6", [named.pk], 0),
        ("word", "release notes", [worded.pk], 1),
    ]


def test_restricted_mentions_are_not_grouped(release):
    said(ChannelFactory(visible_to=["admin"]), NOW, "17.6 leaks")
    assert grouping.of(release, UserFactory(role="volunteer")) == []


# --- the page ---------------------------------------------------------------------------------------------------------


def test_page_shows_duty_experts_shifts_and_mentions(client, release, history, sam):
    release.experts.add(ExpertFactory(person__name="Grace"))
    shifts.add_shifts(sam, date(2026, 7, 22), time(10), time(14), ZoneInfo("UTC"))
    said(history, NOW, "17.6 is great")
    html = " ".join(client.get(f"/releases/{release.pk}/").content.decode().split())
    for words in ("17.6: Wednesday, 22 July 2026", "#release-post", "Grace", "17.6 is great", "So far", "sam"):
        assert words in html


@pytest.mark.parametrize(
    ("about", "asks_first"),
    [
        ({"text": "Is 17.6 faster?"}, True),
        ({"text": "Where are the release notes?"}, True),
        ({"text": "Nice", "links": [f"{POST}?utm_source=x"]}, True),
        ({"text": "How do I log in?"}, False),
        ({"text": "Is 17.6 faster?", "at": NOW - timedelta(days=1)}, False),
        ({"text": "Is 17.6 faster?", "now": NOW + timedelta(days=1)}, False),
    ],
)
def test_experts_on_call_for_the_release_are_asked_first_about_it_and_on_its_day(release, about, asks_first):
    """Two of them, the one who knows the topic first; others who know it come after them."""
    now, at = about.pop("now", NOW), about.pop("at", NOW)
    topic = TopicFactory(name="Accounts", keywords=["log in", "faster", "notes", "nice"], slack_channel="")
    knows, other = ExpertFactory(), ExpertFactory()
    for expert in (knows, other):
        expert.topics.add(topic)
    release.experts.set([ExpertFactory(), ExpertFactory(), ExpertFactory(is_active=False), knows])
    ticket = said(ChannelFactory(), at, **about)
    found = suggestions.who_to_ask(ticket, about["text"], now)
    on_call = ["on call for 17.6" in each.reasons for each in found]
    assert on_call == ([True, True, False] if asks_first else [False, False])
    if asks_first:
        assert (found[0].asked, found[2].asked) == (knows, other)
        assert len(found[0].reasons) > 1


def test_constant_number_of_queries(client, release, history):
    client.get(f"/releases/{release.pk}/")
    with CaptureQueriesContext(connection) as few:
        client.get(f"/releases/{release.pk}/")
    for number in range(30):
        said(ChannelFactory(name=f"C{number}"), NOW, "17.6 again")
    with CaptureQueriesContext(connection) as many:
        client.get(f"/releases/{release.pk}/")
    assert len(many) == len(few)


def test_details_are_saved_and_a_wrong_link_is_refused(client, release):
    expert = ExpertFactory(person__name="Grace")
    data = {"name": "18.0", "url": POST, "day": "2026-07-23", "experts": [expert.pk]}
    assert "Saved." in post(client, "release_details", release.pk, **data).content.decode()
    release.refresh_from_db()
    assert (release.name, str(release.day), release.is_moved) == ("18.0", "2026-07-23", True)
    assert list(release.experts.all()) == [expert]
    wrong = client.post(reverse("team:release_details", args=[release.pk]), {**data, "url": "javascript:alert(1)"})
    assert wrong.status_code == 422
    release.refresh_from_db()
    assert release.url == POST


def test_overview_is_drafted_once(client, release, sam):
    assert "17.6 is out:" in client.get(f"/releases/{release.pk}/").content.decode()
    post(
        client, "release_overview", release.pk, text="17.6 is out:\n- **Fast** [search](https://a.example/s)", version=0
    )
    release.refresh_from_db()
    assert (release.overview_version, release.overview_by) == (1, sam)
    late = client.post(reverse("team:release_overview", args=[release.pk]), {"text": "mine", "version": 0})
    assert late.status_code == 422
    html = late.content.decode()
    assert "Somebody else has changed" in html
    assert ">mine</textarea>" in html
    assert "search: https://a.example/s" in html, "for Hacker News"
    release.refresh_from_db()
    assert release.overview.startswith("17.6 is out")


def test_overview_goes_to_the_page_that_posts(client, release, sam):
    data = {"text": "17.6 is out", "version": 0, "post": "yes"}
    assert (
        reverse("team:release", args=[release.pk])
        in post(client, "release_overview", release.pk, **data).redirect_chain[0][0]
    )
    ChannelFactory(connection__platform="mastodon", address="acme", post_roles=["advocate"])
    release.refresh_from_db()
    response = client.post(reverse("team:release_overview", args=[release.pk]), {**data, "version": 1})
    assert response.headers["Location"] == reverse("mentions:posts")
    assert client.session[TAKEN_BACK] == "17.6 is out"


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_any_version_in_the_form_is_answered(client, release, version):
    assert client.post(
        reverse("team:release_overview", args=[release.pk]), {"text": "x", "version": version}
    ).status_code in (302, 422)


def test_text_for_hacker_news_is_plain():
    text = "17.6 is out:\n\n- **Fast** `search`\n* [Docs](https://a.example/d)\n\nhttps://a.example/"
    assert overview.for_hacker_news(text) == (
        "17.6 is out:\n\n– Fast search\n\n– Docs: https://a.example/d\n\nhttps://a.example/"
    )


def test_hacker_news_gets_link_and_title(release):
    release.overview = f"{'a' * 90}:\n- b"
    assert overview.submit_address(release) == (
        f"https://news.ycombinator.com/submitlink?u=https%3A%2F%2Facme.example%2Freleases%2F17-6%2F&t={'a' * 80}"
    )
    release.url = ""
    assert overview.submit_address(release) == ""


def test_managers_assign_and_advocates_do_not(client, release, sam):
    post(client, "release_owner", release.pk, owner="")
    release.refresh_from_db()
    assert release.owner == sam
    client.force_login(UserFactory(role="manager"))
    post(client, "release_owner", release.pk, owner="")
    release.refresh_from_db()
    assert release.owner is None
    assert "Choose somebody" in post(client, "release_owner", release.pk, owner="99999").content.decode()


# --- the list ---------------------------------------------------------------------------------------------------------


def test_list_says_what_to_do_first(client, sam):
    assert "No release rule yet" in client.get("/releases/").content.decode()


def test_swap_is_asked_and_agreed_on_the_page(client, release, sam):
    bob = UserFactory(role="advocate", username="bob")
    client.force_login(bob)
    post(client, "release_rota")
    planning.plan(NOW)
    theirs = Release.objects.filter(owner=bob).first()
    if theirs is None:  # the days planned earlier are sam's
        theirs = planning.assign(Release.objects.order_by("day")[1].pk, bob)
    html = client.get("/releases/").content.decode()
    assert "Swap with" in html
    mine = Release.objects.filter(owner=sam, day__gt=NOW.date()).first()
    html = post(client, "ask_release_swap", theirs.pk, other=mine.pk).content.decode()
    assert "Asked sam." in html
    assert "Withdraw" in html
    client.force_login(sam)
    html = client.get("/releases/").content.decode()
    assert "asks to swap" in " ".join(html.split())
    swap = theirs.swaps.get()
    post(client, "decide_release_swap", swap.pk, decision="agree")
    assert Release.objects.get(pk=theirs.pk).owner == sam
    assert "has ended" in post(client, "decide_release_swap", swap.pk, decision="agree").content.decode()


def test_rota_is_joined_and_left(client, release, sam):
    assert "Leave the rota" in client.get("/releases/").content.decode()
    post(client, "release_rota", leave="yes")
    assert rota.people("release") == []
    assert "Nobody is in the rota" in client.get("/releases/").content.decode()


def test_release_is_on_the_calendar_and_in_the_feed(client, release, sam, stop_clock):
    stop_clock(NOW)
    html = client.get("/coverage/").content.decode()
    assert f"/releases/{release.pk}/" in html
    assert b"Release day 17.6: sam" in calendar_feed.calendar(NOW)


def test_list_has_a_constant_number_of_queries(client, release):
    client.get(reverse("team:releases"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("team:releases"))
    for month in range(1, 8):
        Release.objects.create(
            rule=release.rule, month=date(2028, month, 1), day=date(2028, month, 22), owner=release.owner
        )
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("team:releases"))
    assert len(many) == len(few)


# --- counted as in the reports ----------------------------------------------------------------------------------------


def test_numbers_of_a_release_day_are_those_of_the_reports_and_spam_is_no_talk_of_it(release, sam):
    """With every kind of ticket: colleagues' questions, merged tickets, spam, tickets left to others."""
    at = release_times.hours_of(release).start
    blog, internal = ChannelFactory(name="Blog"), ChannelFactory(name="Colleagues", is_internal=True)
    late = {"first_reply_at": at + timedelta(hours=1), "status": "solved", "due_at": None}
    asked = said(blog, at, "17.6 is out")
    Ticket.objects.filter(pk=said(blog, at, "thanks for 17.6").pk).update(**late)
    Ticket.objects.filter(pk=said(blog, at, "17.6 cheap watches").pk).update(no_reply_reason="spam", **late)
    Ticket.objects.filter(pk=said(blog, at, "17.6 for experts").pk).update(
        no_reply_reason="expert_response", status="solved", due_at=None
    )
    Ticket.objects.filter(pk=said(blog, at, "17.6 again").pk).update(merged_into=asked, status="closed")
    said(internal, at, "is 17.6 out?")
    found = summary.of(release)
    assert (found.total, found.answered, found.waiting) == (4, 1, 1)
    assert found.median_reply == timedelta(hours=1)
    assert volume.of(release, sam, at + timedelta(hours=1)).total.so_far == 4
    texts = {mention.subject for group in grouping.of(release, sam) for mention in group.mentions}
    assert texts == {"17.6 is out", "thanks for 17.6", "17.6 for experts"}
