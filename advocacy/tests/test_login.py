"""Logging in: reauthentication, verified addresses, attempt limits, and the audit log."""

import importlib
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from advocacy.identity import attempts
from audit.models import Entry
from mentions.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "password"
NEW = "a-long-password-1"


@pytest.fixture(autouse=True)
def _clean():
    cache.clear()


@pytest.fixture
def vera():
    person = UserFactory(username="vera", email="vera@acme.example", role="advocate")
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def log_in(client, name="vera", password=PASSWORD, **how):
    return client.post(reverse("account_login"), {"login": name, "password": password}, **how)


def is_in(client):
    return client.get("/me/").status_code == 200


def kinds():
    return list(Entry.objects.order_by("pk").values_list("kind", flat=True))


def code_of(person):
    stored = Authenticator.objects.get(user=person, type="totp").data["secret"]
    return code_for(decrypt(stored))


def code_for(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


# --- re-authentication ----------------------------------------------------------------------------------------------

SENSITIVE = {
    "another address": ("account_email", {"action_add": "", "email": "thief@evil.example"}),
    "a second factor": ("mfa_activate_totp", {"code": "123456"}),
    "new recovery codes": ("mfa_generate_recovery_codes", {}),
}


@pytest.mark.parametrize("what", SENSITIVE)
def test_a_stolen_session_changes_nothing_about_logging_in(vera, what):
    stolen = Client()
    stolen.force_login(vera)
    name, given = SENSITIVE[what]
    response = stolen.post(reverse(name), given)
    assert "reauthenticate" in response.headers.get("Location", "") or response.status_code == 302
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["vera@acme.example"]
    assert not Authenticator.objects.exists()


def test_a_password_needs_the_old_one(vera):
    stolen = Client()
    stolen.force_login(vera)
    stolen.post(reverse("account_change_password"), {"oldpassword": "guess", "password1": NEW, "password2": NEW})
    assert User.objects.get(pk=vera.pk).check_password(PASSWORD)


def test_after_the_password_it_goes_on(vera):
    client = Client()
    log_in(client)
    asked = client.get(reverse("mfa_activate_totp"))
    assert "reauthenticate" in asked.headers["Location"]
    done = client.post(asked.headers["Location"], {"password": PASSWORD})
    assert done.headers["Location"] == reverse("mfa_activate_totp")
    assert client.get(done.headers["Location"]).status_code == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        assert "reauthenticate" in client.get(reverse("mfa_activate_totp")).headers["Location"]


# --- addresses ------------------------------------------------------------------------------------------------------


def links(text):
    return re.findall(r"http://localhost:8000(/accounts/\S+)", text)


def test_a_new_address_counts_once_it_is_verified_and_the_old_one_is_notified(vera):
    client = Client()
    log_in(client)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("account_email"), {"action_add": "", "email": "new@acme.example"})
    assert {m.to[0] for m in mail.outbox} == {"vera@acme.example", "new@acme.example"}
    (link,) = links(next(m.body for m in mail.outbox if m.to == ["new@acme.example"]))
    assert User.objects.get(pk=vera.pk).email == "vera@acme.example"
    mail.outbox.clear()
    Client().post(reverse("account_reset_password"), {"email": "new@acme.example"})
    assert mail.outbox == []
    client.post(link)
    assert User.objects.get(pk=vera.pk).email == "new@acme.example"
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("new@acme.example", True)]
    assert [m.to for m in mail.outbox] == [["vera@acme.example"]]
    assert {"email_added", "email_verified", "email_changed"} <= set(kinds())


def test_a_password_reset_goes_to_verified_addresses_only(vera):
    EmailAddress.objects.create(user=vera, email="thief@evil.example", verified=False)
    for email in ("thief@evil.example", "nobody@acme.example", "vera@acme.example"):
        assert Client().post(reverse("account_reset_password"), {"email": email}).status_code == 302
    assert [m.to for m in mail.outbox] == [["vera@acme.example"]]


