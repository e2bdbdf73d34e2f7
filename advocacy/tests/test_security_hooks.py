"""Attacks on incoming webhooks: nothing is stored unverified, twice or for another connection, and no body, however
corrupted, is a server error."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from channels.contract import Capability, Page
from channels.inbox import storing_once
from channels.models import Connection, InboundItem
from channels.registry.configs import source_of
from channels.registry.finding_adapters import all_adapters
from channels.secrets.vault import seal
from channels.tests.factories import make_channel, make_connection
from mentions.ingest.batch import ingest_pending
from mentions.models import Message
from mentions.tests.concurrency import together

PAYLOADS = Path(__file__).parents[2] / "channels" / "tests" / "payloads"
SECRET, OTHER = "the-secret-of-this-hook", "the-secret-of-another"
NAMES = {"facebook": "app_secret", "slack": "signing_secret"}
FORM = {
    "form": "education@acme.example",
    "id": "s-1",
    "answers": {"name": "Ada Reid", "email": "ada@univ.example", "message": "Hello from Acme"},
}
POST = {
    "id": 5,
    "topic_id": 7,
    "post_number": 2,
    "post_type": 1,
    "username": "ann",
    "user_id": 30,
    "version": 1,
    "cooked": "<p>Hello Acme</p>",
    "deleted_at": None,
    "topic_archetype": "regular",
    "topic_title": "Acme",
    "topic_slug": "acme",
    "category_id": 5,
    "category_slug": "ci",
}
HOOKED = sorted(name for name, adapter in all_adapters().items() if adapter.can(Capability.WEBHOOK))

pytestmark = pytest.mark.django_db


def body_of(platform, now):
    """A webhook call with one post, as the platform makes it at `now`."""
    if platform == "form":
        return FORM
    if platform == "slack":
        document = json.loads((PAYLOADS / "slack" / "event_message_deleted.json").read_text())
        return {**document, "event": {**document["event"], "channel": "C0SWAG001"}}
    if platform == "gitlab":
        return json.loads((PAYLOADS / "gitlab" / "webhook_issue_opened.json").read_text())
    if platform == "facebook":
        document = json.loads((PAYLOADS / "facebook" / "webhook_comment.json").read_text())
        document["entry"][0]["time"] = int(now.timestamp())
        return document
    if platform == "hackerone":
        return {"data": {"report": {"id": "1", "type": "report", "attributes": {"title": "XSS"}}}}
    return {"post": {**POST, "created_at": now.isoformat(), "updated_at": now.isoformat()}}


def headers_of(platform, body, now, secret=SECRET):
    stamp = str(int(now.timestamp()))

    def signed(prefix=b""):
        return hmac.new(secret.encode(), prefix + body, hashlib.sha256).hexdigest()

    return {
        "form": lambda: {"X-Desk-Timestamp": stamp, "X-Desk-Signature": f"v1={signed(f'v1:{stamp}:'.encode())}"},
        "slack": lambda: {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signed(f'v0:{stamp}:'.encode())}",
        },
        "gitlab": lambda: {"X-Gitlab-Token": secret, "X-Gitlab-Event": "Issue Hook"},
        "facebook": lambda: {"X-Hub-Signature-256": f"sha256={signed()}"},
        "hackerone": lambda: {"X-H1-Event": "report_comment_created", "X-H1-Signature": f"sha256={signed()}"},
        "discourse": lambda: {
            "X-Discourse-Event": "post_created",
            "X-Discourse-Event-Signature": f"sha256={signed()}",
        },
    }[platform]()


BROUGHT = {"facebook": 2, "hackerone": 0}
"""Items of the call that is made here, where it is not one: a comment comes with the post that it is under; HackerOne
only says that there is something to read."""
SETTINGS = {
    "slack": {"rooms": ["C0SWAG001 swag"], "what": "both", "emoji": "ticket"},
    "gitlab": {"projects": ["acme/product"], "groups": ["acme/community"]},
    "facebook": {"page_id": "340000000000001"},
    "discourse": {"api_base": "https://forum.acme.example"},
    "form": {"default_domain": "acme.example"},
    "hackerone": {"programs": ["acme"], "api_identifier": "acme-desk"},
}
CREDENTIALS = {"hackerone": ("api_token",)}
"""What a connection needs besides the secret of its hook."""


def listening(platform, secret=SECRET, **more):
    secrets = {NAMES.get(platform, "webhook_secret"): seal(secret)} if secret else {}
    secrets |= {name: seal("given") for name in CREDENTIALS.get(platform, ())}
    connection = make_connection(platform=platform, settings=SETTINGS[platform], secrets=secrets, **more)
    make_channel(connection, is_default=True, address="education@acme.example" if platform == "form" else "acme")
    return connection


def knock(connection, body, headers, method="post", **extra):
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    how = {"data": data, "content_type": "application/json"} if method not in ("get", "head") else {}
    return getattr(client, method)(f"/hooks/{connection.hook_id}/", headers=headers, **how, **extra)


def knock_well(connection, document=None, now=None, secret=SECRET):
    now = now or timezone.now()
    body = (
        document if isinstance(document, bytes) else json.dumps(document or body_of(connection.platform, now)).encode()
    )
    return knock(connection, body, headers_of(connection.platform, body, now, secret))


def stored(connection):
    return InboundItem.objects.filter(connection=connection).count()


def test_every_platform_with_a_hook_is_attacked_here():
    assert sorted(SETTINGS) == HOOKED


@pytest.mark.parametrize("platform", HOOKED)
def test_a_good_call_is_stored_once_however_often_it_comes(platform):
    connection, now = listening(platform), timezone.now()
    document = body_of(platform, now)
    brought = set()
    for _ in range(3):
        response = knock_well(connection, document, now)
        assert response.status_code == 200, response.content
        assert not response.cookies
        brought.add(tuple(InboundItem.objects.order_by("pk").values_list("external_id", "revision")))
    assert len(brought) == 1
    assert stored(connection) == BROUGHT.get(platform, 1)
    ingest_pending(100)
    assert not InboundItem.objects.filter(state="failed").exists()
    assert Message.objects.count() <= stored(connection)


@pytest.mark.parametrize("platform", HOOKED)
def test_without_proof_nothing_is_stored(platform):
    now = timezone.now()
    body = json.dumps(body_of(platform, now)).encode()
    good = headers_of(platform, body, now)
    proofs = [name for name in good if "Event" not in name or "Signature" in name]
    wrong = [
        {},
        {name: value for name, value in good.items() if name not in proofs},
        headers_of(platform, body, now, OTHER),
        headers_of(platform, body, now, ""),
        {**good, proofs[-1]: ""},
        {**good, proofs[-1]: good[proofs[-1]][:-1]},
        {**good, proofs[-1]: good[proofs[-1]] + "é"},
        {**good, proofs[-1]: "\xff\xfe"},
        {**good, proofs[-1]: "sha256="},
    ]
    connection, silent, emptied = listening(platform), listening(platform, secret=""), listening(platform, secret=" ")
    for headers in wrong:
        answer = knock(connection, body, headers)
        assert answer.status_code == 403, (headers, answer.content)
        assert SECRET not in answer.content.decode()
    for keyless in (silent, emptied):
        for headers in (good, headers_of(platform, body, now, ""), {}):
            assert knock(keyless, body, headers).status_code in (403, 503)
    assert InboundItem.objects.count() == 0


@pytest.mark.parametrize("platform", sorted(set(HOOKED) - {"gitlab"}))
def test_a_signature_belongs_to_one_body(platform):
    connection, now = listening(platform), timezone.now()
    body = json.dumps(body_of(platform, now)).encode()
    assert knock(connection, body + b" ", headers_of(platform, body, now)).status_code == 403
    assert stored(connection) == 0


@pytest.mark.parametrize("platform", sorted(set(HOOKED) - {"gitlab", "hackerone"}))
@pytest.mark.parametrize("days", [-3, 3])
def test_a_call_of_another_day_is_refused(platform, days):
    if platform == "facebook" and days > 0:
        pytest.skip("only its age can be judged")
    connection, then = listening(platform), timezone.now() + timedelta(days=days)
    assert knock_well(connection, body_of(platform, then), then).status_code == 403
    assert stored(connection) == 0


@pytest.mark.parametrize("platform", HOOKED)
def test_one_connections_proof_opens_no_other(platform):
    mine, theirs = listening(platform), listening(platform, secret=OTHER)
    assert knock_well(theirs).status_code == 403
    assert knock_well(mine).status_code == 200
    assert stored(theirs) == 0
    assert knock(Connection(hook_id=uuid4()), b"{}", {}).status_code == 404


@pytest.mark.parametrize("platform", HOOKED)
def test_a_paused_connection_says_try_again(platform):
    connection = listening(platform, is_active=False)
    answer = knock_well(connection)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert stored(connection) == 0


@pytest.mark.parametrize("platform", HOOKED)
@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
def test_other_methods_bring_nothing(platform, method):
    connection, now = listening(platform), timezone.now()
    body = json.dumps(body_of(platform, now)).encode()
    answer = knock(connection, body, headers_of(platform, body, now), method=method)
    assert answer.status_code in (400, 403, 405), answer.content
    assert stored(connection) == 0


def bodies(document):
    whole = json.dumps(document).encode()
    deep = [b"[" * n + b"]" * n for n in (100_000,)]
    deep += [whole[:-1] + b', "further": ' + b"[" * n + b"]" * n + b"}" for n in (500, 800, 900, 940, 960, 980, 2000)]
    return [
        b"",
        b"\x00",
        b"{",
        b"null",
        b"[]",
        b'"Acme"',
        b"7",
        b"1e999",
        b"9" * 5000,
        whole[: len(whole) // 2],
        whole[:-1],
        whole.decode().encode("utf-16"),
        b"\xff\xfe" + whole,
        b"\xef\xbb\xbf" + whole,
        whole.replace(b"Acme", b"Acme\xff"),
        whole.replace(b"Acme", b"Ac\\u0000me\\ud83d"),
        whole.replace(b"Acme", b"Ac\x00me"),
        whole.replace(b"1", b"NaN"),
        b'{"a": 1, "a": 2}',
        *deep,
    ]


@pytest.mark.parametrize("platform", HOOKED)
def test_no_signed_body_is_an_error_of_ours(platform, caplog):
    connection, now = listening(platform), timezone.now()
    wrong = []
    with caplog.at_level(logging.INFO):
        for number, body in enumerate(bodies(body_of(platform, now))):
            answer = knock_well(connection, body, now)
            text = answer.content.decode()
            if not (200 <= answer.status_code < 300 or 400 <= answer.status_code < 500):
                wrong.append((number, body[:60], answer.status_code))
            elif answer.status_code >= 400 and (text.strip().count("\n") or len(text) > 500 or "<" in text):
                wrong.append((number, body[:60], text[:300]))
            assert SECRET not in text
    assert wrong == []
    assert SECRET not in caplog.text
    ingest_pending(100)
    assert stored(connection) < 20
    for item in InboundItem.objects.filter(state="failed"):
        assert item.error


@pytest.mark.parametrize("platform", HOOKED)
def test_every_part_of_a_call_may_be_anything(platform):
    connection, now = listening(platform), timezone.now()
    document = body_of(platform, now)
    wrong = []
    for spot in list(spots(document)):
        for value in (None, 7, "\x00\ud83d", [{}], {}, 10**30, "0001-01-01T00:00:00+14:00"):
            answer = knock_well(connection, put(document, spot, value), now)
            if answer.status_code >= 500:
                wrong.append((spot, value, answer.status_code, answer.content[:100]))
    assert wrong == []
    while ingest_pending(200).taken:
        pass
    odd = InboundItem.objects.filter(state="failed").exclude(error__startswith="Malformed")
    assert [e for e in odd.values_list("error", flat=True) if "Error:" in e] == []


def spots(value, path=()):
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from spots(inner, (*path, key))


def put(document, spot, value):
    copy = deepcopy(document)
    inner = copy
    for key in spot[:-1]:
        inner = inner[key]
    inner[spot[-1]] = value
    return copy


@pytest.mark.parametrize("length", ["abc", "-1", "", "99999999999999999999", "²"])
def test_a_length_that_is_none_is_no_error_of_ours(length):
    connection = listening("form")
    answer = knock(connection, b"{}", {}, CONTENT_LENGTH=length)
    assert answer.status_code in (400, 403, 413)


def test_more_than_a_megabyte_is_refused_and_many_fields_too():
    connection, now = listening("form"), timezone.now()
    assert knock_well(connection, b" " * (1024 * 1024 + 1), now).status_code == 413
    body = "&".join(f"f{n}=x" for n in range(10_000)).encode()
    headers = headers_of("form", body, now) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert knock(connection, body, headers).status_code < 500
    many = "?" + "&".join(f"f{n}=x" for n in range(10_000))
    assert Client(raise_request_exception=False).post(f"/hooks/{connection.hook_id}/{many}").status_code == 400


def test_facebooks_question_is_answered_only_to_who_knows_the_word():
    connection = listening("facebook")
    connection.secrets = {**connection.secrets, "verify_token": seal("the-word")}
    connection.save()
    asked = {"hub.mode": "subscribe", "hub.challenge": "<script>alert(1)</script>", "hub.verify_token": "the-word"}
    path = f"/hooks/{connection.hook_id}/"
    answer = Client().get(path, asked)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for word in ("", "wrong", "é", "the-wor"):
        refused = Client().get(path, {**asked, "hub.verify_token": word})
        assert refused.status_code == 403
        assert b"script" not in refused.content
        assert b"the-word" not in refused.content
    assert Client().get(path, {k: v for k, v in asked.items() if k != "hub.verify_token"}).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("platform", HOOKED)
def test_two_calls_and_a_poll_at_the_same_moment_store_one(platform):
    connection, now = listening(platform), timezone.now()
    document = body_of(platform, now)
    source = source_of(connection.pk)
    is_nudge = platform in ("form", "hackerone")  # no poll brings any of it
    hook_items = [] if is_nudge else source.adapter.split(document, source.config)

    def poll():
        storing_once.store_page(connection.pk, Page(hook_items, {"at": 1}), fetched_at=datetime.now(UTC), source=source)

    def ingest():
        try:
            return ingest_pending(100).taken
        finally:
            connections.close_all()

    results = together(*[lambda: knock_well(connection, document, now).status_code] * 3, poll, ingest, ingest)
    assert results[:3] == [200] * 3, results
    assert not [r for r in results if isinstance(r, Exception)]
    while ingest_pending(100).taken:
        pass
    assert stored(connection) == BROUGHT.get(platform, 1)
    assert Message.objects.count() <= stored(connection)
