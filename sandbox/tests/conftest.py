"""One sandbox for a module, a fresh one where a test breaks it, and clients that sign as the desk would."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
from requests_oauthlib import OAuth1

from sandbox import launch, world
from sandbox.tests.ways import Client


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with launch.start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def calm(sandbox):
    """The module's sandbox without faults, before and after."""
    sandbox.control("faults/clear")
    yield sandbox
    sandbox.control("faults/clear")
    sandbox.control("stream", rate=0, reactions=False)


@pytest.fixture(scope="module")
def reader():
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {world.BEARER_TOKEN}"
        yield session


@pytest.fixture(scope="module")
def anybody():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def ask(calm, anybody, request):
    """A client for the API of the module's `PLATFORM`, with the right credentials."""
    return Client(calm, request.module.PLATFORM, anybody)


class Listener:
    """A desk that accepts webhook calls: `calls` are (headers, body)."""

    def __init__(self):
        self.calls = calls = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                """Silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/x/"

    def wait_for(self, count):
        end = time.monotonic() + 10
        while len(self.calls) < count and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.calls) == count
        return self.calls


@pytest.fixture
def listener():
    heard = Listener()
    thread = threading.Thread(target=heard.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield heard
    heard.server.shutdown()
    heard.server.server_close()
    thread.join(5)


def signed(handle="acme", *, secret=None):
    known = world.HANDLES[handle]
    return OAuth1(
        world.CONSUMER_KEY,
        world.CONSUMER_SECRET,
        known.access_token,
        secret or known.access_token_secret,
    )


class Desk:
    """Tweets like the desk."""

    def __init__(self, running):
        self.url = f"{running.http_url}/twitter/2"

    def post(self, text, *, reply_to=None, handle="acme", secret=None):
        body = {"text": text} | ({"reply": {"in_reply_to_tweet_id": reply_to}} if reply_to else {})
        return requests.post(f"{self.url}/tweets", json=body, auth=signed(handle, secret=secret), timeout=20)

    def delete(self, tweet_id, *, handle="acme"):
        return requests.delete(f"{self.url}/tweets/{tweet_id}", auth=signed(handle), timeout=20)

    def like(self, tweet_id, *, handle="acme"):
        url = f"{self.url}/users/{world.HANDLES[handle].user_id}/likes"
        return requests.post(url, json={"tweet_id": tweet_id}, auth=signed(handle), timeout=20)


@pytest.fixture
def desk(calm):
    return Desk(calm)
