"""The webhook that reports contributors: verified, all or nothing, idempotent, and independent of order."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from channels.adapters.form import signing
from mentions.marks import applying, webhook
from mentions.models import Mark, Person
from mentions.tests.factories import AuthorFactory

pytestmark = pytest.mark.django_db
SECRET = "a-long-random-word-of-the-test"


@pytest.fixture(autouse=True)
def secret(settings):
    cache.clear()
    settings.MARKS_WEBHOOK_SECRET = SECRET


def call(*marks, secret=SECRET, at=None, body=None):
    body = json.dumps({"marks": marks}).encode() if body is None else body
    stamp = str(int((at or timezone.now()).timestamp()))
    headers = {signing.TIMESTAMP: stamp, signing.SIGNATURE: signing.signature(secret, stamp, body)}
    return Client(headers=headers).post("/hooks/marks/", body, content_type="application/json")


def a_mark(minutes=0, **more):
    """A mark decided `minutes` after an hour ago."""
    at = (timezone.now() - timedelta(minutes=60 - minutes)).isoformat()
    return {"accounts": "hackernews=ana", "mark": "contributor", "at": at, **more}


def test_a_call_marks_somebody_once_however_often_it_comes():
    author, one = AuthorFactory(external_id="ana"), a_mark(region="EMEA", email="ana@example.com")
    assert call(one).json() == {"marks": [{"line": 1, "result": "add", "problems": []}]}
    assert call(one).json()["marks"][0]["result"] == "late"
    author.refresh_from_db()
    mark = Mark.objects.get(person=author.person)
    assert (mark.is_given, mark.source, mark.decided_by, author.person.region) == (True, "webhook", None, "EMEA")
    assert mark.since == mark.decided_at.date()


def test_calls_in_any_order_end_in_the_same_state():
    now = timezone.now()
    calls = [a_mark(1), a_mark(2, because="again"), a_mark(3, given=False), a_mark(4, mark="core")]
    ends = set()
    for order in itertools.permutations(calls):
        Person.objects.all().delete()
        for one in order:
            applying.take_in(webhook.entries_in(json.dumps({"marks": [one]}).encode(), now), now)
        ends.add(tuple(Mark.objects.order_by("kind").values_list("kind", "is_given")))
    assert ends == {(("contributor", False), ("core", True))}


def test_a_decision_by_hand_holds_against_an_older_call():
    call(a_mark(1))
    Mark.objects.update(is_given=False, decided_at=timezone.now())
    call(a_mark(2))
    assert not Mark.objects.get().is_given


def test_two_marks_of_a_stranger_in_one_call_are_one_person():
    assert call(a_mark(1), a_mark(1, mark="core", name="Ana")).status_code == 200
    assert Mark.objects.values("person").distinct().count() == 1


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"mark": "friend"}, "not one of"),
        ({"accounts": "nowhere=ana"}, "no platform"),
        ({"at": "2026-11-23"}, "at"),
        ({"at": None}, "at"),
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
        ({"shoe": 42}, "no field"),
        ({"email": "nonsense"}, "email"),
    ],
)
def test_one_wrong_mark_says_what_is_wrong_and_nothing_is_changed(wrong, problem):
    answer = call(a_mark(), a_mark(**wrong))
    assert answer.status_code == 422
    assert [each["result"] for each in answer.json()["marks"]] == ["add", "wrong"]
    assert problem in answer.json()["marks"][1]["problems"][0]
    assert not Person.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"marks": []}', b'{"marks": 1}', b"[" * 100_000, b"\xff"])
def test_what_is_no_such_call_is_refused(body):
    assert call(body=body).status_code == 400


def test_what_is_no_mark_is_reported_by_its_number():
    assert call(body=b'{"marks": [1]}').json()["marks"] == [
        {"line": 1, "result": "wrong", "problems": ["is not an object"]}
    ]


def test_without_proof_nothing_is_read(settings):
    assert call(a_mark(), secret="another-secret-of-nobody").status_code == 403
    assert call(a_mark(), at=timezone.now() - timedelta(minutes=6)).status_code == 403
    settings.MARKS_WEBHOOK_SECRET = ""
    assert call(a_mark(), secret="").status_code == 403
    assert not Person.objects.exists()


def test_large_bodies_and_too_many_calls_are_held_back(monkeypatch):
    assert call(body=b" " * (webhook.MAX_BYTES + 1)).status_code == 413
    monkeypatch.setattr(webhook, "MAX_CALLS", 2)
    monkeypatch.setattr(webhook, "WINDOW_S", 10**9)
    assert [call(a_mark(), secret="wrong-wrong-wrong").status_code for _ in range(2)] == [403, 403]
    assert call(a_mark()).status_code == 429