def test_an_address_that_no_one_has_proved_resets_nothing():
    UserFactory(username="mo", email="mo@acme.example")
    Client().post(reverse("account_reset_password"), {"email": "mo@acme.example"})
    assert mail.outbox == []


def test_a_reset_ends_every_session_and_tells_about_it(vera):
    stolen = Client()
    log_in(stolen)
    Client().post(reverse("account_reset_password"), {"email": "vera@acme.example"})
    visitor = Client()
    form = visitor.get(links(mail.outbox[0].body)[0], follow=True)
    visitor.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert not is_in(stolen)
    assert "password_reset" in kinds()
    assert mail.outbox[-1].subject == "Your password was reset"


def test_links_in_mails_begin_with_the_desks_own_address(vera, settings):
    settings.ALLOWED_HOSTS = ["*"]
    Client().post(reverse("account_reset_password"), {"email": "vera@acme.example"}, headers={"host": "evil.example"})
    assert "evil.example" not in mail.outbox[0].body
    assert links(mail.outbox[0].body)


# --- limits ---------------------------------------------------------------------------------------------------------


def test_an_outsider_locks_nobody_out(vera):
    """Five attempts, then five hundred, from many addresses: the person with the password still gets in."""
    known = Client()
    log_in(known, REMOTE_ADDR="198.51.100.1")
    known.post(reverse("account_logout"))
    for n in range(60):
        log_in(Client(), password="guess", REMOTE_ADDR=f"203.0.113.{n}")
    log_in(known, REMOTE_ADDR="198.51.100.1")
    assert is_in(known)
    log_in(known, REMOTE_ADDR="203.0.113.3")  # even from an address where somebody else has guessed


def test_five_tries_lock_out_nobody_elsewhere(vera):
    for _ in range(8):
        log_in(Client(), password="guess", REMOTE_ADDR="203.0.113.7")
    fresh = Client()
    log_in(fresh, REMOTE_ADDR="198.51.100.1")
    assert is_in(fresh)


def test_one_address_guesses_at_one_account_five_times(vera):
    for _ in range(attempts.PER_ADDRESS_AND_ACCOUNT.most):
        log_in(Client(), password="guess", REMOTE_ADDR="203.0.113.7")
    late = Client()
    response = log_in(late, REMOTE_ADDR="203.0.113.7")
    assert not is_in(late)
    assert "Wait five minutes" in response.content.decode()
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=301)):
        log_in(late, REMOTE_ADDR="203.0.113.7")
        assert is_in(late)


def test_one_address_guesses_at_many_accounts_a_limited_number_of_times(vera):
    for n in range(attempts.PER_ADDRESS.most):
        log_in(Client(), name=f"user{n}", password="guess", REMOTE_ADDR="203.0.113.7")
    late = Client()
    log_in(late, REMOTE_ADDR="203.0.113.7")
    assert not is_in(late)


def test_many_addresses_guessing_at_one_account_are_slowed_down_together(vera):
    for n in range(attempts.PER_ACCOUNT.most):
        log_in(Client(), password="guess", REMOTE_ADDR=f"203.0.113.{n}")
    before = Entry.objects.filter(kind="login_failed", details__why="wrong password").count()
    for n in range(20):
        log_in(Client(), password="guess", REMOTE_ADDR=f"198.51.100.{n}")
    assert Entry.objects.filter(kind="login_failed", details__why="wrong password").count() - before <= 2


def test_a_known_browser_guesses_ten_times(vera):
    known = Client()
    log_in(known)
    known.post(reverse("account_logout"))
    for _ in range(attempts.PER_KNOWN_BROWSER.most):
        log_in(known, password="guess")
    log_in(known)
    assert not is_in(known)


