import csv
import io
import json
from datetime import date

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import Entry as Logged
from channels.errors import Transient
from experts.models import Expert, TeamPage
from experts.people_lists import applying, csv_files, planning, team_pages
from experts.people_lists.page_formats import BadPage
from experts.people_lists.page_formats import read as read_page
from experts.tests.factories import ExpertFactory, TopicFactory
from mentions.csv_lists.plans import NotAsPreviewed
from mentions.models import Account, Person
from mentions.people import colleagues
from mentions.tests.factories import NOON, AccountFactory, PersonFactory, UserFactory
from mentions.text import cells
from mentions.text.cells import BadFile

HEAD = ",".join(csv_files.COLUMNS)


def imported(text, encoding="utf-8"):
    entries = csv_files.read(text.encode(encoding))
    return applying.carry_out(entries, planning.plan(entries).digest, UserFactory(), NOON)


def problems_of(text):
    return {step.entry.line: step.problems for step in planning.plan(csv_files.read(text.encode())).steps}


@given(st.text())
def test_a_cell_survives_being_made_safe(text):
    assert cells.unescaped(cells.escaped(text)) == text
    assert not cells.escaped(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_files_of_real_spreadsheets_are_read(encoding, delimiter, newline):
    text = newline.join([delimiter.join(["Name", "Slack Handle"]), delimiter.join(["Zoë Müller", "'@zoe"]), "", ""])
    (entry,) = csv_files.read(text.encode(encoding))
    assert (entry.line, entry.name, entry.values) == (2, "Zoë Müller", {"slack_handle": "@zoe"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"who,title\nAna,x", "name"),
        (b"name,age\nAna,7", "no column"),
        (b"name,name\nAna,7", "two columns"),
        (b"\xff\xfe\x00", "not a text file"),
        (b"\x81\x8d,", "not a text file"),
        (b'name\n"Ana', "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content, said):
    with pytest.raises(BadFile, match=said):
        csv_files.read(content)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("timezone", "Mars/Olympus", "not a time zone"),
        ("slack_id", "ana", "not a Slack member ID"),
        ("languages", "english", "not a language code"),
        ("role", "wizard", "is not one of"),
        ("work_starts", "nine", "not an hour"),
        ("work_starts", "18", "must end after it starts"),
        ("absent_from", "2026-11-02", "must end after it starts"),
        ("absent_until", "2.11.2026", "not a date"),
        ("is_active", "maybe", "not yes or no"),
        ("topics", "nonsense", "there is no topic"),
        ("accounts", "ana", "not an account"),
        ("accounts", "twitter=known", "belongs to Owner"),
        ("title", "x" * 121, "longer than 120"),
    ],
)
def test_dry_run_names_what_is_wrong_in_each_line(column, value, said):
    AccountFactory(namespace="twitter", handle="known", person=PersonFactory(name="Owner", is_us=True))
    text = f"name,{column}\nBen,\nAna,{value}\n"
    found = problems_of(text)
    assert found[2] == []
    assert [problem for problem in found[3] if said in problem]
    with pytest.raises(NotAsPreviewed):
        imported(text)
    assert not Expert.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "lines",
    ["Ana,U0000001\nAna Two,U0000001", "Ana,\nana,", "Ana,U0000001\nAna,"],
)
def test_two_lines_about_one_person_are_refused(lines):
    ExpertFactory(person__name="Ana", slack_id="U0000001")
    assert all(problems_of(f"name,slack_id\n{lines}\n").values())


