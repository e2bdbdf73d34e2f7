"""Our outgoing webhook: signed over the sent bytes, one delivery id for all attempts, guarded, never uncertain."""

import hashlib
import hmac
import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from channels.models import OutboundItem
from channels.outbox import outbox, sending, webhooks
from channels.tests.loopback import Reply, as_json, serving

pytestmark = pytest.mark.django_db
SECRET = "a-long-secret-of-the-crm"


class Crm:
    """Takes a delivery once; `answers` come first."""

    def __init__(self, *answers):
        self.answers, self.seen, self.taken = list(answers), [], {}

    def __call__(self, seen):
        self.seen.append(seen)
        if self.answers:
            return self.answers.pop(0)
        self.taken.setdefault(seen.headers["X-Desk-Delivery"], json.loads(seen.body))
        return as_json({}, 200)


@pytest.fixture
def deliver(settings):
    def call(crm, *, private=True, address=None):
        with serving(crm) as server:
            settings.CRM_WEBHOOK_URL = address or f"{server.url}/hooks/desk"
            settings.CRM_WEBHOOK_SECRET = SECRET
            settings.ALLOWED_PRIVATE_HOSTS = [server.url.partition("//")[2]] if private else []
            now = timezone.now()
            item = outbox.enqueue(
                key=uuid.uuid4(), kind="webhook", connection_id=None, conversation="program:1", not_before=now,
                payload={"event": "application.approved", "body": {"application": {"id": 1, "name": "Zoë"}}},
            )  # fmt: skip
            for hours in range(4):
                outbox.send_due(now + timedelta(hours=hours))
            item.refresh_from_db()
            return item

    return call


def test_the_signature_covers_time_and_body(deliver):
    crm = Crm()
    item = deliver(crm)
    (seen,) = crm.seen
    expected = hmac.new(SECRET.encode(), f"v1:{seen.headers['X-Desk-Timestamp']}:".encode() + seen.body, hashlib.sha256)
    assert seen.headers["X-Desk-Signature"] == f"v1={expected.hexdigest()}"
    assert seen.headers["X-Desk-Event"] == "application.approved"
    assert item.state == OutboundItem.State.SENT
    assert crm.taken == {str(item.key): {"application": {"id": 1, "name": "Zoë"}}}


@pytest.mark.parametrize("first", [Reply(503, b"<html>"), Reply(drop=True), Reply(429, b"")])
def test_what_is_in_doubt_is_repeated_under_the_same_id(deliver, first):
    crm = Crm(first)
    item = deliver(crm)
    assert item.state == OutboundItem.State.SENT
    assert len({seen.headers["X-Desk-Delivery"] for seen in crm.seen}) == 1
    assert len(crm.taken) == 1


@pytest.mark.parametrize("body", [b"", b"OK", b"<html>thanks</html>"])
def test_any_2xx_accepts_it_whatever_it_says(deliver, body):
    crm = Crm(Reply(202, body))
    assert deliver(crm).state == OutboundItem.State.SENT
    assert len(crm.seen) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_final_and_says_why(deliver, status):
    item = deliver(Crm(*[Reply(status, b"{}")] * 9))
    assert item.state == OutboundItem.State.FAILED
    assert item.error
    assert SECRET not in item.error


def test_an_address_inside_the_own_network_is_refused(deliver):
    crm = Crm()
    item = deliver(crm, private=False)
    assert crm.seen == []
    assert item.state != OutboundItem.State.SENT


def test_without_an_address_it_says_what_to_enter(settings):
    settings.CRM_WEBHOOK_URL = settings.CRM_WEBHOOK_SECRET = ""
    now = timezone.now()
    item = outbox.enqueue(
        key=uuid.uuid4(), kind="webhook", connection_id=None, conversation="program:1", not_before=now,
        payload={"event": "x", "body": {"id": 1}},
    )  # fmt: skip
    outbox.send_due(now)
    item.refresh_from_db()
    assert "DESK_CRM_WEBHOOK_URL" in item.error


def test_a_worker_that_is_lost_is_waited_for_as_long_as_a_delivery_may_take(settings):
    made = outbox.enqueue(
        key=uuid.uuid4(), kind="webhook", connection_id=None, conversation="program:1", not_before=timezone.now(),
        payload={"event": "x", "body": {"id": 1}},
    )  # fmt: skip
    longest_s, _, label, is_provable = sending.outlook(made)
    assert (longest_s, label, is_provable) == (webhooks.REQUEST_TIMEOUT_S, "CRM", False)
