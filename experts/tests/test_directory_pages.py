import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.models import Entry
from experts.directory import usual_account
from experts.models import Expert, TeamPage
from experts.people_lists import csv_files
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from experts.tests.test_views import logged_in
from mentions.tests.factories import NOON, AccountFactory, ChannelFactory, TicketFactory

DIRECTORY = "experts:directory"


@pytest.fixture
def ana(db):
    expert = ExpertFactory(
        person__name="Ana Lima", title="Engineer", slack_handle="ana_slack", slack_id="U0000ANA", languages="en, de"
    )
    expert.topics.add(TopicFactory(name="Runner fleet", kind="group", parent=TopicFactory(name="Verify", kind="stage")))
    AccountFactory(person=expert.person, namespace="hackernews", handle="ana_on_hn")
    ExpertFactory(person__name="Ben Other")
    return expert


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("ana", True),
        ("lima eng", True),
        ("runner", True),
        ("@ana_slack", True),
        ("u0000ana", True),
        ("ana_on_hn", True),
        ("ana ben", False),
        ("%", False),
        ("@", True),
        ("\0", True),
        ("nobody", False),
    ],
)
def test_experts_are_found_by_typing(ana, typed, finds):
    client = logged_in("advocate")
    page = client.get(reverse(DIRECTORY), {"q": typed}, headers={"HX-Request": "true"}).content.decode()
    assert ("Ana Lima" in page) is finds
    assert "<html" not in page
    assert "<html" in client.get(reverse(DIRECTORY), {"q": typed}).content.decode()


def test_topic_lists_those_below_it_and_an_unknown_one_everybody(ana):
    client, verify = logged_in("advocate"), ana.topics.get().parent
    page = client.get(reverse(DIRECTORY), {"topic": verify.pk}, headers={"HX-Request": "true"}).content.decode()
    assert "Ana Lima" in page
    assert "Ben Other" not in page
    assert "Ben Other" in client.get(reverse(DIRECTORY), {"topic": "x"}).content.decode()


@pytest.mark.django_db
def test_a_long_directory_has_pages():
    for number in range(60):
        ExpertFactory(person__name=f"Expert {number:02}")
    client = logged_in("advocate")
    first = client.get(reverse(DIRECTORY)).content.decode()
    assert first.count('<a href="/experts/') >= 25
    assert "Expert 24" in first
    assert "Expert 25" not in first
    assert "Expert 25" in client.get(reverse(DIRECTORY), {"page": 2}).content.decode()


def test_tree_shows_channel_default_people_and_fallback(ana):
    stage = ana.topics.get().parent
    stage.fallback = TopicFactory(name="Everybody", kind="team", duty="unsure")
    stage.save()
    stage.default_people.add(ana)
    page = " ".join(logged_in("advocate").get(reverse(DIRECTORY)).content.decode().split())
    assert "else Everybody" in page
    assert "asked when no other topic fits" in page
    assert f'first: <a href="{reverse("experts:expert", args=[ana.pk])}">Ana Lima</a>' in page
    assert page.index("Verify</a>") < page.index("Runner fleet</a>", page.index("Verify</a>"))


def test_page_of_an_expert_shows_what_counts(ana):
    hidden = TicketFactory(channel=ChannelFactory(visible_to=["admin"]), subject="hush")
    OutreachFactory(expert=ana, ticket=hidden)
    OutreachFactory(expert=ana, ticket=TicketFactory(subject="seen by all"))
    AccountFactory(person=ana.person, namespace="twitter", handle="ana_slack")
    page = logged_in("advocate").get(reverse("experts:expert", args=[ana.pk])).content.decode()
    for words in (
        "German",
        "Runner fleet",
        "ana_on_hn",
        "<strong>ana_slack</strong>",
        "seen by all",
        "9:00–17:00, UTC",
    ):
        assert words in page
    assert "hush" not in page


@pytest.mark.parametrize(
    ("accounts", "slack", "expected"),
    [
        ((), "ana", ("", (), ())),
        ((("twitter", "ana"),), "@ana", ("ana", ("twitter",), ())),
        (
            (("twitter", "ana"), ("reddit", "Ana"), ("hackernews", "al")),
            "",
            ("Ana", ("reddit", "twitter"), (("hackernews", "al"),)),
        ),
        ((("twitter", "a"), ("reddit", "b")), "", ("", (), (("reddit", "b"), ("twitter", "a")))),
        ((("email", "ana"), ("twitter", "ana")), "", ("", (), (("email", "ana"), ("twitter", "ana")))),
    ],
)
def test_accounts_are_shown_where_they_differ_from_the_rule(accounts, slack, expected):
    found = usual_account.of(accounts, slack)
    assert (found.handle, found.namespaces, found.others) == expected