@pytest.mark.django_db
def test_import_adds_and_updates_people_and_a_second_one_does_nothing():
    verify = TopicFactory(slug="s-verify", name="Verify")
    ana = ExpertFactory(person__name="Ana", slack_id="U0000001", slack_handle="ana")
    known = PersonFactory(name="Cyd", is_us=True)
    text = (
        "name;slack_id;topics;languages;absent_until;accounts;is_active\r\n"
        "Ana Lima;U0000001;Verify;EN, de;2026-12-24;twitter=ana_l|hackernews=ana;\r\n"
        "Ben;;s-verify;;;;yes\r\nCyd;;;;;;no\r\n"
    )
    assert imported(text, "cp1252").counts == {"add": 2, "update": 1, "same": 0, "wrong": 0}
    ana.refresh_from_db()
    assert (ana.person.name, ana.languages, ana.absent_until) == ("Ana Lima", "en, de", date(2026, 12, 24))
    assert ana.slack_handle == "ana"  # a column missing from the file is left alone
    assert list(ana.topics.all()) == [verify]
    assert set(ana.person.accounts.values_list("namespace", "handle")) == {("twitter", "ana_l"), ("hackernews", "ana")}
    assert known.expert.is_active is False
    assert Logged.objects.filter(kind="directory_changed").count() == 1
    assert imported(text, "cp1252").counts == {"add": 0, "update": 0, "same": 3, "wrong": 0}
    assert (Person.objects.filter(is_us=True).count(), Account.objects.count()) == (3, 2)


@pytest.mark.django_db
def test_of_two_with_one_name_the_account_tells_who_is_meant():
    ana, other = ExpertFactory(person__name="Ana"), ExpertFactory(person__name="Ana")
    AccountFactory(namespace="twitter", handle="ana", person=ana.person)
    assert "several people" in problems_of("name\nAna\n")[2][0]
    (step,) = planning.plan(csv_files.read(b"name,accounts\nAna,twitter=ana\n")).steps
    assert (step.expert, step.problems) == (ana, [])
    assert other != ana


@pytest.mark.django_db
def test_only_what_was_shown_is_imported():
    entries = csv_files.read(b"name,title\nAna,Engineer\n")
    shown = planning.plan(entries).digest
    ExpertFactory(person__name="Ana", title="Designer")
    with pytest.raises(NotAsPreviewed) as refused:
        applying.carry_out(entries, shown, UserFactory(), NOON)
    assert refused.value.plan.counts["update"] == 1


@pytest.mark.django_db
def test_export_is_safe_to_open_and_importing_it_changes_nothing():
    topic = TopicFactory()
    evil = ExpertFactory(
        person__name='=cmd|"/c calc"!A0', slack_handle="@ana", title='+1, "quoted"\nline', languages="en"
    )
    evil.topics.add(topic)
    AccountFactory(person=evil.person, namespace="twitter", handle="@ana")
    ExpertFactory(is_active=False, absent_from="2026-11-02", absent_until="2026-11-09", role="writer")
    text = csv_files.export()
    rows = list(csv.reader(io.StringIO(text)))
    assert tuple(rows[0]) == csv_files.COLUMNS
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    counts = planning.plan(csv_files.read(("\ufeff" + text).encode())).counts
    assert counts == {"add": 0, "update": 0, "same": 2, "wrong": 0}


@pytest.mark.django_db
def test_planning_costs_the_same_queries_for_many(django_assert_num_queries):
    entries = csv_files.read(b"name,accounts\n" + b"\n".join(b"N%d,twitter=n%d" % (n, n) for n in range(50)))
    for _ in range(5):
        ExpertFactory()
    with django_assert_num_queries(5):
        planning.plan(entries)


# --- team pages -----------------------------------------------------------------------------------------------------

YAML = b"""
- slug: ana
  name: Ana Lima
  role: <a href="/jobs">Engineering Manager, Verify</a>
  twitter: "@ana_l"
  departments: [Engineering, Verify]
- slug: open
  type: vacancy
  name: New hire
- slug: ben
  name: Ben
  timezone: Mars/Olympus
"""


@pytest.fixture
def page():
    return TeamPage.objects.create(name="Team", url="https://about.acme.example/team.yml")


def read_as(page, content, now=NOON):
    done = team_pages.read(page, None, now, lambda url: content)
    page.refresh_from_db()
    return done


