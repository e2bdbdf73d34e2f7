"""The monthly package: once per press and per month, whichever process dies, and never with restricted data."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pptx import Presentation

from audit.models import Entry
from channels.audience import seen_by
from channels.models import OutboundItem
from mentions.models import AudienceLimit, Person, Preference, Tag, Ticket
from mentions.people import access
from mentions.tests.factories import AccountFactory, ChannelFactory, TicketFactory, UserFactory
from metrics import tasks
from metrics.drawing import pictures
from metrics.mailing import planning, room, sending, wording
from metrics.models import Package, PackageFile, ReportMessage
from metrics.package import asking, building, months, scope, slides, steps
from metrics.package.zipped import zipped
from metrics.reports import REPORTS

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, 7, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
SEPTEMBER = "1 Sep 2026 – 30 Sep 2026"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


DRAW = pictures.png
PIXEL = DRAW({"mark": "point", "data": {"values": [{}]}})


@pytest.fixture(autouse=True)
def desk(settings, monkeypatch):
    """No broker, and no pictures drawn."""
    settings.SLACK_TOKEN = "xoxb-1"
    monkeypatch.setattr("metrics.package.building.send_task", lambda *args: True)
    monkeypatch.setattr(pictures, "png", lambda spec: PIXEL)


@pytest.fixture
def drawn(monkeypatch):
    """With pictures drawn after all."""
    monkeypatch.setattr(pictures, "png", DRAW)


@pytest.fixture
def figures():
    """A public channel named =News, and one that only admins can see."""
    public = ChannelFactory(name="=News")
    hidden = ChannelFactory(name="Reports", visible_to=["admin"])
    for channel, count in ((public, 12), (hidden, 7)):
        for n in range(count):
            posted = datetime(2026, 10, 2 + n, 10, tzinfo=UTC)
            ticket = TicketFactory(channel=channel, posted_at=posted, first_reply_at=posted + HOUR, status="solved")
            ticket.tags.add(Tag.objects.get_or_create(name="docs")[0])
    return public, hidden


def member(role="manager", package="", digest="", slack="", zone="", **kwargs):
    user = UserFactory(role=role, **kwargs)
    Preference.objects.create(user=user, monthly_package=package, weekly_digest=digest, time_zone=zone)
    if slack:
        AccountFactory(person=Person.objects.create(name=user.username, user=user), namespace="slack:T1", handle=slack)
    return user


def made(user, now=NOW, zone="UTC"):
    package = asking.ask(user, OCTOBER, zone, [], key=uuid4(), now=now)
    assert building.build(package.pk, now)
    package.refresh_from_db()
    return package


def content(package, name):
    return bytes(package.files.get(name=name).content)


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


TABLES_OF = (
    *("channels", "platforms", "advocates", "tags"),
    *(f"{report}-{table}" for report in ("first-reply", "activity") for table in ("figures", "beside")),
    *(f"experts-{table}" for table in ("figures", "topics", "people", "platforms")),
    *(f"outcomes-{table}" for table in ("channels", "beside", "reasons")),
    *(f"hours-{table}" for table in ("figures", "mentions", "replies")),
    *(f"release-day-{table}" for table in ("figures", "releases", "channels")),
)
TABLES = {f"{name}-UTC.csv" for name in TABLES_OF}


# --- contents ---------------------------------------------------------------------------------------------------------


def test_it_holds_slides_pictures_tables_and_the_summary(figures):
    package = made(member())
    with zipfile.ZipFile(io.BytesIO(zipped(package))) as archive:
        names = {name.removeprefix("mentions-2026-10/") for name in archive.namelist()}
    assert names == {
        *("first-reply-median-by-day.png", "first-reply-median-by-channel.png", "activity-daily-activity.png"),
        "activity-in-all.png",
        *("channels-by-channel.png", "channels-by-day.png", "platforms-mentions.png", "tags-tags.png"),
        *("hours-mentions.png", "hours-replies.png"),
        *TABLES,
        *("summary.txt", "slides.pptx"),
    }
    assert content(package, "tags-tags.png").startswith(b"\x89PNG")
    rows = list(csv.reader(io.StringIO(content(package, "first-reply-figures-UTC.csv").decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["All channels", "High priority", "'=News"]
    assert content(package, "summary.txt").decode().splitlines() == package.summary
    assert package.summary[0].startswith("October 2026: 12 mentions.")


def test_its_tables_name_the_time_zone_of_their_days(figures):
    package = made(member(), zone="Asia/Kolkata")
    tables = set(package.files.filter(name__endswith=".csv").values_list("name", flat=True))
    assert tables == {f"{name}-Asia-Kolkata.csv" for name in TABLES_OF}


def test_slides_open_with_the_summary_then_one_picture_each_inside_the_slide(figures, drawn):
    package = made(member())
    deck = Presentation(io.BytesIO(content(package, "slides.pptx")))
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert titles == [
        *("Mentions in October 2026", "Median First Reply Time by day"),
        f"Median First Reply Time by channel, compared with {SEPTEMBER}",
        "Daily ticket activity",
        f"Ticket activity, compared with {SEPTEMBER}",
        f"Mentions by channel, compared with {SEPTEMBER}",
        "Mentions by day and channel",
        f"Mentions by platform, compared with {SEPTEMBER}",
        *("When mentions are posted", "When first replies are posted"),
        f"Mentions by tag, compared with {SEPTEMBER}",
    ]
    words = " ".join(shape.text_frame.text for shape in deck.slides[0].shapes if shape.has_text_frame)
    assert all(line in words for line in package.summary)
    for slide in list(deck.slides)[1:]:
        (picture,) = [shape for shape in slide.shapes if shape.shape_type == 13]
        assert picture.left >= 0
        assert picture.left + picture.width <= deck.slide_width
        assert picture.top + picture.height <= deck.slide_height
        assert picture._element.nvPicPr.cNvPr.get("descr") == slide.shapes.title.text_frame.text


def test_odd_characters_in_a_name_do_not_keep_the_slides_from_being_made():
    lines = ["a\x00b\x1b[31m", "\ufffe", "\ud800", "<a & b>\n\nc", "x" * 4000, ""]
    deck = Presentation(io.BytesIO(slides.presentation("t\ufffe" * 300, lines, [("p\x07", PIXEL)], NOW)))
    words = [shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.has_text_frame]
    assert any("<a & b> c" in text for text in words)


def test_a_month_without_anything_has_no_empty_pictures():
    package = made(member())
    assert set(package.files.values_list("name", flat=True)) == {*TABLES, "slides.pptx", "summary.txt"}


def test_every_report_of_a_period_is_in_it():
    assert {kind.name for kind in steps.REPORTS} == set(REPORTS) - {"overview"}


def test_it_is_the_same_bytes_every_time(figures):
    package = made(member())
    assert zipped(package) == zipped(Package.objects.get(pk=package.pk))


# --- built once, whichever process dies -------------------------------------------------------------------------------


@pytest.mark.parametrize("dies_in", range(len(steps.STEPS)))
def test_a_worker_that_dies_in_any_step_is_followed_by_one_that_goes_on(figures, monkeypatch, dies_in):
    whole = list(steps.STEPS)

    def dying(package, now):
        raise MemoryError

    monkeypatch.setattr(building, "STEPS", [*whole[:dies_in], dying, *whole[dies_in + 1 :]])
    package = asking.ask(member(), OCTOBER, "UTC", [], key=uuid4(), now=NOW)
    with pytest.raises(MemoryError):
        building.build(package.pk, NOW)
    kept = set(PackageFile.objects.values_list("pk", flat=True))
    monkeypatch.setattr(building, "STEPS", whole)
    assert not building.build(package.pk, NOW + MINUTE), "somebody has it"
    assert building.follow(NOW + MINUTE) == 0
    assert building.follow(NOW + 3 * MINUTE) == 1
    assert building.build(package.pk, NOW + 3 * MINUTE)
    assert kept <= set(PackageFile.objects.values_list("pk", flat=True)), "no step twice"
    assert PackageFile.objects.count() == len(TABLES) + 12


def test_a_step_that_never_finishes_is_given_up_and_said_and_goes_on_by_a_press(figures, monkeypatch):
    def dying(package, now):
        raise MemoryError

    user = member()
    monkeypatch.setattr(building, "STEPS", [steps.STEPS[0], dying])
    package = asking.ask(user, OCTOBER, "UTC", [], key=uuid4(), now=NOW)
    for n in range(building.MAX_ATTEMPTS):
        with pytest.raises(MemoryError):
            building.build(package.pk, NOW + 3 * n * MINUTE)
    assert building.follow(NOW + HOUR) == 0
    assert "could not be made" in client_of(user).get(reverse("metrics:packages")).content.decode()
    monkeypatch.setattr(building, "STEPS", steps.STEPS)
    client_of(user).post(reverse("metrics:package_again", args=[package.pk]))
    assert building.build(package.pk, NOW + HOUR)


def test_two_workers_store_one_set_of_files(figures):
    package = asking.ask(member(), OCTOBER, "UTC", [], key=uuid4(), now=NOW)
    first, second = Package.objects.get(pk=package.pk), Package.objects.get(pk=package.pk)
    building._do(first, NOW)
    building._do(second, NOW)
    package.refresh_from_db()
    assert (package.done, package.files.count()) == (1, 4)


# --- access -----------------------------------------------------------------------------------------------------------


def test_a_package_counts_what_its_owner_may_see_and_is_for_nobody_else(figures):
    admin, manager = member("admin"), member()
    own, other = made(admin), made(manager)
    assert own.summary[0].startswith("October 2026: 19 mentions.")
    assert other.summary[0].startswith("October 2026: 12 mentions.")
    assert b"Reports" not in b"".join(bytes(file.content) for file in other.files.filter(name__endswith="csv"))
    assert client_of(manager).get(reverse("metrics:package_zip", args=[own.pk])).status_code == 404
    assert client_of(admin).get(reverse("metrics:package_zip", args=[other.pk])).status_code == 404
    assert client_of(admin).get(reverse("metrics:package_zip", args=[own.pk])).status_code == 200


@pytest.mark.parametrize("role", ["volunteer", "advocate", "manager", "admin"])
def test_the_frozen_list_of_channels_counts_exactly_what_the_person_sees(figures, role):
    public, hidden = figures
    merged = TicketFactory(channel=public, posted_at=NOW)
    AudienceLimit.objects.get_or_create(ticket=merged, channel=hidden)
    user = member(role)
    seen = access.visible_tickets(user) if user.has_perm(access.VIEW) else Ticket.objects.none()
    assert set(scope.tickets_of(scope.channels_in_sight(user))) == set(seen)


def test_a_package_disappears_when_one_of_its_channels_is_hidden_from_its_reader(figures):
    public, _hidden = figures
    user = member()
    package = made(user)
    public.visible_to = ["admin"]
    public.save()
    assert not seen_by(user, Package).exists()
    assert not seen_by(user, PackageFile).exists()
    assert client_of(user).get(reverse("metrics:package_zip", args=[package.pk])).status_code == 404


def test_a_channel_that_comes_into_sight_between_two_steps_is_not_counted(figures):
    _public, hidden = figures
    user = member()
    package = asking.ask(user, OCTOBER, "UTC", [], key=uuid4(), now=NOW)
    building._do(Package.objects.get(pk=package.pk), NOW)
    hidden.visible_to = []
    hidden.save()
    assert building.build(package.pk, NOW)
    package.refresh_from_db()
    assert package.summary[0].startswith("October 2026: 12 mentions.")


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_press_twice_makes_one_package_and_shows_its_progress(figures):
    user, key = member(), str(uuid4())
    client, month = client_of(user), months.choices(datetime.now(UTC), UTC)[0].isoformat()
    for _ in range(2):
        client.post(reverse("metrics:make_package"), {"key": key, "month": month, "way": "mail"})
    package = Package.objects.get()
    assert [message.way for message in package.messages.all()] == ["mail"]
    page = client.get(reverse("metrics:packages")).content.decode()
    assert "hx-trigger" in page
    assert f"0 of {len(steps.STEPS)} steps" in page
    line = reverse("metrics:package", args=[package.pk])
    assert client.get(line).status_code == 200
    building.build(package.pk, datetime.now(UTC))
    done = client.get(line)
    assert done.status_code == 286
    assert reverse("metrics:package_zip", args=[package.pk]) in done.content.decode()


@pytest.mark.parametrize("given", [{}, {"month": "x", "key": "y"}, {"month": "2999-01-01"}])
def test_a_press_with_odd_values_makes_nothing_and_says_so(given):
    response = client_of(member()).post(reverse("metrics:make_package"), given, follow=True)
    assert "Choose a past month" in response.content.decode()
    assert not Package.objects.exists()


def test_the_key_of_somebody_else_gives_nothing(figures):
    theirs = made(member("admin"))
    user, month = member(), months.choices(datetime.now(UTC), UTC)[0].isoformat()
    client_of(user).post(reverse("metrics:make_package"), {"key": str(theirs.key), "month": month})
    assert not Package.objects.filter(user=user).exists()


def test_a_download_is_in_the_audit_log(figures):
    user = member()
    package = made(user)
    response = client_of(user).get(reverse("metrics:package_zip", args=[package.pk]))
    assert response.headers["Content-Disposition"] == 'attachment; filename="mentions-2026-10.zip"'
    entry = Entry.objects.get(kind="exported")
    assert (entry.actor_id, entry.subject_name) == (user.pk, "package 2026-10")


def test_an_empty_page_says_how_to_begin():
    assert "No packages yet" in client_of(member()).get(reverse("metrics:packages")).content.decode()


# --- by schedule ------------------------------------------------------------------------------------------------------


def sweep(now):
    """Runs the task and a worker."""
    asking.schedule(now)
    for package in Package.objects.filter(state="building"):
        building.build(package.pk, now)
    planning.plan(now)
    room.announce(now)
    sending.send_due(now)


def test_the_month_is_made_once_for_whoever_chose_it_and_sent_once_each_way(figures):
    both, nobody = member(package="both", slack="U1234567"), member()
    sweep(datetime(2026, 11, 1, 5, tzinfo=UTC))
    assert set(Package.objects.values_list("month", flat=True)) == {date(2026, 9, 1)}, "October has not settled"
    mail.outbox.clear()
    OutboundItem.objects.all().delete()
    for hours in (0, 1, 24, 240):
        sweep(NOW + hours * HOUR)
    package = Package.objects.get(month=OCTOBER)
    (sent,) = mail.outbox
    assert sent.to == [both.email] != [nobody.email]
    assert package.summary[0] in sent.body
    ((name, attached, kind),) = sent.attachments
    assert (name, attached, kind) == ("mentions-2026-10.zip", zipped(package), "application/zip")
    post = OutboundItem.objects.get()
    assert post.payload["channel"] == "U1234567"
    assert package.summary[0] in post.payload["text"]
    assert Entry.objects.filter(kind="exported", actor_id=both.pk, subject_name="package 2026-10").count() == 1


def test_a_scheduler_that_was_down_is_late_and_only_for_the_last_month(figures):
    member(package="mail")
    for days in (24, 24.5):
        sweep(NOW + days * DAY)
    assert [package.month for package in Package.objects.all()] == [OCTOBER]
    assert len(mail.outbox) == 1


def test_nobody_wants_it_nobody_makes_it(figures):
    member(role="volunteer", digest="mail")
    sweep(NOW)
    assert not Package.objects.exists()


def test_the_packages_of_the_team_hold_nothing_of_a_restricted_channel(figures):
    admin = member("admin", package="mail")
    sweep(NOW)
    assert Package.objects.get().summary[0].startswith("October 2026: 12 mentions.")
    assert "Restricted channels are not counted here." in mail.outbox[0].body
    assert mail.outbox[0].to == [admin.email]


def test_a_room_hears_of_the_teams_package_once_with_its_first_lines(figures, settings):
    """Nobody has chosen it: setting the Slack channel is enough."""
    settings.PACKAGE_SLACK_CHANNEL = "#meeting"
    for hours in (0, 1, 24, 240):
        sweep(NOW + hours * HOUR)
    package, post = Package.objects.get(), OutboundItem.objects.get()
    assert (package.user, post.payload["channel"]) == (None, "#meeting")
    text = post.payload["text"]
    assert package.summary[0] in text
    assert len(text.splitlines()) <= wording.ROOM_LINES + 3
    assert text.endswith(reverse("metrics:packages"))
    assert mail.outbox == []


@pytest.mark.parametrize("missing", ["SLACK_TOKEN", "PACKAGE_SLACK_CHANNEL"])
def test_without_a_room_or_without_slack_no_room_hears_of_it(figures, settings, missing):
    settings.PACKAGE_SLACK_CHANNEL = "#meeting"
    setattr(settings, missing, "")
    member(package="mail")
    sweep(NOW)
    assert Package.objects.exists()
    assert not OutboundItem.objects.exists()


def test_a_room_hears_nothing_of_a_channel_that_was_hidden_in_between_or_of_somebodys_own_package(figures, settings):
    settings.PACKAGE_SLACK_CHANNEL = "#meeting"
    public, _hidden = figures
    made(member("admin"))
    asking.schedule(NOW)
    building.build(Package.objects.get(user=None).pk, NOW)
    public.visible_to = ["admin"]
    public.save()
    assert room.announce(NOW) == 0
    assert not OutboundItem.objects.exists()


def test_a_room_that_is_chosen_late_hears_of_the_next_one(figures, settings):
    member(package="mail")
    sweep(NOW)
    settings.PACKAGE_SLACK_CHANNEL = "#meeting"
    sweep(NOW + 4 * DAY)
    assert not OutboundItem.objects.exists()


def test_a_mail_server_that_is_away_is_asked_again_until_it_takes_it(figures, monkeypatch):
    member(package="mail")

    def refuse(self):
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", refuse)
        sweep(NOW)
        sweep(NOW + MINUTE)
    assert ReportMessage.objects.get().tries == 1
    sweep(NOW + HOUR)
    sweep(NOW + 2 * HOUR)
    assert len(mail.outbox) == 1
    assert ReportMessage.objects.get().sent_at == NOW + HOUR


def test_whoever_lost_their_rights_in_between_gets_nothing(figures):
    user = member(package="mail")
    asking.schedule(NOW)
    building.build(Package.objects.get().pk, NOW)
    planning.plan(NOW)
    user.groups.clear()
    assert sending.send_due(NOW) == 0
    assert mail.outbox == []


def test_a_pressed_package_is_sent_once_it_is_ready_and_slack_gets_no_figure(figures):
    user = member("admin", slack="U1234567")
    package = asking.ask(user, OCTOBER, "UTC", ["slack"], key=uuid4(), now=NOW)
    assert sending.send_due(NOW) == 0
    building.build(package.pk, NOW)
    assert [sending.send_due(NOW), sending.send_due(NOW)] == [1, 0]
    text = OutboundItem.objects.get().payload["text"]
    assert "October 2026" in text
    assert "19" not in text


def test_old_packages_go_and_the_teams_stay_longer(figures):
    member(package="mail")
    made(member())
    sweep(NOW)
    building.prune(NOW + 32 * DAY)
    assert [package.user for package in Package.objects.all()] == [None]
    building.prune(NOW + 801 * DAY)
    assert not Package.objects.exists()


# --- the weekly digest ------------------------------------------------------------------------------------------------

MONDAY = datetime(2026, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at"),
    [("", MONDAY + 7 * HOUR), ("Asia/Tokyo", MONDAY - 2 * HOUR), ("America/Los_Angeles", MONDAY + 14 * HOUR)],
)
def test_the_digest_comes_once_a_week_at_seven_of_their_own_time(figures, zone, at):
    user = member(digest="mail", zone=zone)
    ReportMessage.objects.create(user=user, way="mail", week=date(2026, 9, 28))
    for before in (3 * DAY, 12 * HOUR, MINUTE):
        sweep(at - before)
    assert mail.outbox == []
    for after in (timedelta(), MINUTE, 3 * DAY, 6 * DAY):
        sweep(at + after)
    (sent,) = mail.outbox
    assert sent.subject == "Mentions: 5 October 2026 to 11 October 2026"
    assert "Nothing to compare with" in sent.body
    sweep(at + 7 * DAY)
    assert len(mail.outbox) == 2


def test_a_digest_that_was_missed_comes_late_and_those_before_it_never(figures):
    member(digest="mail")
    sweep(MONDAY + 24 * DAY)
    sweep(MONDAY + 25 * DAY)
    assert [sent.subject for sent in mail.outbox] == ["Mentions: 26 October 2026 to 1 November 2026"]


def test_another_time_zone_gives_no_second_digest(figures):
    user = member(digest="mail", zone="Asia/Tokyo")
    sweep(MONDAY)
    Preference.objects.filter(user=user).update(time_zone="America/Los_Angeles")
    for hours in range(0, 48, 6):
        sweep(MONDAY + hours * HOUR)
    assert len(mail.outbox) == 1


def test_a_digest_counts_what_its_reader_sees_and_in_slack_what_everybody_sees(figures):
    member("admin", digest="both", slack="U1234567")
    sweep(MONDAY + 8 * HOUR)
    assert "11 mentions" in mail.outbox[0].body
    text = OutboundItem.objects.get().payload["text"]
    assert "7 mentions" in text
    assert "Restricted channels are not counted here." in text


def test_a_small_person_without_mail_or_slack_gets_nothing_and_costs_nothing(figures):
    member(digest="both", email="")
    sweep(MONDAY + 8 * HOUR)
    assert not ReportMessage.objects.exists()


# --- choosing ---------------------------------------------------------------------------------------------------------

SAVED = {"theme": "", "time_zone": "", "shift": "", "has_keys": "on"}


def test_everybody_chooses_on_their_settings_page_and_nothing_is_chosen_for_them():
    user = UserFactory(role="manager")
    client = client_of(user)
    assert 'name="weekly_digest"' in client.get(reverse("mentions:me")).content.decode()
    client.post(reverse("mentions:me"), {**SAVED, "weekly_digest": "", "monthly_package": "mail"})
    chosen = Preference.objects.get(user=user)
    assert (chosen.weekly_digest, chosen.monthly_package) == ("", "mail")


def test_a_choice_that_cannot_reach_them_says_what_to_do():
    user = UserFactory(role="manager", email="")
    client = client_of(user)
    page = client.post(reverse("mentions:me"), {**SAVED, "weekly_digest": "mail"}).content.decode()
    assert "no email address" in page
    page = client.post(reverse("mentions:me"), {**SAVED, "weekly_digest": "slack"}).content.decode()
    assert "does not know you in Slack" in page
    assert not Preference.objects.filter(user=user).exists()


def test_who_may_not_read_reports_is_offered_none():
    client = client_of(UserFactory(role="volunteer"))
    assert "weekly_digest" not in client.get(reverse("mentions:me")).content.decode()
    client.post(reverse("mentions:me"), {**SAVED, "weekly_digest": "mail"})
    assert Preference.objects.get().weekly_digest == ""


def test_the_tasks_do_it_all(figures, monkeypatch, settings):
    settings.PACKAGE_SLACK_CHANNEL = "#meeting"
    monkeypatch.setattr(tasks, "desk_now", lambda: NOW)
    member(package="mail")
    tasks.follow_packages()
    tasks.build_package(Package.objects.get().pk)
    tasks.follow_packages()
    tasks.prune_packages()
    assert len(mail.outbox) == 1
    assert OutboundItem.objects.get().payload["channel"] == "#meeting"
