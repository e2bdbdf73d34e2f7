"""The public page of a form: stored before it says thank you, nothing typed is ever lost, bots are held, only named
sites may embed it. And the webhook at the desk's own URL."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from channels.adapters.form.signing import signature
from channels.models import Channel, InboundItem
from channels.secrets.vault import seal
from channels.tests.factories import make_channel, make_connection
from channels.webforms import form_page

pytestmark = pytest.mark.django_db

QUESTIONS = [
    "name* | Your name",
    "email* email | Your email address",
    "site url | Web page",
    "students number | How many students?",
    "plan* select | Which plan? | Teaching; Research",
    "topics checkbox | Interests | CI; Security",
    "terms* checkbox | I have read the terms",
    "message textarea | Tell us more",
]
GOOD = {
    "name": "Ada Reid",
    "email": "ada@univ.example",
    "plan": "Teaching",
    "terms": "yes",
    "topics": ["CI", "Security"],
    "message": "Hello\r\nthere",
}
SECRET = "of-the-website"
PATH = "/forms/education/"


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    cache.clear()


@pytest.fixture
def channel() -> Channel:
    connection = make_connection(platform="form", secrets={"webhook_secret": seal(SECRET)})
    settings = {
        "form_title": "Acme for Education",
        "intro": "For schools & universities.",
        "form_fields": QUESTIONS,
        "thanks": "We read every application.",
        "allowed_sites": ["https://www.acme.example", "https://x.example; script-src *", "http://*.acme.example:8080/"],
    }
    return make_channel(connection, slug="education", address="education@acme.example", settings=settings)


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True)


def token(channel: Channel, age_s: float = 30) -> str:
    form = form_page.form_of(channel.slug)
    assert form is not None
    return form_page.new_token(form, timezone.now() - timedelta(seconds=age_s))


def send(visitor: Client, channel: Channel, **changed: Any) -> Any:
    fields = {"desk_token": changed.pop("desk_token", None) or token(channel), **GOOD, **changed}
    address = changed.pop("REMOTE_ADDR", "203.0.113.7")
    return visitor.post(PATH, {n: v for n, v in fields.items() if v is not None}, REMOTE_ADDR=address)


def stored() -> list[InboundItem]:
    return list(InboundItem.objects.order_by("pk"))


def test_the_page_shows_every_question_without_cookie_or_script(visitor: Client, channel: Channel) -> None:
    response = visitor.get(PATH)
    html = response.content.decode()
    assert response.status_code == 200
    for words in ("Acme for Education", "For schools &amp; universities.", "Which plan?", "I have read the terms"):
        assert words in html
    assert not response.cookies
    assert "<script" not in html
    assert " style=" not in html
    assert "Cookie" not in response.headers.get("Vary", "")
    assert response.headers["Cache-Control"] == "no-store"


def test_only_named_sites_may_hold_it_in_a_frame(visitor: Client, channel: Channel) -> None:
    response = visitor.get(PATH)
    policy = response.headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://www.acme.example http://*.acme.example:8080")
    assert "script-src" not in policy
    assert "X-Frame-Options" not in response.headers
    channel.settings["allowed_sites"] = []
    channel.save()
    assert visitor.get(PATH).headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_what_is_sent_is_in_the_inbox_before_the_thanks(visitor: Client, channel: Channel) -> None:
    response = send(visitor, channel, utm_source="news")
    (item,) = stored()
    assert item.payload["answers"] == {
        "name": "Ada Reid",
        "email": "ada@univ.example",
        "plan": "Teaching",
        "topics": ["CI", "Security"],
        "terms": True,
        "message": "Hello\nthere",
        "utm_source": "news",
    }
    assert item.payload["form"] == "education@acme.example"
    assert response.status_code == 302
    thanks = visitor.get(response.headers["Location"])
    assert "We read every application." in thanks.content.decode()
    assert not response.cookies
    assert not thanks.cookies


def test_a_double_click_is_one_submission(visitor: Client, channel: Channel) -> None:
    once = token(channel)
    assert [send(visitor, channel, desk_token=once).status_code for _ in range(3)] == [302] * 3
    assert len(stored()) == 1


def test_other_words_from_the_same_page_are_not_lost(visitor: Client, channel: Channel) -> None:
    once = token(channel)
    send(visitor, channel, desk_token=once)
    response = send(visitor, channel, desk_token=once, message="And another thing")
    html = response.content.decode()
    assert response.status_code == 409
    assert "And another thing" in html
    fresh = re.search(r'name="desk_token" value="([^"]+)"', html)
    assert fresh is not None
    assert fresh[1] != once
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "   "}, "Please fill this in."),
        ({"email": "ada at univ"}, "not an email address"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "not an email address"),
        ({"site": "javascript:alert(1)"}, "not a web address"),
        ({"students": "many"}, "Enter a number."),
        ({"plan": "Free"}, "Choose one from the list."),
        ({"plan": ""}, "Choose one from the list."),
        ({"topics": ["CI", "Beer"]}, "Choose one from the list."),
        ({"terms": None}, "Please tick this box."),
        ({"message": "x" * 10_007}, "10000 characters. Please remove 7."),
        ({"name": "x" * 501}, "limit is 500 characters"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(
    visitor: Client, channel: Channel, changed: dict[str, Any], words: str
) -> None:
    response = send(visitor, channel, **{"message": "Keep me", **changed})
    html = response.content.decode()
    (name,) = changed
    assert response.status_code == 422
    assert re.search(rf'id="wrong-{name}">[^<]*{words}', html)
    assert 'value="ada@univ.example"' in html or name == "email"
    assert "Keep me" in html or name == "message"
    assert re.search(r'name="topics"\s+value="CI"\s+checked', html)
    assert stored() == []


def test_the_same_page_can_be_sent_once_it_is_mended(visitor: Client, channel: Channel) -> None:
    once = token(channel)
    assert send(visitor, channel, desk_token=once, name="").status_code == 422
    assert send(visitor, channel, desk_token=once).status_code == 302
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("age_s", "changed", "words"),
    [
        (0.5, {}, "very quick"),
        (13 * 3600, {}, "has expired"),
        (30, {"desk_nickname": "Bob"}, "hidden field"),
        (30, {"desk_token": "nonsense"}, "has expired"),
        (30, {"desk_token": "x" * 100_000}, "has expired"),
    ],
)
def test_robots_are_held_and_people_get_a_second_try(
    visitor: Client, channel: Channel, age_s: float, changed: dict[str, Any], words: str
) -> None:
    response = send(visitor, channel, **{"desk_token": token(channel, age_s), **changed})
    html = response.content.decode()
    assert response.status_code == 422
    assert words in html
    assert "Hello\nthere" in html
    assert stored() == []


def test_a_token_of_another_form_is_worth_nothing(visitor: Client, channel: Channel) -> None:
    other = make_channel(channel.connection, slug="speakers", address="speakers@acme.example")
    assert send(visitor, channel, desk_token=token(other)).status_code == 422
    assert stored() == []


def test_too_many_from_one_address_are_told_when_to_come_back(visitor: Client, channel: Channel) -> None:
    answers = [send(visitor, channel) for _ in range(form_page.MAX_OF_ADDRESS + 1)]
    assert [a.status_code for a in answers] == [302] * form_page.MAX_OF_ADDRESS + [429]
    assert answers[-1].headers["Retry-After"] == "600"
    assert "Hello\nthere" in answers[-1].content.decode()
    assert send(visitor, channel, REMOTE_ADDR="203.0.113.8").status_code == 302


def test_too_many_on_one_form_are_held_whatever_their_address(
    visitor: Client, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form_page, "MAX_OF_FORM", 3)
    assert [send(visitor, channel, REMOTE_ADDR=f"203.0.113.{n}").status_code for n in range(4)] == [302, 302, 302, 429]


def test_an_application_is_taken_while_the_cache_is_away(visitor: Client, channel: Channel, settings: Any) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert send(visitor, channel).status_code == 302
    assert len(stored()) == 1


def test_behind_a_proxy_the_proxys_word_counts(settings: Any) -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 203.0.113.9"}
    assert form_page.client_address(meta) == "10.0.0.1"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert form_page.client_address(meta) == "203.0.113.9"


def test_hostile_words_are_words(visitor: Client, channel: Channel) -> None:
    html = send(visitor, channel, name='"><script>alert(1)</script>', message="</textarea><img src=x>", plan="")
    text = html.content.decode()
    assert "<script" not in text
    assert "<img" not in text
    assert send(visitor, channel, name="Nu\0l", message="\ud83d".encode("utf-16", "surrogatepass")).status_code == 302
    assert stored()[0].payload["answers"]["name"] == "Nul"


def test_a_megabyte_is_too_much(visitor: Client, channel: Channel) -> None:
    assert send(visitor, channel, message="x" * 1_000_000).status_code == 413
    assert stored() == []


def test_a_paused_connection_says_so_and_what_is_unknown_is_not_found(visitor: Client, channel: Channel) -> None:
    assert visitor.get("/forms/nothing/").status_code == 404
    channel.connection.is_active = False
    channel.connection.save()
    response = visitor.get(PATH)
    assert response.status_code == 503
    assert "education@acme.example" in response.content.decode()
    assert send(visitor, channel).status_code == 503
    Channel.objects.update(is_active=False)
    assert visitor.get(PATH).status_code == 404


def test_a_form_of_another_platform_is_no_form(visitor: Client) -> None:
    make_channel(make_connection(platform="email"), slug="education", address="education@acme.example")
    assert visitor.get(PATH).status_code == 404


# --- the webhook at its address ----------------------------------------------------------------------------------


def hook(visitor: Client, channel: Channel, body: bytes, *, at: datetime | None = None, secret: str = SECRET) -> Any:
    stamp = str(int((at or datetime.now(UTC)).timestamp()))
    headers = {"X-Desk-Timestamp": stamp, "X-Desk-Signature": signature(secret, stamp, body)}
    return visitor.post(f"/hooks/{channel.connection.hook_id}/", body, "application/json", headers=headers)


BODY = b'{"form": "education", "answers": {"email": "ben@college.example", "name": "Ben\\u0000", "odd": "kept"}}'


def test_a_signed_request_is_stored_once_however_often_it_comes(visitor: Client, channel: Channel) -> None:
    now = datetime.now(UTC)
    assert [hook(visitor, channel, BODY, at=now).status_code for _ in range(3)] == [200, 200, 200]
    (item,) = stored()
    assert item.external_id.startswith("digest:")


@pytest.mark.parametrize(("secret", "age"), [("wrong", 0), (SECRET, 301)])
def test_a_request_without_proof_or_too_old_leaves_nothing(
    visitor: Client, channel: Channel, secret: str, age: int
) -> None:
    at = datetime.now(UTC) - timedelta(seconds=age)
    response = hook(visitor, channel, BODY, at=at, secret=secret)
    assert response.status_code == 403
    assert SECRET not in response.content.decode()
    assert stored() == []


def test_more_than_a_megabyte_is_refused(visitor: Client, channel: Channel) -> None:
    assert hook(visitor, channel, b" " * (1024 * 1024 + 1)).status_code == 413