@pytest.mark.django_db
def test_team_page_adds_people_and_says_what_it_could_not_read(page):
    verify = TopicFactory(name="Verify")
    assert read_as(page, YAML)
    ana = Expert.objects.get()
    assert (ana.person.name, ana.title, ana.role) == ("Ana Lima", "Engineering Manager, Verify", "eng_manager")
    assert list(ana.topics.all()) == [verify]
    assert ana.person.accounts.get().handle == "ana_l"
    assert page.report["added"] == [ana.pk]
    assert "not a time zone" in page.report["problems"][0]


@pytest.mark.django_db
def test_advocates_on_the_team_page_become_no_experts(page):
    PersonFactory(name="Sam", is_us=True, user=UserFactory(role="advocate"))
    PersonFactory(name="Mo", is_us=True, user=UserFactory(role="manager"))
    assert read_as(page, b"- name: Sam\n- name: Mo\n- name: ~\n- {name: Lee, role: Community Advocate}\n")
    assert [expert.person.name for expert in Expert.objects.all()] == ["Mo"]
    assert page.report["problems"] == ["3: the name is missing"]


@pytest.mark.django_db
def test_team_page_updates_people_keeps_their_topics_and_removes_nobody(page):
    own = TopicFactory()
    read_as(page, b'[{"slug": "ana", "name": "Ana"}, {"slug": "ben", "name": "Ben"}]')
    ana, ben = Expert.objects.order_by("person__name")
    ana.topics.add(own)
    assert read_as(page, b'{"people": [{"slug": "ana", "name": "Ana Lima", "title": "Technical Writer"}]}')
    ana.refresh_from_db()
    assert (ana.person.name, ana.role, list(ana.topics.all())) == ("Ana Lima", "writer", [own])
    assert page.report["updated"] == [[ana.pk, ["name", "title", "role"]]]
    assert page.report["missing"] == [ben.pk]
    ben.refresh_from_db()
    assert ben.is_active


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "lists nobody"),
        (b"{}", "not a list"),
        (b"a: [", "neither YAML nor JSON"),
        (b"a: &a [x]\nb: *a", "aliases"),
        (b"!!python/object/apply:os.system [ls]", "lists nobody"),
        (b"{[a]: b}\n", "neither YAML nor JSON"),
        (b"? [a]\n: b\n", "not a text"),
        (b"[" * 100_000, "neither YAML nor JSON"),
        (b"- " * 100_000, "nested too deeply"),
        (b"\xff", "neither YAML nor JSON"),
        (b'[{"name": "Ana", "topics": ' + b"[" * 900 + b"]" * 900 + b"}]", "nested too deeply"),
        (b'[{"name": "Ana", "type": ' + b"[" * 900 + b"]" * 900 + b"}]", "nested too deeply"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "nested too deeply"),
    ],
)
def test_a_page_that_cannot_be_read_changes_nothing_and_is_shown(page, content, said):
    expert = ExpertFactory(page_key=f"{page.pk}:ana")
    assert not read_as(page, content)
    assert said in page.error
    expert.refresh_from_db()
    assert expert.is_active
    assert (page.due_at - NOON) == team_pages.AGAIN


@pytest.mark.django_db
def test_pages_are_read_daily_and_by_request(page):
    content = b'[{"name": "Ana"}]'
    assert team_pages.read_due(NOON, lambda url: content) == 1
    assert team_pages.read_due(NOON, lambda url: content) == 0
    team_pages.request(page.pk, NOON)
    assert team_pages.read_due(NOON, lambda url: content) == 1
    assert team_pages.read_due(NOON + team_pages.EVERY, lambda url: content) == 1
    assert Expert.objects.count() == 1


@pytest.mark.django_db
def test_a_failing_page_is_tried_again_and_then_forgets_its_error(page):
    def fail(url):
        raise Transient("about.acme.example does not answer.")

    assert team_pages.read_due(NOON, fail) == 0
    page.refresh_from_db()
    assert page.error == "about.acme.example does not answer."
    assert team_pages.read_due(NOON + team_pages.AGAIN, lambda url: b'[{"name": "Ana"}]') == 1
    page.refresh_from_db()
    assert page.error == ""


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["http://127.0.0.1:9/team.yml", "http://10.0.0.1/team.yml", "http://[::1]/team.yml"])
def test_no_private_address_is_read(page, url, settings):
    settings.ALLOWED_PRIVATE_HOSTS = []
    page.url = url
    assert not team_pages.read(page, None, NOON)
    assert page.error


