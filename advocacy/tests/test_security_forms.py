"""Attacks on the public forms: no duplicates, no header injection, no way around the limits."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from advocacy.tests.test_security_hostile import ALL, danger_in
from channels.models import InboundItem
from channels.secrets.vault import seal
from channels.tests.factories import make_channel, make_connection
from channels.webforms import form_page
from mentions.ingest.batch import ingest_pending
from mentions.models import Message
from mentions.tests.concurrency import together

QUESTIONS = ["name* | Your name", "email* email | Your email", "plan select | Plan | A; B", "message textarea | More"]
GOOD = {"name": "Ada Reid", "email": "ada@univ.example", "message": "Hello Acme"}
PATH = "/forms/education/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    """And keep the whole test in one window: otherwise it may begin in one and end in the next."""
    cache.clear()
    monkeypatch.setattr(form_page, "WINDOW_S", 10**9)


def make_form(**settings):
    connection = make_connection(platform="form", secrets={"webhook_secret": seal("of-the-website")})
    form_settings = {"form_title": "Education", "subject": "Education: {name}", "form_fields": QUESTIONS, **settings}
    return make_channel(
        connection, slug="education", address="education@acme.example", settings=form_settings, is_default=True
    )


def token(channel, age_s=30):
    return form_page.new_token(form_page.form_of(channel.slug), timezone.now() - timedelta(seconds=age_s))


def send(channel, fields=None, address="203.0.113.7", **more):
    given = {"desk_token": token(channel), **GOOD, **(fields or {})}
    return Client(enforce_csrf_checks=True, raise_request_exception=False).post(
        PATH, given, REMOTE_ADDR=address, **more
    )


@pytest.mark.django_db(transaction=True)
def test_a_double_click_at_the_same_moment_is_one_submission():
    channel = make_form()
    same = {"desk_token": token(channel)}
    codes = together(*[lambda: send(channel, same).status_code] * 4)
    assert codes == [302] * 4
    assert InboundItem.objects.count() == 1
    together(lambda: ingest_pending(100).taken, lambda: ingest_pending(100).taken)
    assert Message.objects.count() == 1


def test_a_kept_page_is_worth_one_submission_and_not_for_ever():
    channel = make_form()
    same = {"desk_token": token(channel)}
    assert send(channel, same).status_code == 302
    for words in ("other words", "and others"):
        assert send(channel, {**same, "message": words}).status_code == 409
    assert send(channel, {"desk_token": token(channel, age_s=form_page.OLDEST_S + 60)}).status_code == 422
    assert send(channel, {"desk_token": token(channel, age_s=-600)}).status_code == 422
    for forged in ("", "x", "a:b:c", same["desk_token"][:-1], same["desk_token"] + "x", "\x00", "é" * 600):
        assert send(channel, {"desk_token": forged}).status_code == 422
    assert InboundItem.objects.count() == 1


def test_no_header_of_a_mail_is_written_by_a_visitor():
    channel = make_form()
    evil = "Ada\r\nBcc: everybody@evil.example\r\n\r\n<script>"
    assert send(channel, {"name": evil}).status_code == 302
    assert send(channel, {"email": "ada@univ.example\r\nBcc: x@evil.example"}).status_code in (302, 422)
    ingest_pending(100)
    for message in Message.objects.select_related("author", "ticket"):
        for words in (message.subject, message.author.name, message.author.external_id, message.ticket.subject):
            assert not set(words) & set("\r\n\0"), words
        assert "evil.example" not in message.author.external_id


@pytest.mark.parametrize("forwarded", ["1.2.3.{n}", "1.2.3.{n}, 10.0.0.1", "{n}", "::{n}", "x" * 10_000 + "{n}"])
def test_the_limit_of_an_address_is_not_passed_by_what_a_visitor_says(forwarded):
    channel = make_form()
    most = form_page.MAX_OF_ADDRESS
    codes = [send(channel, HTTP_X_FORWARDED_FOR=forwarded.format(n=n)).status_code for n in range(most + 2)]
    assert codes == [302] * most + [429] * 2


def test_behind_the_declared_proxy_only_its_own_word_counts(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    channel = make_form()
    most = form_page.MAX_OF_ADDRESS
    codes = [send(channel, HTTP_X_FORWARDED_FOR=f"1.2.3.{n}, 198.51.100.4").status_code for n in range(most + 2)]
    assert codes == [302] * most + [429] * 2
    assert send(channel, HTTP_X_FORWARDED_FOR="198.51.100.4, 198.51.100.5").status_code == 302


def test_ten_thousand_fields_and_odd_bodies_are_no_error_of_ours():
    channel = make_form()
    assert send(channel, {f"f{n}": "x" for n in range(10_000)}).status_code in (400, 413)
    assert send(channel, {f"f{n}": "x" * 100 for n in range(900)}).status_code == 302
    (item,) = InboundItem.objects.all()
    assert len(str(item.payload)) < 60_000
    client = Client(raise_request_exception=False)
    for body, kind in (
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"name=%ff%00%ed%a0%80", "application/x-www-form-urlencoded"),
        (b"name=x", "application/x-www-form-urlencoded; charset=utf-7"),
        (b"name=x", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data"),
        (b"{}", "application/json"),
    ):
        assert 400 <= client.generic("POST", PATH, body, content_type=kind).status_code < 500, kind


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused(method):
    make_form()
    assert getattr(Client(), method)(PATH).status_code == 405


def test_what_fills_in_the_trap_is_not_stored_and_gets_no_cookie():
    channel = make_form()
    response = send(channel, {form_page.TRAP: "x"})
    assert response.status_code == 422
    assert not response.cookies
    assert not InboundItem.objects.exists()


def test_what_was_typed_comes_back_as_text():
    channel = make_form()
    names = {**dict.fromkeys(("name", "email", "plan", "message"), ALL), ALL[:80]: ALL}
    response = send(channel, names)
    assert response.status_code == 422
    assert danger_in(response.content.decode()) == []
    assert not response.cookies
    assert danger_in(Client().get(PATH, {"sent": ALL, ALL[:50]: ALL}).content.decode()) == []


@pytest.mark.parametrize(
    "site",
    [
        *("*", "https://*", "https:", "http://*:8080", "'self'", "data:", "https://a.example; script-src *"),
        *("https://a.example\r\nSet-Cookie: x=1", "https://a.example https://evil.example", "https://*.*", "null"),
        *("//a.example", "https://a.example/path;x", "javascript:alert(1)", "https://a.example,*", "https://user@x"),
    ],
)
def test_no_entry_lets_everybody_frame_it_or_adds_to_the_policy(site):
    make_form(allowed_sites=[site])
    response = Client().get(PATH)
    policy = response.headers["Content-Security-Policy"]
    ancestors = policy.partition("frame-ancestors ")[2]
    assert ";" not in ancestors
    assert "evil" not in ancestors
    assert all(re.fullmatch(r"'none'|https?://(\*\.)?[a-z0-9.-]+[a-z0-9](:\d+)?", each) for each in ancestors.split())
    assert not {"*", "https:", "data:", "'self'"} & set(ancestors.split())
    assert policy.startswith("default-src 'none'")
    assert "set-cookie" not in {name.lower() for name in response.headers}
