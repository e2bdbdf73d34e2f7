"""Nobody can make the desk read a large body: every URL gets an input that must not be read."""

import io
import logging

import pytest
from django.test import Client

from advocacy.middleware import bodies
from advocacy.tests.attacked import client_of, somebody, world
from advocacy.tests.test_escalation import admin_addresses
from advocacy.tests.test_security_roles import addresses

pytestmark = pytest.mark.django_db
HUGE = 150 * 1024 * 1024


class Unread(io.RawIOBase):
    """A body of which at most `most` bytes may be read."""

    def __init__(self, most=0):
        self.taken, self.most = 0, most

    def read(self, size=-1):
        self.taken += HUGE if size is None or size < 0 else size
        assert self.taken <= self.most, "the body was read"
        return b"x" * max(size, 0)


def send(client, address, method="POST", kind="multipart/form-data; boundary=x", **length):
    body = Unread()
    length = length or {"CONTENT_LENGTH": str(HUGE)}
    response = client.generic(method, address, content_type=kind, **{**length, "wsgi.input": body})
    return response.status_code, body.taken


def everywhere():
    w = world()
    return [*(address for _key, address in addresses(w)), *admin_addresses([w.owner])]


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
def test_no_address_reads_what_is_too_large_for_somebody_without_a_login(method):
    logging.disable(logging.ERROR)
    try:
        client = Client(raise_request_exception=True, enforce_csrf_checks=True)
        found = {address: send(client, address, method) for address in everywhere()}
    finally:
        logging.disable(logging.NOTSET)
    assert len(found) > 100
    assert {address: got for address, got in found.items() if got[1]} == {}
    assert found["/accounts/login/"][0] == 413


def test_a_forged_session_is_no_login():
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = "x" * 32
    assert send(client, "/accounts/login/") == (413, 0)


def test_a_body_that_does_not_say_how_large_it_is_is_not_read():
    client = Client(enforce_csrf_checks=True)
    assert send(client, "/accounts/login/", HTTP_TRANSFER_ENCODING="chunked") == (413, 0)
    assert send(client, "/accounts/login/", CONTENT_LENGTH="many") == (413, 0)


def test_who_is_logged_in_sends_more_but_not_anything():
    client = client_of(somebody("advocate"))
    fits = "x" * (bodies.WITHOUT_LOGIN + 1)
    assert client.post("/me/", {"theme": "dark", "more": fits}).status_code == 302
    assert send(client, "/me/") == (413, 0)


def test_a_usual_login_fits():
    assert Client().post("/accounts/login/", {"login": "x" * 200, "password": "y" * 4000}).status_code == 200
