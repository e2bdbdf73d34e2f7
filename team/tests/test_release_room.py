"""The Slack channel of a release: read on release day, its messages decided on, none of them forgotten."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from channels.errors import RateLimited, Rejected
from channels.models import OutboundItem
from channels.registry import by_hand
from channels.slack import api
from mentions.models import Note, Ticket
from mentions.tests.factories import AccountFactory, ChannelFactory, PersonFactory, UserFactory
from team import tasks
from team.duties import rota
from team.models import Release, ReleaseRoom, ReleaseRule, RoomMessage
from team.release import planning, telling
from team.release_room import messages, reading, reminding

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
POST = "https://acme.example/releases/17-6/"


class Workspace:
    """The contents of Slack; raises `error` instead if it is set."""

    def __init__(self):
        self.said, self.threads, self.error, self.asked = [], {}, None, []

    def says(self, text, at=NOW, user="U0000000A", **more):
        message = {"ts": f"{at.timestamp():.6f}", "text": text, "user": user, **more}
        self.said.append(message)
        return message

    def replies(self, root, text, at=NOW, user="U0000000B"):
        message = {"ts": f"{at.timestamp():.6f}", "thread_ts": root["ts"], "text": text, "user": user}
        self.threads.setdefault(root["ts"], []).append(message)
        root["latest_reply"] = message["ts"]
        return message

    def history(self, channel, since, until):
        self.asked.append((channel, since, until))
        if self.error:
            raise self.error
        return [m for m in reversed(self.said) if since.timestamp() < float(m["ts"]) < until.timestamp()]

    def thread(self, channel, ts):
        return [*(m for m in self.said if m["ts"] == ts), *self.threads.get(ts, [])]


@pytest.fixture
def slack(settings, monkeypatch):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    made = Workspace()
    monkeypatch.setattr(api, "history", made.history)
    monkeypatch.setattr(api, "thread", made.thread)
    monkeypatch.setattr(api, "channel_id", lambda name: "C00000042")
    monkeypatch.setattr(api, "member_name", {"U0000000A": "Ines Almeida", "U0000000B": "Kofi"}.get)
    monkeypatch.setattr(api, "address", lambda: "https://acme.slack.example/")
    return made


@pytest.fixture(autouse=True)
def _now(stop_clock):
    stop_clock(NOW)


@pytest.fixture
def release(sam):
    ReleaseRule.objects.create(name="Monthly release", slack_channel="#release-post")
    rota.join("release", sam)
    planning.plan(NOW)
    return Release.objects.select_related("rule").get(month="2026-07-01")


def rows():
    return list(RoomMessage.objects.order_by("ts").values_list("who", "text"))


def page(client, release):
    return " ".join(client.get(f"/releases/{release.pk}/").content.decode().split())


def decide(client, release, message, **data):
    thread = message.thread_ts
    last = RoomMessage.objects.filter(thread_ts=thread).latest("ts").ts
    form = {"thread": thread, "last": last, **data}
    return client.post(reverse("team:release_room", args=[release.pk]), form, follow=True)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_what_is_said_there_on_the_day_is_on_the_page_with_its_link(client, release, slack):
    first = slack.says("The post is out &amp; live: <https://acme.example/r|here>")
    slack.replies(first, "Great!", NOW + timedelta(minutes=1))
    slack.says("by the desk", metadata={"event_type": "desk_message"}, bot_id="B1")
    slack.says("joined", subtype="channel_join")
    slack.says("the day before", NOW - timedelta(days=1))
    assert reading.read_due(NOW) == 1
    assert rows() == [("Ines Almeida", "The post is out & live: https://acme.example/r"), ("Kofi", "Great!")]
    ((channel, since, until),) = slack.asked
    assert (channel, since.hour, until.hour) == ("C00000042", 6, 0)
    html = page(client, release)
    link = f"https://acme.slack.example/archives/C00000042/p{first['ts'].replace('.', '')}"
    address = f"/releases/{release.pk}/room/"
    for words in ("Messages in #release-post", "Ines Almeida", "<b>Kofi</b>: Great!", address, link, "1 open thread"):
        assert words in html


def test_read_twice_and_by_two_workers_nothing_is_there_twice(release, slack):
    root = slack.says("One")
    slack.replies(root, "Two", NOW + timedelta(seconds=1))
    for minutes in (0, 0, 1, 20):
        reading.read_due(NOW + timedelta(minutes=minutes))
    assert len(rows()) == 2


def test_only_on_its_day_and_what_was_missed_is_read_the_day_after(release, slack):
    slack.says("hello")
    assert reading.read_due(NOW - timedelta(days=1)) == 0
    assert reading.read_due(NOW + timedelta(days=3)) == 0
    assert slack.asked == []
    assert reading.read_due(NOW + timedelta(hours=20)) == 1
    assert reading.read_due(NOW + timedelta(hours=21)) == 0, "all of the day was read"
    assert len(rows()) == 1


def test_an_edit_opens_what_was_done_and_a_deletion_takes_it_off_the_page(client, release, slack):
    message = slack.says("Out at 14:00")
    reading.read_due(NOW)
    decide(client, release, RoomMessage.objects.get(), do="done")
    assert RoomMessage.objects.get().done_by.username == "sam"
    assert "open thread" not in page(client, release)
    message["text"] = "Out at 16:00"
    reading.read_due(NOW + timedelta(minutes=1))
    edited = RoomMessage.objects.get()
    assert (edited.text, edited.done_at) == ("Out at 16:00", None)
    assert '<span class="badge">edited</span>' in page(client, release)
    slack.said.clear()
    reading.read_due(NOW + timedelta(minutes=2))
    assert RoomMessage.objects.get().text == ""
    assert "No messages yet." in page(client, release)


def test_a_reply_after_it_was_done_opens_the_thread_again(client, release, slack):
    root = slack.says("Ready?")
    reading.read_due(NOW)
    decide(client, release, RoomMessage.objects.get(), do="done")
    slack.replies(root, "Not yet", NOW + timedelta(minutes=1))
    reading.read_due(NOW + timedelta(minutes=2))
    assert "1 open thread" in page(client, release)


def test_done_settles_only_what_its_reader_saw(client, release, slack):
    root = slack.says("Ready?")
    reading.read_due(NOW)
    seen = RoomMessage.objects.get()
    slack.replies(root, "Wait!", NOW + timedelta(minutes=1))
    reading.read_due(NOW + timedelta(minutes=2))
    decide(client, release, seen, do="done", last=seen.ts)
    assert list(RoomMessage.objects.filter(done_at=None).values_list("text", flat=True)) == ["Wait!"]


def test_an_edited_reply_is_seen_when_all_threads_are_read(release, slack):
    root = slack.says("Ready?")
    reply = slack.replies(root, "No", NOW + timedelta(minutes=1))
    reading.read_due(NOW + timedelta(minutes=2))
    reply["text"] = "Yes"
    reading.read_due(NOW + timedelta(minutes=3))
    assert rows()[1][1] == "No"
    reading.read_due(NOW + timedelta(minutes=12))
    assert rows()[1][1] == "Yes"


def test_replies_in_more_threads_than_one_read_takes_are_read_even_after_the_day(release, slack, monkeypatch):
    monkeypatch.setattr(reading, "MAX_THREADS", 2)
    for number in range(5):
        root = slack.says(f"Question {number}", NOW + timedelta(minutes=number))
        slack.replies(root, f"Answer {number}", NOW + timedelta(minutes=10 + number))
    after = datetime(2026, 7, 23, 0, 1, tzinfo=UTC)
    assert [reading.read_due(after + timedelta(minutes=minute)) for minute in range(4)] == [1, 1, 1, 0]
    assert sorted(text for _who, text in rows() if text.startswith("Answer")) == [f"Answer {n}" for n in range(5)]


def test_what_slack_refuses_is_on_the_page_and_tried_again_later(client, release, slack):
    slack.says("hello")
    slack.error = Rejected("The Slack app sees no channel #release-post.")
    assert reading.read_due(NOW) == 0
    assert "sees no channel #release-post" in page(client, release)
    slack.error = None
    assert reading.read_due(NOW + timedelta(minutes=1)) == 0
    assert reading.read_due(NOW + timedelta(minutes=11)) == 1
    assert "sees no channel" not in page(client, release)


def test_slack_is_not_asked_before_it_allows(release, slack):
    slack.error = RateLimited("slow down", retry_after_s=120)
    reading.read_due(NOW)
    reading.read_due(NOW + timedelta(seconds=90))
    assert len(slack.asked) == 1
    assert ReleaseRoom.objects.get().error == ""


def test_another_channel_of_the_rule_is_read_at_once(release, slack):
    reading.read_due(NOW)
    ReleaseRule.objects.update(slack_channel="#announcements")
    reading.read_due(NOW + timedelta(minutes=1))
    assert ReleaseRoom.objects.get().name == "#announcements"


def test_a_release_that_was_moved_keeps_what_was_said_on_the_day_before(release, slack):
    slack.says("One")
    reading.read_due(NOW)
    planning.move(release.pk, NOW.date() + timedelta(days=1))
    slack.says("Two", NOW + timedelta(days=1))
    reading.read_due(NOW + timedelta(days=1))
    assert [text for _who, text in rows()] == ["One", "Two"]


def test_nothing_is_kept_for_ever(release, slack):
    slack.says("hello")
    reading.read_due(NOW)
    reading.read_due(NOW + timedelta(days=95))
    assert not RoomMessage.objects.exists()


@pytest.mark.parametrize("ts", ["", "x", "1.x", "1" * 30, "٣.1", None, 5])
def test_a_message_without_a_proper_time_is_left_out(ts):
    assert messages.said({"ts": ts, "text": "hello"}) is None


def test_files_and_other_apps_count_and_empty_messages_do_not():
    assert messages.said({"ts": "1.1", "subtype": "bot_message", "text": "CI", "bot_id": "B9"}).member == "B9"
    assert messages.said({"ts": "1.1", "text": "", "files": [{"title": "draft.png"}]}).text == "draft.png"
    assert messages.said({"ts": "1.1", "text": ""}) is None


# --- tickets ----------------------------------------------------------------------------------------------------------


def test_a_thread_becomes_one_ticket_however_often_it_is_pressed(client, release, slack):
    by_hand.set_up()
    root = slack.says("A customer asks whether 17.6 has dark mode")
    slack.replies(root, "No idea", NOW + timedelta(minutes=1))
    reading.read_due(NOW + timedelta(minutes=2))
    first = RoomMessage.objects.earliest("ts")
    assert "It is now ticket" in decide(client, release, first, do="ticket").content.decode()
    assert "It was already ticket" in decide(client, release, first, do="ticket").content.decode()
    ticket = Ticket.objects.get()
    assert ticket.subject.startswith("#release-post: A customer asks")
    assert "Kofi: No idea" in ticket.messages.get().text
    assert ticket.messages.get().url == first.url
    assert set(RoomMessage.objects.values_list("ticket", flat=True)) == {ticket.pk}
    html = page(client, release)
    assert f"Ticket {ticket.pk}" in html
    assert "open thread" not in html


def test_what_is_said_later_reaches_whoever_works_on_the_ticket(client, release, slack):
    by_hand.set_up()
    root = slack.says("Dark mode?")
    reading.read_due(NOW)
    decide(client, release, RoomMessage.objects.get(), do="ticket")
    slack.replies(root, "It has", NOW + timedelta(minutes=1))
    root["text"] = "Dark mode in 17.6?"
    reading.read_due(NOW + timedelta(minutes=2))
    said = list(Note.objects.order_by("pk").values_list("text", flat=True))
    assert said == [
        "Ines Almeida edited this in #release-post: Dark mode in 17.6?",
        "Kofi replied in #release-post: It has",
    ]
    assert not RoomMessage.objects.filter(done_at=None).exists()
    Ticket.objects.update(status="solved")
    slack.replies(root, "It has not", NOW + timedelta(minutes=3))
    reading.read_due(NOW + timedelta(minutes=4))
    assert Note.objects.count() == 2
    assert "1 open thread" in page(client, release), "nobody works on its ticket any more"


def test_a_restricted_ticket_is_not_named(client, release, slack):
    by_hand.set_up()
    slack.says("Dark mode?")
    reading.read_due(NOW)
    decide(client, release, RoomMessage.objects.get(), do="ticket")
    Ticket.objects.update(channel=ChannelFactory(visible_to=["admin"]))
    assert "Dark mode?" in page(client, release)
    assert f"Ticket {Ticket.objects.get().pk}" not in page(client, release)


def test_without_a_channel_for_it_nothing_happens_and_says_so(client, release, slack):
    slack.says("Dark mode?")
    reading.read_due(NOW)
    html = decide(client, release, RoomMessage.objects.get(), do="ticket").content.decode()
    assert "An admin can set one up" in html
    assert not Ticket.objects.exists()
    assert RoomMessage.objects.get().done_at is None


def test_a_link_of_a_message_is_the_release_post_with_one_press(client, release, slack):
    slack.says(f"Out: <{POST}>")
    reading.read_due(NOW)
    message = RoomMessage.objects.get()
    assert (
        "no longer in the thread"
        in decide(client, release, message, do="link", link="https://x.example").content.decode()
    )
    decide(client, release, message, do="link", link=POST)
    release.refresh_from_db()
    assert release.url == POST
    assert "has a link already" in decide(client, release, message, do="link", link=POST).content.decode()


def test_volunteers_read_it_and_decide_nothing(client, release, slack):
    slack.says("Dark mode?")
    reading.read_due(NOW)
    client.force_login(UserFactory(role="volunteer"))
    assert "Dark mode?" in page(client, release)
    assert 'value="done"' not in page(client, release)
    assert decide(client, release, RoomMessage.objects.get(), do="done").status_code == 403


# --- nobody looks at it -----------------------------------------------------------------------------------------------


def posts():
    return [(i.payload["channel"], i.payload["text"].partition("\n")[0]) for i in OutboundItem.objects.order_by("pk")]


def test_owner_hears_once_what_nobody_looks_at_and_the_team_in_the_summary(release, slack, sam):
    AccountFactory(person=PersonFactory(user=sam), namespace="slack:T1", handle="U00000SAM")
    slack.says("One", NOW - timedelta(minutes=5))
    slack.says("Two", NOW - timedelta(minutes=1))
    for minutes in range(0, 600, 10):
        reading.read_due(NOW + timedelta(minutes=minutes))
        reminding.run(NOW + timedelta(minutes=minutes))
    words = "messages in #release-post wait for somebody to look at them."
    assert posts() == [("U00000SAM", f"2 {words}")]
    slack.says("Three", NOW + timedelta(hours=10))
    reading.read_due(NOW + timedelta(hours=10, minutes=31))
    reminding.run(NOW + timedelta(hours=10, minutes=31))
    assert posts()[1:] == [("U00000SAM", "1 message in #release-post waits for somebody to look at it.")]
    OutboundItem.objects.all().delete()
    telling.announce(NOW + timedelta(hours=21))
    assert "3 messages in #release-post are still open." in OutboundItem.objects.get().payload["text"]


def test_nobody_hears_of_what_is_done(client, release, slack):
    slack.says("One")
    reading.read_due(NOW)
    decide(client, release, RoomMessage.objects.get(), do="done")
    reminding.run(NOW + timedelta(hours=1))
    assert posts() == []
    telling.announce(NOW + timedelta(hours=21))
    assert "still open" not in OutboundItem.objects.get().payload["text"]


def test_owner_hears_once_that_the_post_is_out(release, slack):
    Release.objects.filter(pk=release.pk).update(url=POST)
    slack.says("soon")
    reading.read_due(NOW)
    assert reminding.run(NOW) == 0
    slack.says(f"Out: <{POST}?utm_source=slack>", NOW + timedelta(minutes=1))
    reading.read_due(NOW + timedelta(minutes=2))
    assert [reminding.run(NOW + timedelta(minutes=minutes)) for minutes in (2, 3)] == [1, 0]
    assert posts() == [("#community-advocates", "The release post of Monthly release is linked in #release-post.")]


def test_the_schedule_does_both(release, slack, stop_clock):
    stop_clock(NOW + timedelta(hours=1))
    slack.says("One")
    tasks.read_release_rooms()
    assert rows() == [("Ines Almeida", "One")]
    assert len(posts()) == 1