def test_a_page_of_a_hundred_bytes_does_not_become_gigabytes():
    bomb = b"a: &a [x,x]\nb: &b [*a,*a]\nteam: [*b,*b]"
    with pytest.raises(BadPage):
        read_page(bomb, "1")


ODD = [
    "Ana",
    "ana",
    "Ben",
    "",
    "\0",
    "\ud800",
    "a\0b",
    "'=1+1",
    "x" * 300,
    "U0123ABCD",
    "twitter",
    "Verify",
    7,
    None,
    [],
    {},
]
odd_people = st.lists(
    st.dictionaries(
        st.sampled_from(["name", "slug", "slack_id", "title", "topics", "twitter", "type", "work_starts", "languages"]),
        st.sampled_from(ODD) | st.lists(st.sampled_from(ODD), max_size=3),
    ).flatmap(lambda each: st.just(each) | st.just({**each, "accounts": {"\ud800": "a", "a\0b": "b", "Twitter": "c"}})),
    max_size=5,
)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(odd_people, min_size=1, max_size=3))
def test_whatever_a_page_says_it_is_read_or_reported(pages):
    with transaction.atomic():
        page = TeamPage.objects.create(name="Handbook", url="https://about.acme.example/team.json")
        for people in pages:
            read_as(page, json.dumps(people).encode())
            assert page.error or page.read_at == NOON
        keys = list(Expert.objects.exclude(page_key="").values_list("page_key", flat=True))
        assert len(keys) == len(set(keys))
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_page_that_breaks_the_reader_leaves_the_others_their_turn(page, monkeypatch, caplog):
    other = TeamPage.objects.create(name="Other", url="https://other.example/team.json")

    def fetched(url):
        if url == page.url:
            raise RuntimeError("no adapter should")
        return b'[{"name": "Ana"}]'

    assert team_pages.read_due(NOON, fetched) == 1
    other.refresh_from_db()
    assert other.read_at == NOON
    assert "left out" in caplog.text


@pytest.mark.django_db
def test_one_entry_twice_on_a_page_is_nobody(page):
    assert read_as(page, b'[{"slug": "a", "name": "Ana"}, {"slug": "a", "name": "Ben"}, {"slug": "c", "name": "Cem"}]')
    assert [expert.person.name for expert in Expert.objects.all()] == ["Cem"]
    assert page.report["problems"][0] == "1: line 2 is about the same person"


@pytest.mark.django_db
def test_thousands_of_lines_about_one_person_make_no_long_page():
    plan = planning.plan(csv_files.read(b"name\n" + b"Ana\n" * 4_000))
    assert plan.counts["wrong"] == 4_000
    assert max(len(problem) for step in plan.steps for problem in step.problems) < 80


@pytest.mark.django_db
def test_accounts_are_looked_up_in_one_short_query(django_assert_num_queries):
    AccountFactory(namespace="twitter", handle="Ana_1", person=PersonFactory(name="Owner"))
    asked = [("twitter", f"ana_{number}") for number in range(20_000)]
    with django_assert_num_queries(1):
        found = colleagues.owners([*asked, ("hackernews", "ana_1")])
    assert list(found) == [("twitter", "ana_1")]


def test_nobody_has_hundreds_of_accounts():
    cell = "|".join(f"twitter=a{number}" for number in range(100))
    assert "more than 20" in csv_files.read(f"name,accounts\nAna,{cell}".encode())[0].problems[0]
    people = [{"name": "Ana", "accounts": {f"place{number}": "ana" for number in range(100)}}]
    assert len(read_page(json.dumps(people).encode(), "1")[0].accounts) == 20