def test_somebody_is_taken_out_and_back_by_a_person(ana):
    admin, address = logged_in("admin"), reverse("experts:active", args=[ana.pk])
    for is_active in ("0", "0", "1"):
        assert admin.post(address, {"is_active": is_active}, follow=True).status_code == 200
        ana.refresh_from_db()
        assert ana.is_active is (is_active == "1")
    assert Entry.objects.filter(kind="directory_changed").count() == 2
    assert logged_in("advocate").post(address).status_code == 403


def test_import_shows_first_and_then_does_exactly_that(ana):
    admin, address = logged_in("admin"), reverse("experts:import")
    content = 'name;title;slack_id\nAna Lima;"Staff\nEngineer";U0000ANA\nZoë;;\n'.encode("cp1252")
    shown = admin.post(address, {"file": SimpleUploadedFile("x.csv", content)})
    assert "Staff" in shown.content.decode()
    assert Expert.objects.count() == 2
    sent = {"text": shown.context["text"].replace("\n", "\r\n"), "digest": shown.context["plan"].digest}
    assert admin.post(address, sent).status_code == 302
    assert Expert.objects.filter(person__name="Zoë").exists()
    assert admin.post(address, sent).status_code == 409  # sent again from another tab: the preview is out of date
    assert Expert.objects.count() == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name\n" + b"x" * 1_100_000, "larger than 1 MB"),
        (b"who\nAna", "must name the columns"),
        (b"\x81\x8d", "not a text file"),
        (b"name,timezone\nAna,Mars", "not a time zone"),
    ],
)
def test_import_says_what_is_wrong(ana, content, said):
    answer = logged_in("admin").post(reverse("experts:import"), {"file": SimpleUploadedFile("x.csv", content)})
    assert said in answer.content.decode()
    assert Expert.objects.count() == 2


def test_export_is_a_file_and_recorded(ana):
    answer = logged_in("advocate").get(reverse("experts:export"))
    assert answer["Content-Disposition"].startswith("attachment")
    assert "Ana Lima" in answer.content.decode("utf-8-sig")
    assert Entry.objects.filter(kind="exported", details={"rows": 2}).exists()


def test_team_page_shows_what_changed_and_is_read_by_button(ana):
    report = {"added": [ana.pk], "updated": [], "missing": [ana.pk, 10**6], "problems": ["3: the name is missing"]}
    page = TeamPage.objects.create(
        name="Team",
        url="https://a.example/t.yml",
        error="a.example does not answer.",
        report=report,
        read_at=NOON,
        due_at=NOON + timedelta(days=9999),
    )
    admin, address = logged_in("admin"), reverse("experts:team_page", args=[page.pk])
    shown = admin.get(address).content.decode()
    for words in ("a.example does not answer.", "No longer on the page", "3: the name is missing"):
        assert words in shown
    assert "a.example does not answer." in admin.get(reverse(DIRECTORY)).content.decode()
    admin.post(reverse("experts:read_page", args=[page.pk]))
    assert "being read" in admin.get(address).content.decode()


@pytest.mark.parametrize("field", [*csv_files.COLUMNS, "page_key"])
def test_team_page_names_what_changed_as_people_call_it(ana, field):
    page = TeamPage.objects.create(name="Team", report={"updated": [[ana.pk, [field]]]}, read_at=NOON)
    shown = logged_in("admin").get(reverse("experts:team_page", args=[page.pk])).content.decode()
    (words,) = re.findall(r'Ana Lima</a> <span class="quiet">(.*?)</span>', shown)
    assert re.fullmatch(r"[A-Z]?[a-z]+( [a-z]+)*", words)


@pytest.mark.parametrize("entered", ["ana_slack", "@ana_slack"])
def test_slack_name_has_one_at_sign_however_it_was_entered(ana, entered):
    Expert.objects.filter(pk=ana.pk).update(slack_handle=entered)
    client = logged_in("advocate")
    for address in (reverse(DIRECTORY), reverse("experts:expert", args=[ana.pk])):
        assert re.search(r">@ana_slack\b", client.get(address).content.decode())


@pytest.mark.parametrize("what", ["directory", "expert"])
def test_pages_cost_the_same_queries_for_one_and_for_many(ana, django_assert_max_num_queries, what):
    client = logged_in("advocate")
    address = reverse("experts:expert", args=[ana.pk]) if what == "expert" else reverse(DIRECTORY)

    def fill(count):
        for _ in range(count):
            OutreachFactory(expert=ana)
            topic = TopicFactory()
            topic.default_people.add(ana, ExpertFactory())
            ana.topics.add(topic)

    fill(1)
    with django_assert_max_num_queries(25) as few:
        client.get(address)
    fill(20)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(address)