def test_a_cookie_of_ones_own_is_no_key_to_another_account(vera):
    UserFactory(username="mallory")
    known = Client()
    log_in(known, name="mallory", REMOTE_ADDR="203.0.113.7")
    known.post(reverse("account_logout"))
    for _ in range(6):
        log_in(known, password="guess", REMOTE_ADDR="203.0.113.7")
    assert Entry.objects.filter(kind="login_failed", details__why="too many attempts").exists()


def test_a_login_that_succeeds_counts_nowhere(vera):
    for _ in range(20):
        log_in(Client(), REMOTE_ADDR="203.0.113.7")
    client = Client()
    log_in(client, REMOTE_ADDR="203.0.113.7")
    assert is_in(client)


def test_codes_of_the_second_factor_are_limited(vera):
    TOTP.activate(vera, "JBSWY3DPEHPK3PXP")
    client = Client()
    log_in(client)
    for _ in range(8):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"code": code_of(vera)})
    assert not is_in(client)
    assert Entry.objects.filter(kind="login_failed", details__why="wrong code").count() <= 5


# --- recorded -------------------------------------------------------------------------------------------------------


def test_logins_failures_and_logouts_are_recorded(vera):
    client = Client()
    log_in(client, password="guess")
    log_in(client)
    client.post(reverse("account_logout"))
    assert kinds() == ["login_failed", "login", "logout"]
    failed, done, _out = Entry.objects.order_by("pk")
    assert (failed.actor_id, failed.actor_name, failed.subject_id) == (None, "vera", str(vera.pk))
    assert (done.actor_id, done.details, done.address) == (vera.pk, {"with": ["password"]}, "127.0.0.1")


def test_what_was_typed_instead_of_a_name_is_not_recorded(vera):
    log_in(Client(), name="my-secret-password", password="vera")
    assert "my-secret-password" not in str(list(Entry.objects.values()))


def test_a_flood_of_refused_attempts_is_no_flood_of_entries(vera):
    for _ in range(50):
        log_in(Client(), password="guess", REMOTE_ADDR="203.0.113.7")
    assert Entry.objects.count() <= attempts.PER_ADDRESS_AND_ACCOUNT.most + 1


# --- sessions -------------------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_others_are_ended(vera):
    mine, other = Client(), Client(headers={"user-agent": "Firefox of a thief"})
    log_in(mine)
    log_in(other)
    page = mine.get(reverse("usersessions_list")).content.decode()
    assert "Firefox of a thief" in page
    mine.post(reverse("usersessions_list"))
    assert is_in(mine)
    assert not is_in(other)


def test_a_logout_ends_the_session_for_good(vera):
    client = Client()
    log_in(client)
    kept = client.cookies["sessionid"].value
    client.post(reverse("account_logout"))
    assert not UserSession.objects.exists()
    thief = Client()
    thief.cookies["sessionid"] = kept
    assert not is_in(thief)


def test_a_password_that_is_changed_ends_all_other_sessions(vera):
    mine, other = Client(), Client()
    log_in(mine)
    log_in(other)
    mine.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    mine.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert is_in(mine)
    assert not is_in(other)
    assert "password_changed" in kinds()


def later(**span):
    return time_machine.travel(datetime.now(UTC) + timedelta(**span))


def test_an_idle_session_ends(vera, settings):
    settings.SESSION_IDLE_MINUTES = 30
    client = Client()
    log_in(client)
    with later(minutes=29):
        assert is_in(client)
    with later(minutes=58):
        assert is_in(client)
    with later(minutes=90):
        assert not is_in(client)
    assert Entry.objects.get(kind="session_ended").details == {"why": "idle"}


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(vera, settings):
    settings.SESSION_IDLE_MINUTES = 30
    client = Client()
    log_in(client)
    by_itself = (
        ("/queue/", {"X-Fragment": "1"}),
        ("/tickets/1/news/", {}),
        ("/play/", {"Sec-Fetch-Mode": "navigate"}),
    )
    for minutes in range(5, 30, 5):
        with later(minutes=minutes):
            for address, headers in by_itself:
                client.get(address, headers=headers)
            client.post("/tickets/1/renew/")
    with later(minutes=31):
        assert not is_in(client)


