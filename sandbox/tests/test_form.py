"""The website: submissions are stored, shown, and sent to the desk with a signature."""

import hashlib
import hmac
import json

import pytest

from sandbox.platforms.form.applications import FORMS


def test_an_application_is_sent_with_a_signature_over_time_and_body(calm, listener):
    calm.control("webhook", platform="form", url=listener.url, secret="s3cret")
    made = calm.post("form", kind="opensource", author="ada@code.example", text="Ünicode & more")
    headers, body = listener.wait_for(1)[0]
    calm.control("webhook", platform="form", url="", secret="")
    signed = b"v1:" + headers["X-Desk-Timestamp"].encode() + b":" + body
    assert headers["X-Desk-Signature"] == "v1=" + hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    sent = json.loads(body)
    assert (sent["form"], sent["id"]) == ("opensource@acme.example", made["id"])
    assert sent["answers"]["email"] == "ada@code.example"
    assert sent["answers"]["message"] == "Ünicode & more"
    truth = next(m for m in calm.truth("form")["mentions"] if m["id"] == made["id"])
    assert truth["answers"] == sent["answers"]
    assert truth["addressed"] == ["opensource@acme.example"]


@pytest.mark.parametrize("kind", FORMS)
def test_every_form_is_filled_in_with_all_that_it_needs(calm, kind):
    made = calm.post("form", kind=kind)
    truth = next(m for m in calm.truth("form")["mentions"] if m["id"] == made["id"])
    needed = {line.split("*")[0] for line in FORMS[kind].questions if "*" in line.split("|")[0]}
    assert needed <= {name for name, value in truth["answers"].items() if value}


def test_a_person_fills_in_the_page_and_sees_what_was_sent(calm, anybody):
    page = anybody.get(f"{calm.http_url}/website/speaker/", timeout=20).text
    assert 'name="event"' in page
    given = {"name": "Ben", "email": "ben@meetup.example", "event": "<b>Day</b>", "topic": "Builds"}
    shown = anybody.post(f"{calm.http_url}/website/speaker/", data=given, timeout=20)
    assert "&lt;b&gt;Day&lt;/b&gt;" in shown.text
    assert "Not yet." in shown.text
    assert "Find a speaker" in anybody.get(f"{calm.http_url}/website/", timeout=20).text
    assert calm.truth("form")["mentions"][-1]["author"] == "ben@meetup.example"
