"""Marks set by hand and from lists: once, undoable, shown beside the conversation and in lists, searchable, erased."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from channels.inbox import tombstones
from mentions.marks import applying, csv_files, planning
from mentions.models import Account, Author, Mark, Person, SwagSuggestion, View
from mentions.people import accounts, marks
from mentions.people.marks import Decision, MarkRefused
from mentions.personal_data import erasing, exporting, retention
from mentions.personal_data import scope as scopes
from mentions.tests.factories import (
    NOON,
    AccountFactory,
    AuthorFactory,
    ChannelFactory,
    MessageFactory,
    PersonFactory,
    TicketFactory,
    UserFactory,
)
from mentions.tests.platforms import ingest, said

pytestmark = pytest.mark.django_db
Kind = Mark.Kind


@pytest.fixture
def sam(client):
    user = UserFactory(role="advocate", username="sam")
    client.force_login(user)
    return user


@pytest.fixture
def ana():
    author = AuthorFactory(namespace="hackernews", external_id="ana", handle="ana", name="Ana Lima")
    author.ticket = MessageFactory(author=author, ticket__requester=author).ticket
    return author


def given(person):
    return sorted(Mark.objects.filter(person=person, is_given=True).values_list("kind", flat=True))


def decision(kind="contributor", *, hours=0, is_given=True, source="webhook", **more):
    return Decision(kind, is_given, source, NOON + timedelta(hours=hours), **more)


def imported(text, *, now=NOON):
    entries = csv_files.read(text.encode())
    plan = planning.plan(entries)
    assert plan.is_sound, [step.problems for step in plan.steps]
    return applying.carry_out(entries, plan.digest, UserFactory(), now)


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_a_mark_is_given_beside_the_conversation_and_removed_on_the_page_of_the_author(client, sam, ana):
    beside = {"kind": "contributor", "because": "Merged !12", "ticket": ana.ticket.pk}
    answer = client.post(f"/authors/{ana.pk}/mark/", beside)
    assert answer.headers["Location"] == f"/tickets/{ana.ticket.pk}/"
    mark = Mark.objects.get()
    assert (mark.person.name, mark.decided_by, mark.because) == ("Ana Lima", sam, "Merged !12")
    for page in (f"/tickets/{ana.ticket.pk}/", f"/authors/{ana.pk}/", "/queue/", "/contributors/"):
        assert "contributor</span>" in client.get(page).content.decode(), page
    client.post(f"/authors/{ana.pk}/mark/", {"kind": "contributor", "remove": "1"})
    assert given(mark.person) == []
    assert "contributor</span>" not in client.get("/queue/").content.decode()
    assert "Mark again" in client.get(f"/authors/{ana.pk}/").content.decode()
    client.post(f"/authors/{ana.pk}/mark/", {"kind": "contributor"})
    mark.refresh_from_db()
    assert (given(mark.person), mark.because) == (["contributor"], "Merged !12")


def test_one_of_us_gets_no_mark(client, sam, ana):
    Author.objects.update(is_us=True)
    client.post(f"/authors/{ana.pk}/mark/", {"kind": "contributor"})
    assert not Mark.objects.exists()
    with pytest.raises(MarkRefused):
        marks.mark_author(ana.pk, decision())


def test_unknown_marks_are_refused(client, sam, ana):
    client.post(f"/authors/{ana.pk}/mark/", {"kind": "nothing"})
    assert not Mark.objects.exists()


def test_whoever_sees_only_one_account_sees_the_mark_and_not_why(client, ana):
    hidden = MessageFactory(ticket__channel=ChannelFactory(visible_to=["admin"])).author
    person = marks.mark_author(ana.pk, decision(because="reported a hole")).person
    Author.objects.filter(pk=hidden.pk).update(person=person)
    client.force_login(UserFactory(role="advocate"))
    page = client.get(f"/authors/{ana.pk}/").content.decode()
    assert "contributor" in page
    assert "reported a hole" not in page
    assert "Ana Lima" not in client.get("/contributors/").content.decode()
    client.post(f"/authors/{ana.pk}/contact/", {"email": "ana@example.com"})
    person.refresh_from_db()
    assert person.email == ""


def test_contributors_are_found_by_search_and_view(client, sam, ana):
    TicketFactory()
    marks.mark_author(ana.pk, decision("press"))
    View.objects.create(name="Press", slug="press", filters={"marks": ["press"]})
    for page in ("/search/?q=mark:press", "/queue/press/"):
        text = client.get(page).content.decode()
        assert "Ana Lima" in text, page
        assert text.count('data-id="') == 1, page
    assert "Unknown mark" in client.get("/search/?q=mark:friend").content.decode()


# --- two accounts, one person -----------------------------------------------------------------------------------------


def test_joined_accounts_share_marks_and_the_later_decision_holds(client, sam, ana):
    other = AuthorFactory(namespace="twitter", external_id="7", handle="ana_l")
    MessageFactory(author=other, ticket__requester=other)
    marks.mark_author(ana.pk, decision("contributor"))
    marks.mark_author(other.pk, decision("contributor", hours=1, is_given=False))
    marks.mark_author(other.pk, decision("core"))
    client.post(f"/authors/{ana.pk}/join/", {"account": "twitter=ana_l"})
    ana.refresh_from_db()
    other.refresh_from_db()
    assert ana.person == other.person
    assert given(ana.person) == ["core"]
    assert Mark.objects.count() == 2


def test_marks_follow_an_account_that_somebody_enters_for_another_person(ana):
    marks.mark_author(ana.pk, decision("customer"))
    ana_lima = PersonFactory(name="Ana Lima, entered later")
    AccountFactory(person=ana_lima, namespace="hackernews", handle="ana")
    accounts.link_accounts()
    assert given(ana_lima) == ["customer"]


def test_accounts_that_may_not_be_seen_are_not_joined(client, sam, ana):
    hidden = AuthorFactory(external_id="zoe")
    MessageFactory(author=hidden, ticket__requester=hidden, ticket__channel=ChannelFactory(visible_to=["admin"]))
    client.post(f"/authors/{ana.pk}/join/", {"account": "hackernews=zoe"})
    hidden.refresh_from_db()
    assert hidden.person is None


# --- lists ------------------------------------------------------------------------------------------------------------

LIST = """accounts,mark,name,region,email,since
"hackernews=ana, twitter=ana_l",contributor,Ana Lima,EMEA,ana@example.com,2024-05-01
twitter=bo,press,Bo Li,APAC,,
"""


def test_a_list_marks_known_and_unknown_people_and_twice_changes_nothing(ana, forum):
    assert imported(LIST).counts["add"] == 2
    ana.refresh_from_db()
    assert (given(ana.person), ana.person.region, ana.person.email) == (["contributor"], "EMEA", "ana@example.com")
    assert Mark.objects.get(kind="contributor").since == date(2024, 5, 1)
    again = planning.plan(csv_files.read(LIST.encode()))
    assert again.counts == {"add": 0, "update": 0, "same": 2, "late": 0, "erased": 0, "wrong": 0}
    assert Person.objects.count() == 2


def test_somebody_from_a_list_is_recognised_when_they_first_speak(forum):
    imported("accounts,mark\ntestforum=maria,customer\n")
    ingest(forum, [said("1", "maria")])
    assert given(Author.objects.get(external_id="maria").person) == ["customer"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("twiter=ana,contributor,", "no platform"),
        ("twitter,contributor,", "is not an account"),
        ("twitter=x,friend,", "is not one of"),
        ("twitter=x,contributor,nowhere", "is not an email address"),
        ("hackernews=ours,contributor,", "belongs to a team member"),
        ('"hackernews=ana, twitter=kim",contributor,', "different people"),
        (",contributor,", "needs 1 to"),
    ],
)
def test_wrong_lines_are_shown_and_nothing_is_imported(client, ana, line, problem):
    AuthorFactory(external_id="ours", is_us=True)
    AccountFactory(namespace="twitter", handle="kim")
    marks.person_of(ana.pk)
    client.force_login(UserFactory(role="manager"))
    file = io.BytesIO(f"accounts,mark,email\n{line}\ntwitter=good,press,\n".encode())
    page = client.post("/contributors/import/", {"file": file}).content.decode()
    assert problem in page
    assert "wrong: 1" in page
    assert not Mark.objects.exists()


def test_a_list_is_carried_out_as_it_was_shown_or_not_at_all(client, ana):
    client.force_login(UserFactory(role="manager"))
    digest = planning.plan(csv_files.read(LIST.encode())).digest
    marks.mark_author(ana.pk, decision())
    answer = client.post("/contributors/import/", {"text": LIST, "digest": digest})
    assert answer.status_code == 409
    assert Mark.objects.count() == 1
    digest = planning.plan(csv_files.read(LIST.encode())).digest
    client.post("/contributors/import/", {"text": LIST, "digest": digest})
    assert Mark.objects.count() == 2


@pytest.mark.parametrize("text", ["", "name\nAna\n", "accounts,mark,shoe\na=b,press,42\n", "accounts,mark,mark\n"])
def test_a_file_that_is_no_such_list_says_why(client, text):
    client.force_login(UserFactory(role="manager"))
    answer = client.post("/contributors/import/", {"file": io.BytesIO(text.encode() or b"\n")})
    assert answer.status_code == 422


def test_the_export_is_by_region_for_whoever_may_and_read_back_changes_nothing(client, sam, ana):
    imported(LIST)
    assert client.get("/contributors/export/").status_code == 403
    client.force_login(UserFactory(role="manager"))
    text = client.get("/contributors/export/?region=EMEA").content.decode("utf-8-sig")
    assert "Ana Lima" in text
    assert "Bo Li" not in text
    assert planning.plan(csv_files.read(text.encode())).counts["same"] == 1
    page = client.get("/contributors/").content.decode()
    assert page.index("<h3>APAC") < page.index("Bo Li") < page.index("<h3>EMEA") < page.index("Ana Lima")
    assert "mailto:ana@example.com" in page


def test_the_page_costs_the_same_however_many_there_are(client, sam, django_assert_max_num_queries):
    lines = "".join(f"twitter=c{number},contributor,Region {number % 3}\n" for number in range(30))
    assert "No marks yet" in client.get("/contributors/").content.decode()
    imported("accounts,mark,region\n" + lines)
    with django_assert_max_num_queries(14):
        assert "c29" in client.get("/contributors/").content.decode()


# --- personal data ----------------------------------------------------------------------------------------------------


def test_marks_are_exported_and_erased_and_no_list_brings_them_back(ana):
    imported(LIST)
    ana.refresh_from_db()
    scope = scopes.of_author(ana)
    found = exporting.collect(scope)
    assert [row["kind"] for row in found["marks"]] == ["contributor"]
    assert found["person"]["email"] == "ana@example.com"
    assert erasing.erase(scope, now=NOON)["marks"] == 1
    person = Person.objects.get(pk=ana.person_id)
    assert (person.region, person.email) == ("", "")
    plan = planning.plan(csv_files.read(LIST.encode()))
    assert [step.deed for step in plan.steps] == ["erased", "same"]
    assert erasing.erase(scopes.of_person(person), now=NOON) == {}


def test_whoever_never_spoke_is_erased_by_the_account_on_the_list():
    imported(LIST)
    call_command("erase_person", "--account", "twitter:bo", "--yes", stdout=io.StringIO())
    assert not Account.objects.filter(handle="bo").exists()
    assert not Mark.objects.filter(kind="press").exists()
    assert tombstones.without_buried("twitter", {planning.buried_name("bo"): 1}) == {}


def test_people_without_marks_are_forgotten_after_a_while(ana):
    imported(LIST)
    now = timezone.now()
    for mark in Mark.objects.all():
        marks.decide(mark.person, Decision(mark.kind, False, "hand", now))
    retention.remove_old(now + timedelta(days=29))
    assert Person.objects.filter(email="ana@example.com").exists()
    retention.remove_old(now + timedelta(days=31))
    assert not Person.objects.filter(name="Bo Li").exists()
    ana.refresh_from_db()
    assert (ana.person.name, ana.person.email) == ("Ana Lima", "")
    assert not SwagSuggestion.objects.exists()