def test_a_session_that_is_used_ends_by_its_age(vera, settings):
    settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS = 600, 24
    client = Client()
    log_in(client)
    for hours in (8, 16, 23):
        with later(hours=hours):
            assert is_in(client)
    with later(hours=25):
        assert not is_in(client)
    assert Entry.objects.get(kind="session_ended").details == {"why": "age"}


def test_somebody_who_is_there_costs_no_write_with_every_request(vera):
    client = Client()
    client.force_login(vera)
    client.get("/me/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/me/")
    assert [q["sql"] for q in asked if q["sql"].startswith(("UPDATE", "INSERT"))] == []


# --- the second factor by role --------------------------------------------------------------------------------------


@pytest.fixture
def required(settings):
    settings.SECOND_FACTOR_ROLES = ["manager", "admin"]


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("role", ["volunteer", "advocate", "manager", "admin", "superuser"])
def test_who_needs_a_second_factor_is_sent_to_set_one_up(role):
    person = User.objects.create_superuser("root") if role == "superuser" else UserFactory(role=role)
    client = Client()
    client.force_login(person)
    needs = role in ("manager", "admin", "superuser")
    for address in ("/me/", "/queue/", "/channels/", "/admin/", "/audit/", "/nowhere/", reverse("account_email")):
        location = client.get(address).headers.get("Location", "")
        assert (location == reverse("mfa_activate_totp")) is needs, address
    changed = client.post("/me/", {"theme": "dark"})
    assert (changed.headers.get("Location") == reverse("mfa_activate_totp")) is needs


@pytest.mark.usefixtures("required")
def test_whoever_has_one_goes_on_and_keeps_it(django_capture_on_commit_callbacks):
    mo = UserFactory(username="mo", role="manager")
    client = Client()
    log_in(client, name="mo")
    asked = client.get("/me/", follow=True)
    client.post(asked.request["PATH_INFO"], {"password": PASSWORD, "next": reverse("mfa_activate_totp")})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_activate_totp"), {"code": code_for(secret)})
    assert is_in(client)
    assert [m.subject for m in mail.outbox][:1] == ["Second factor activated"]
    assert secret not in str(list(Authenticator.objects.values()))
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=mo, type="totp").exists()
    cache.clear()
    again = Client()
    log_in(again, name="mo")
    assert not is_in(again)
    with later(seconds=60):  # a code works once
        again.post(reverse("mfa_authenticate"), {"code": code_of(mo)})
        assert is_in(again)
    assert "second_factor_added" in kinds()


def test_nobody_needs_one_where_the_setting_says_so(settings):
    settings.SECOND_FACTOR_ROLES = ["none"]
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    assert is_in(client)


def test_addresses_from_before_are_good_but_not_those_that_somebody_added():
    migration = importlib.import_module("mentions.migrations.0009_verified_addresses")
    old = UserFactory(username="old", email="Old@acme.example")
    robbed = UserFactory(username="robbed", email="robbed@acme.example")
    EmailAddress.objects.create(user=robbed, email="thief@evil.example", verified=False)
    twins = [UserFactory(username=name, email="same@acme.example") for name in ("one", "two")]
    with connection.cursor() as cursor:
        cursor.execute(migration.FORWARDS)
    assert list(EmailAddress.objects.filter(verified=True).values_list("email", "user")) == [
        ("old@acme.example", old.pk)
    ]
    assert not EmailAddress.objects.filter(user__in=twins).exists()


def test_login_page_says_what_it_is_and_starts_in_its_first_field(client, settings):
    settings.COMPANY_NAME = "Initech"
    html = client.get(reverse("account_login")).content.decode()
    assert "The mention desk of Initech:" in html
    (focused,) = re.findall(r"<input[^>]*\bautofocus\b[^>]*>", html)
    assert 'name="login"' in focused
