"""The logged-in user: loaded in one statement, with exactly the permissions that Django itself would find."""

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission, User

from mentions.models import Preference
from mentions.people.current import TeamBackend
from mentions.tests.factories import UserFactory, ViewFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["volunteer", "advocate", "manager", "admin"])
def test_rights_are_those_of_django(role):
    user = UserFactory(role=role)
    user.user_permissions.add(Permission.objects.get(codename="delete_session"))
    expected = ModelBackend().get_all_permissions(User.objects.get(pk=user.pk))
    assert TeamBackend().get_user(user.pk).get_all_permissions() == expected


def test_person_preference_and_rights_are_one_statement(django_assert_num_queries):
    user = UserFactory(role="advocate")
    Preference.objects.create(user=user, theme="dark")
    TeamBackend().get_user(user.pk)  # the first use of a connection also plans the statement
    with django_assert_num_queries(1):
        found = TeamBackend().get_user(user.pk)
        assert found.preference.theme == "dark"
        assert found.has_perm("mentions.play_ticket")
        assert not found.has_perm("auth.delete_user")


def test_rights_taken_away_are_gone_with_the_next_request(client):
    user = UserFactory(role="advocate")
    ViewFactory(slug="all", filters={})
    client.force_login(user)
    assert client.get("/queue/all/").status_code == 200
    user.groups.clear()
    assert client.get("/queue/all/").status_code == 403


def test_an_inactive_person_is_nobody():
    user = UserFactory(role="advocate", is_active=False)
    assert TeamBackend().get_user(user.pk) is None
    assert TeamBackend().get_user(0) is None


def test_a_superuser_has_every_right():
    user = UserFactory(role=None, is_superuser=True)
    assert TeamBackend().get_user(user.pk).has_perm("auth.delete_user")


@pytest.mark.parametrize("name", ["sam", "sam@acme.example"])
def test_login_by_name_or_address(name, rf):
    user = UserFactory(username="sam", email="sam@acme.example", role="advocate")
    user.set_password("long enough, is it")
    user.save()
    by = {"email": name} if "@" in name else {"username": name}
    assert authenticate(rf.post("/"), password="long enough, is it", **by) == user
    assert authenticate(rf.post("/"), password="another", **by) is None
