"""The website: what is sent there is kept, shown, and told to the desk with a signature."""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sandbox.platforms.form.applications import FORMS


@pytest.fixture
def listening():
    """A desk that takes calls: [(headers, body)]."""
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hooks/x/", calls
    server.shutdown()
    server.server_close()
    thread.join(5)


def wait_for(calls, count):
    end = time.monotonic() + 10
    while len(calls) < count and time.monotonic() < end:
        time.sleep(0.02)
    assert len(calls) == count
    return calls


def test_an_application_is_told_with_a_signature_over_time_and_body(calm, listening):
    url, calls = listening
    calm.control("webhook", platform="form", url=url, secret="s3cret")
    made = calm.post("form", kind="opensource", author="ada@code.example", text="Ünicode & more")
    calm.control("webhook", platform="form", url="", secret="")
    headers, body = wait_for(calls, 1)[0]
    signed = b"v1:" + headers["X-Desk-Timestamp"].encode() + b":" + body
    assert headers["X-Desk-Signature"] == "v1=" + hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["form"], told["id"]) == ("opensource@acme.example", made["id"])
    assert told["answers"]["email"] == "ada@code.example"
    assert told["answers"]["message"] == "Ünicode & more"
    truth = next(m for m in calm.truth("form")["mentions"] if m["id"] == made["id"])
    assert truth["answers"] == told["answers"]
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
