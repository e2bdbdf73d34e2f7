"""Single sign-on against a real OpenID provider over a socket: the sandbox's, which is as strict as real ones."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from mentions.tests.factories import UserFactory
from sandbox import launch

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/oidc/company/login/"
CALLBACK = "http://localhost:8000/accounts/oidc/company/login/callback/"
PEOPLE = {
    "u-1": {"name": "Nia Park", "given_name": "Nia", "family_name": "Park", "preferred_username": "nia",
            "email": "nia@acme.example", "email_verified": True, "groups": ["support", "everybody"]},
    "u-2": {"name": "No Group", "preferred_username": "nog", "email": "nog@acme.example", "email_verified": False},
    "u-3": {"name": "Bare"},
}  # fmt: skip


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with launch.start(tmp_path_factory.mktemp("openid")) as running:
        client = {"secret": "s3cret/+ %", "redirect_uris": [CALLBACK]}
        running.issuer = running.control("openid", clients={"desk": client}, people=PEOPLE)["issuer"]
        yield running


@pytest.fixture(autouse=True)
def _connected(provider, settings):
    provider.control("openid")
    settings.OIDC_ISSUER = provider.issuer
    settings.OIDC_ROLES = ["support=advocate", "desk-admins=admin", "odd=value=nobody"]
    app = {
        "provider_id": "company",
        "name": "Acme login",
        "client_id": "desk",
        "secret": "s3cret/+ %",
        "settings": {"server_url": provider.issuer, "oauth_pkce_enabled": True},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {**settings.SOCIALACCOUNT_PROVIDERS["openid_connect"], "APPS": [app]}
    }


def begin(client, address=LOGIN):
    """The URL of the redirect to the provider."""
    response = client.get(address)
    assert response.status_code == 302, response.content
    return response.headers["Location"]


def authorised(address, sub):
    """The provider's redirect back to the desk, as a path."""
    answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=20)
    assert answer.status_code == 303, answer.text
    back = answer.headers["Location"]
    assert back.startswith(CALLBACK)
    return back.removeprefix("http://localhost:8000")


def come(client, sub="u-1", address=LOGIN):
    return client.get(authorised(begin(client, address), sub))


def is_in(client):
    return client.get("/me/").status_code == 200


def test_the_login_page_offers_it_only_where_it_is_set_up(settings):
    assert "Log in with Acme login" in Client().get(reverse("account_login")).content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": []}}
    assert "Log in with" not in Client().get(reverse("account_login")).content.decode()
    assert Client().get(LOGIN).status_code == 404


def test_what_the_provider_is_asked(provider):
    asked = urlsplit(begin(Client(headers={"host": "127.0.0.1"})))
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    assert f"{asked.scheme}://{asked.netloc}" == provider.http_url
    assert query["redirect_uri"] == CALLBACK
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) >= 16
    assert len(query["nonce"]) >= 16
    assert set(query["scope"].split()) == {"openid", "profile", "email"}


def test_the_address_of_the_login_decides_nothing_that_is_asked():
    """The sender of a link can't choose scopes or parameters."""
    sent = begin(Client(), f"{LOGIN}?{urlencode({'scope': 'admin', 'auth_params': 'nonce=mine&prompt=none'})}")
    query = parse_qs(urlsplit(sent).query)
    assert "admin" not in query["scope"][0]
    assert query["nonce"] != ["mine"]
    assert "prompt" not in query


def test_who_comes_first_gets_the_role_of_the_mapping():
    client = Client()
    assert come(client).headers["Location"] == "/"
    nia = User.objects.get(username="nia")
    assert (nia.first_name, nia.last_name, nia.email) == ("Nia", "Park", "nia@acme.example")
    assert [role.name for role in nia.groups.all()] == ["advocate"]
    assert not nia.has_usable_password()
    assert (nia.is_staff, nia.is_superuser) == (False, False)
    assert EmailAddress.objects.get(user=nia).verified
    assert is_in(client)
    assert set(Entry.objects.values_list("kind", flat=True)) >= {"person_added", "roles_changed", "login"}
    assert not SocialToken.objects.exists()


def test_the_second_time_roles_are_as_they_were_left():
    come(Client())
    nia = User.objects.get(username="nia")
    nia.groups.clear()
    come(Client())
    assert User.objects.count() == 1
    assert not nia.groups.exists()


def test_an_admin_by_mapping_may_open_the_admin_pages(settings):
    settings.OIDC_ROLES = ["support=admin"]
    come(Client())
    nia = User.objects.get(username="nia")
    assert nia.is_staff
    assert not nia.is_superuser


@pytest.mark.parametrize("sub", ["u-2", "u-3"])
def test_who_has_no_role_sees_why_and_whom_to_ask(sub):
    UserFactory(username="ada", first_name="Ada", last_name="Admin", role="admin")
    client = Client()
    response = come(client, sub)
    assert response.headers["Location"] == "/accounts/no-role/"
    page = client.get(response.headers["Location"]).content.decode()
    assert "You have no role yet" in page
    assert "Ada Admin" in page
    assert client.get("/queue/").status_code == 403


