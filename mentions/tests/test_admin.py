"""The admin refuses values that couldn't be used later, with helpful messages."""

import json

import pytest

from mentions.admin import MacroForm, ViewForm
from mentions.models import Author, Macro, Person
from mentions.tests.factories import AuthorFactory, MacroFactory, UserFactory, ViewFactory

pytestmark = pytest.mark.django_db


def test_macro_with_an_unknown_action_is_refused_when_it_is_saved():
    form = MacroForm({"name": "A::B", "position": 1, "actions": json.dumps([{"do": "tga"}])})
    assert not form.is_valid()
    assert "unknown action “tga”" in str(form.errors)


def test_macro_that_is_right_is_saved():
    form = MacroForm({"name": "A::B", "position": 1, "actions": json.dumps([{"do": "assign_me"}])})
    assert form.is_valid(), form.errors
    form.save()
    assert Macro.objects.get().actions == [{"do": "assign_me"}]


@pytest.mark.parametrize("filters", [{"chanels": []}, {"statuses": ["done"]}, {"priority_min": "high"}, [1]])
def test_view_with_a_wrong_filter_is_refused_when_it_is_saved(filters):
    values = {"name": "V", "slug": "v", "order": "oldest", "position": 1, "filters": json.dumps(filters)}
    assert "filters" in ViewForm(values).errors


def test_saving_a_person_ties_the_accounts_that_have_spoken(client):
    author = AuthorFactory(namespace="hackernews", external_id="ada", handle="Ada")
    admin = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(admin)
    values = {"name": "Ada", "is_us": "on", "notes": "", "user": ""}
    accounts = {"TOTAL_FORMS": 1, "INITIAL_FORMS": 0, "0-namespace": "hackernews", "0-handle": "ada"}
    values |= {f"accounts-{name}": value for name, value in accounts.items()}
    response = client.post("/admin/mentions/person/add/", values)
    assert response.status_code == 302, response.content
    author.refresh_from_db()
    assert (author.person, author.is_us) == (Person.objects.get(), True)
    assert Author.objects.count() == 1


@pytest.mark.parametrize("page", ["person", "macro", "view", "tag"])
def test_admin_pages_open(client, page):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    MacroFactory()
    ViewFactory()
    assert client.get(f"/admin/mentions/{page}/").status_code == 200
    assert client.get(f"/admin/mentions/{page}/add/").status_code == 200
