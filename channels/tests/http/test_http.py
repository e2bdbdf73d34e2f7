"""The HTTP client against a real server: errors by response, requests sent, secrets never revealed."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from requests_oauthlib import OAuth1

from channels.contract import Network
from channels.errors import AuthFailed, BlockedAddress, RateLimited, Rejected, Transient, Uncertain
from channels.http import client as http
from channels.http.body import Raw, decode_json
from channels.http.errors import quota, redact, retry_after_s
from channels.tests.growth import assert_linear
from channels.tests.loopback import Reply, Seen, as_json, serving

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
TOKEN = "tok-0123456789abcdef"


def test_a_read_sends_parameters_and_our_name_and_gives_json() -> None:
    with serving(lambda seen: as_json({"ok": [1]})) as server:
        answer = http.get_json(server.network(user_agent="desk/9"), f"{server.url}/a", params={"q": "ä b"})
        assert answer.body == {"ok": [1]}
        assert server.seen[0].query == {"q": "ä b"}
        assert server.seen[0].headers["User-Agent"] == "desk/9"


def test_connections_are_kept_open_between_requests_but_not_cookies() -> None:
    with serving(lambda seen: as_json({}, Set_Cookie="login=1")) as server:
        for _ in range(3):
            http.get_json(server.network(), server.url)
        assert all("Cookie" not in seen.headers for seen in server.seen)


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (400, Rejected, Rejected),
        (401, AuthFailed, AuthFailed),
        (402, AuthFailed, Rejected),
        (403, AuthFailed, Rejected),
        (404, Rejected, Rejected),
        (408, Transient, Uncertain),
        (410, Rejected, Rejected),
        (422, Rejected, Rejected),
        (429, RateLimited, RateLimited),
        (500, Transient, Uncertain),
        (502, Transient, Uncertain),
        (503, Transient, Uncertain),
    ],
)
def test_a_status_means_what_the_desk_must_do(status: int, read: type[Exception], write: type[Exception]) -> None:
    with serving(lambda seen: as_json({"detail": "because of reasons"}, status)) as server:
        with pytest.raises(read, match="because of reasons") as caught:
            http.get_json(server.network(), f"{server.url}/x")
        assert type(caught.value) is read
        for call in (
            lambda: http.post_json(server.network(), f"{server.url}/x", {}),
            lambda: http.write(server.network(), http.Call("DELETE", f"{server.url}/x")),
        ):
            with pytest.raises(write) as caught:
                call()
            assert type(caught.value) is write


def test_retry_after_is_given_in_seconds_or_as_a_date() -> None:
    assert retry_after_s({"Retry-After": "2.5"}, NOW) == 2.5
    assert retry_after_s({"Retry-After": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, NOW) == 90
    assert retry_after_s({"Retry-After": format_datetime(NOW - timedelta(hours=1), usegmt=True)}, NOW) == 0
    assert retry_after_s({"Retry-After": "99999999"}, NOW) == 86_400
    for nonsense in ("", "soon", "nan", "inf", "-inf"):
        assert retry_after_s({"Retry-After": nonsense}, NOW) is None
    assert retry_after_s({}, NOW) is None


def test_a_quota_is_read_from_the_headers() -> None:
    reset = NOW + timedelta(minutes=10)
    headers = {"x-rate-limit-remaining": "3", "x-rate-limit-reset": str(int(reset.timestamp()))}
    assert quota(headers, NOW) == (3, reset)
    assert quota({"x-rate-limit-remaining": "many", "x-rate-limit-reset": "1e400"}, NOW) == (None, None)
    assert quota({}, NOW) == (None, None)


def test_a_spent_quota_says_until_when_to_wait() -> None:
    reset = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=600)
    spent = as_json({}, 429, x_rate_limit_remaining="0", x_rate_limit_reset=str(int(reset.timestamp())))
    with serving(lambda seen: spent) as server, pytest.raises(RateLimited) as caught:
        http.get_json(server.network(), server.url)
    assert caught.value.until == reset
    assert caught.value.retry_after_s == pytest.approx(600, abs=5)


def test_a_503_with_retry_after_is_waited_for() -> None:
    with serving(lambda seen: Reply(503, b"", {"Retry-After": "30"})) as server, pytest.raises(Transient) as caught:
        http.get_json(server.network(), server.url)
    assert caught.value.retry_after_s == 30


def test_gzip_is_unpacked() -> None:
    body = gzip.compress(json.dumps({"a": "ü" * 1000}).encode())
    with serving(lambda seen: Reply(200, body, {"Content-Encoding": "gzip"})) as server:
        assert http.get_json(server.network(), server.url).body == {"a": "ü" * 1000}


def test_a_small_body_that_unpacks_to_a_huge_one_is_stopped() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    with (
        serving(lambda seen: Reply(200, bomb, {"Content-Encoding": "gzip"})) as server,
        pytest.raises(Transient, match="more than 1000000 bytes"),
    ):
        http.get_json(server.network(max_bytes=1_000_000), server.url)


def test_a_broken_gzip_is_transient() -> None:
    with (
        serving(lambda seen: Reply(200, b"not gzip at all", {"Content-Encoding": "gzip"})) as server,
        pytest.raises(Transient),
    ):
        http.get_json(server.network(), server.url)


def test_chunked_bodies_are_read_whole_and_a_cut_one_is_transient() -> None:
    whole = b"5\r\n[1,2,\r\n2\r\n3]\r\n0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked"}
    with serving(lambda seen: Reply(200, whole, headers)) as server:
        assert http.get_json(server.network(), server.url).body == [1, 2, 3]
    with serving(lambda seen: Reply(200, whole, headers, cut=True)) as server, pytest.raises(Transient):
        http.get_json(server.network(), server.url)


def test_a_server_that_drips_does_not_hold_us() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"

    def drip() -> None:
        client, _ = listener.accept()
        client.recv(65_536)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while not stop.wait(0.05):
                client.sendall(b" ")
        except OSError:
            pass
        client.close()

    stop = threading.Event()
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    network = Network(connect_timeout_s=1, read_timeout_s=1, allowed_private=(address,))
    with pytest.raises(Transient, match="too slowly"):
        http.get_json(network, f"http://{address}")
    stop.set()
    thread.join(5)
    listener.close()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ('{"a":"ü€"}'.encode(), "application/json; charset=utf-16"),
        ('{"a":"ü€"}'.encode("utf-8-sig"), "application/json"),
        ('{"a":"ü€"}'.encode("utf-16"), "application/json; charset=utf-8"),
        ('{"a":"ü€"}'.encode("cp1252"), "application/json; charset=no-such-thing"),
        ('{"a":"ü€"}'.encode("cp1252"), "application/json; charset=windows-1252"),
        ('{"a":"ü€"}'.encode("cp1252"), ""),
    ],
)
def test_the_charset_may_be_wrong(content: bytes, content_type: str) -> None:
    assert decode_json(Raw(200, {"Content-Type": content_type}, content)) == {"a": "ü€"}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'"a\u0000b"', "a�b"),
        (rb'"x\ud83d"', "x�"),
        (rb'"x\ude00y"', "x�y"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\ud83d\ud83d\ude00"', "�😀"),
        (rb'"\\u0000 \\ud83d"', "\\u0000 \\ud83d"),
        (rb'"\\\u0000"', "\\�"),
    ],
)
def test_characters_that_no_database_stores_are_replaced(body: bytes, value: str) -> None:
    assert decode_json(Raw(200, {}, body)) == value


def test_json_nested_too_deeply_is_transient() -> None:
    with serving(lambda seen: Reply(200, b"[" * 200_000)) as server, pytest.raises(Transient):
        http.get_json(server.network(), server.url)


# --- redirects ---------------------------------------------------------------------------------------------------


def test_a_redirect_is_followed_with_credentials_to_the_same_place() -> None:
    def answer(seen: Seen) -> Reply:
        return Reply(302, b"", {"Location": "/b?x=1"}) if seen.path == "/a" else as_json({"at": seen.path})

    with serving(answer) as server:
        got = http.get_json(server.network(), f"{server.url}/a", headers={"Authorization": f"Bearer {TOKEN}"})
        assert got.body == {"at": "/b"}
        assert server.seen[1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_credentials_do_not_follow_a_redirect_to_another_host() -> None:
    with serving(lambda seen: as_json({})) as other:
        with serving(lambda seen: Reply(302, b"", {"Location": f"{other.url}/steal"})) as server:
            network = server.network(allowed_private=(server.address, other.address))
            with pytest.raises(Rejected, match="the desk sends no credentials there"):
                http.get_json(network, server.url, headers={"Authorization": f"Bearer {TOKEN}"})
            with pytest.raises(Rejected, match="the desk sends no credentials there"):
                http.get_json(network, server.url, auth=OAuth1("a", "b", "c", "d"))
            http.get_json(network, server.url)
        assert [seen.path for seen in other.seen] == ["/steal"]


def test_redirects_in_a_circle_end() -> None:
    with serving(lambda seen: Reply(302, b"", {"Location": "/again"})) as server:
        with pytest.raises(Rejected, match="redirects too often"):
            http.get_json(server.network(), server.url)
        assert len(server.seen) == http.MAX_REDIRECTS + 1


def test_a_redirect_into_the_own_network_is_blocked() -> None:
    with serving(lambda seen: as_json({"secret": 1})) as inner:
        redirect = Reply(302, b"", {"Location": inner.url})
        with serving(lambda seen: redirect) as server, pytest.raises(BlockedAddress):
            http.get_json(server.network(), server.url)
        assert not inner.seen


def test_a_redirect_to_a_file_is_refused() -> None:
    with serving(lambda seen: Reply(302, b"", {"Location": "file:///etc/passwd"})) as server, pytest.raises(Rejected):
        http.get_json(server.network(), server.url)


def test_a_write_is_never_redirected() -> None:
    with serving(lambda seen: Reply(307, b"", {"Location": "/elsewhere"})) as server:
        with pytest.raises(Rejected):
            http.post_json(server.network(), server.url, {"text": "once"})
        assert len(server.seen) == 1


# --- errors ------------------------------------------------------------------------------------------------------


def test_secrets_are_in_no_error_text() -> None:
    leaky = as_json({"error": f"bad token {TOKEN} in access_token=abc123secret for Bearer zzzzzzzzzzzz"}, 401)
    with serving(lambda seen: leaky) as server, pytest.raises(AuthFailed) as caught:
        http.get_json(
            server.network(), f"{server.url}/{TOKEN}", params={"api_key": TOKEN}, secrets=(TOKEN,), headers={"X": TOKEN}
        )
    text = str(caught.value)
    assert TOKEN not in text
    assert "abc123secret" not in text
    assert "zzzzzzzz" not in text
    assert "bad token" in text


def test_no_url_with_its_query_is_in_an_error_text() -> None:
    with serving(lambda seen: Reply(drop=True)) as server, pytest.raises(Transient) as caught:
        http.get_json(server.network(), f"{server.url}/x?key={TOKEN}")
    assert TOKEN not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "https://bob:hunter22@host/",
        "password=hunter22&x=1",
        '{"client_secret": "hunter22"}',
        "oauth_signature: hunter22",
    ],
)
def test_what_looks_like_a_secret_is_redacted(text: str) -> None:
    assert "hunter22" not in redact(text)


def test_a_secret_is_redacted_as_it_looks_in_a_url() -> None:
    assert redact("see /x?a=p%2Fss%20word or p/ss word", ["p/ss word"]) == "see /x?a=••• or •••"


def test_an_adapter_may_read_an_error_body_its_own_way() -> None:
    def classify(status: int, body: Any) -> Rejected | None:
        return Rejected("protected") if body == {"type": "protected"} else None

    with serving(lambda seen: as_json({"type": seen.path.strip("/")}, 403)) as server:
        with pytest.raises(Rejected, match="protected"):
            http.get_json(server.network(), f"{server.url}/protected", classify=classify)
        with pytest.raises(AuthFailed):
            http.get_json(server.network(), f"{server.url}/other", classify=classify)


@pytest.mark.parametrize("unit", ["token", "a-", "secret=", "bearer ", "x://a", "key ", "=", "'", "%41"])
def test_blotting_out_secrets_costs_linear_time(unit: str) -> None:
    assert_linear(lambda count: redact(unit * count, ["hunter22"]), 200_000)


def test_an_address_is_cut_only_behind_its_secrets() -> None:
    """If it were cut first, the beginning of the secret would not be redacted."""
    secret = "hunter22-hunter22-hunter22"
    with pytest.raises(Rejected) as caught:
        http.get_json(Network(), "ftp://acme.example/" + "a" * 75 + secret, secrets=[secret])
    assert "hunter" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_an_endless_address_is_shortened() -> None:
    call = http.Call("GET", "https://acme.example/" + "token-" * 100_000)
    assert len(call.where) <= 100