def test_a_name_that_is_taken_gets_another_one():
    UserFactory(username="nia", email="other@acme.example")
    come(Client())
    assert SocialAccount.objects.get().user.username != "nia"


def test_an_address_that_is_known_takes_no_account_over():
    UserFactory(username="old", email="nia@acme.example", role="admin")
    client = Client()
    response = come(client)
    assert response.status_code == 409
    assert "log in with your password" in response.content.decode()
    assert not SocialAccount.objects.exists()
    assert not is_in(client)


def test_its_owner_connects_it_after_saying_who_they_are():
    old = UserFactory(username="old", email="nia@acme.example", role="advocate")
    client = Client()
    client.post(reverse("account_login"), {"login": "old", "password": "password"})
    come(client, address=f"{LOGIN}?process=connect")
    assert not SocialAccount.objects.exists()
    client.post(reverse("account_reauthenticate"), {"password": "password"})
    come(client, address=f"{LOGIN}?process=connect")
    assert SocialAccount.objects.get().user == old
    assert Entry.objects.filter(kind="sso_connected").exists()
    fresh = Client()
    come(fresh)
    assert is_in(fresh)


def test_a_deactivated_person_does_not_come_back_by_it():
    come(Client())
    User.objects.update(is_active=False)
    client = Client()
    come(client)
    assert not is_in(client)


WRONG = ["nonce", "no nonce", "issuer", "audience", "signature", "expired", "subject", "algorithm"]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_token_that_is_wrong_lets_nobody_in(provider, wrong):
    provider.control("openid", wrong=wrong)
    client = Client()
    response = come(client)
    assert response.status_code != 302
    assert "Single sign-on failed" in response.content.decode()
    assert not is_in(client)
    assert not User.objects.exists()
    assert Entry.objects.filter(kind="login_failed").count() == 1


def test_another_browsers_answer_lets_nobody_in():
    """Login CSRF: a thief's code in the victim's browser, with the thief's state, an invented one, or none."""
    thief, victim = Client(), Client()
    back = authorised(begin(thief), "u-1")
    code = parse_qs(urlsplit(back).query)["code"][0]
    path = urlsplit(back).path
    begin(victim)
    for query in (urlsplit(back).query, urlencode({"code": code, "state": "x" * 16}), urlencode({"code": code})):
        victim.get(f"{path}?{query}")
        assert not is_in(victim)


def test_a_code_works_once():
    client = Client()
    back = authorised(begin(client), "u-1")
    client.get(back)
    again = Client()
    again.get(back)
    client.post(reverse("account_logout"))
    client.get(back)
    assert not is_in(client)
    assert not is_in(again)


def test_a_refusal_at_the_provider_is_said():
    client = Client()
    answer = requests.post(begin(client), data={"sub": "stranger"}, allow_redirects=False, timeout=20)
    page = client.get(answer.headers["Location"].removeprefix("http://localhost:8000"), follow=True)
    assert "You are not logged in" in page.content.decode()


def test_a_provider_that_is_away_is_said(settings):
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = "http://127.0.0.1:9"
    response = Client().get(LOGIN)
    assert response.status_code == 401
    assert "Single sign-on failed" in response.content.decode()


def test_a_provider_by_another_name_is_refused(settings):
    settings.OIDC_ISSUER = "https://login.acme.example"
    response = Client().get(LOGIN)
    assert "Single sign-on failed" in response.content.decode()


# --- reauthentication -----------------------------------------------------------------------------------------------


def test_without_a_password_the_provider_is_asked_again(provider):
    client = Client()
    come(client)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
    asked = client.get(reverse("account_set_password"))
    assert asked.headers["Location"].startswith("/accounts/oidc/confirm/")
    sent = begin(client, asked.headers["Location"])
    assert {"prompt", "max_age"} <= set(parse_qs(urlsplit(sent).query))
    back = client.get(authorised(sent, "u-1"))
    assert back.headers["Location"] == reverse("account_set_password")
    assert client.get(reverse("account_set_password")).status_code == 200


def test_an_old_login_at_the_provider_is_no_fresh_one(provider):
    client = Client()
    come(client)
    provider.control("openid", wrong="auth_time")
    response = come(client, address="/accounts/oidc/confirm/")
    assert "Single sign-on failed" in response.content.decode()


def test_the_second_factor_of_the_provider_counts_where_the_setting_says_so(settings):
    settings.OIDC_ROLES, settings.SECOND_FACTOR_ROLES = ["support=manager"], ["manager"]
    client = Client()
    come(client)
    assert client.get("/me/").headers["Location"] == reverse("mfa_activate_totp")
    settings.OIDC_SECOND_FACTOR = True
    assert is_in(client)
