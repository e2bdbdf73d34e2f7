"""Every fault, on the wire."""

import time

import pytest
import requests

from sandbox import launch, world
from sandbox.tests.conftest import Desk

MENTIONS = f"twitter/2/users/{world.HANDLES['acme'].user_id}/mentions"
SEARCH = "hn/api/v1/search_by_date?query=acme&hitsPerPage=10"
PLACES = {"twitter": MENTIONS, "hackernews": SEARCH}


@pytest.fixture
def get(calm, reader):
    calm.control("bulk", count=20, platforms=["twitter", "hackernews"])
    return lambda path, **options: reader.get(f"{calm.http_url}/{path}", **{"timeout": 20, **options})


@pytest.mark.parametrize("platform", PLACES)
@pytest.mark.parametrize(("kind", "statuses"), [("429", {429}), ("500", {500, 503}), ("expired", {401, 403})])
def test_refusal_has_its_status_and_is_over_after_count(calm, get, platform, kind, statuses):
    calm.control("faults", platform=platform, kind=kind, count=2)
    found = [get(PLACES[platform]).status_code for _ in range(3)]
    assert set(found[:2]) <= statuses
    assert found[2] == 200


def test_too_many_requests_on_twitter_name_the_reset(calm, get):
    calm.control("faults", platform="twitter", kind="429", count=1)
    asked_at = time.time()
    answer = get(MENTIONS)
    assert answer.json()["title"] == "Too Many Requests"
    assert asked_at < int(answer.headers["x-rate-limit-reset"]) < time.time() + 10
    assert answer.headers["x-rate-limit-remaining"] == "0"


@pytest.mark.parametrize("platform", PLACES)
def test_truncated_body_is_shorter_than_it_says(calm, get, platform):
    calm.control("faults", platform=platform, kind="truncated", count=1)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        get(PLACES[platform])
    assert get(PLACES[platform]).json()


@pytest.mark.parametrize(("kind", "body"), [("html", "<!DOCTYPE html>"), ("empty", "")])
def test_success_without_json(calm, get, kind, body):
    calm.control("faults", platform="all", kind=kind, count=1)
    answer = get(MENTIONS)
    assert answer.status_code == 200
    assert answer.text.startswith(body)
    assert bool(answer.text) == bool(body)


def test_timeout_gives_no_answer(calm, get):
    calm.control("faults", platform="twitter", kind="timeout", count=1, seconds=5)
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(MENTIONS, timeout=0.5)


def test_slow_answers_late(calm, get):
    calm.control("faults", platform="twitter", kind="slow", count=1, seconds=0.4)
    started = time.monotonic()
    assert get(MENTIONS).status_code == 200
    assert time.monotonic() - started >= 0.4


def test_duplicates_repeat_within_and_across_pages(calm, get):
    calm.control("bulk", count=40, platforms=["hackernews"])
    first = [hit["objectID"] for hit in get(SEARCH).json()["hits"]]
    calm.control("faults", platform="hackernews", kind="duplicates", count=1)
    second = [hit["objectID"] for hit in get(SEARCH + "&page=1").json()["hits"]]
    assert set(first) & set(second)
    assert len(set(second)) < len(second)


def test_twitter_page_with_duplicates_loses_nothing(calm, get):
    calm.control("faults", platform="twitter", kind="duplicates")
    found, token = [], ""
    while True:
        page = get(f"{MENTIONS}?max_results=7" + (f"&pagination_token={token}" if token else "")).json()
        found += [tweet["id"] for tweet in page["data"]]
        token = page["meta"].get("next_token")
        if not token:
            break
    calm.control("faults/clear")
    assert len(found) > len(set(found))
    wanted = {m["ids"][-1] for m in calm.truth("twitter")["mentions"] if "acme" in m["addressed"]}
    assert wanted <= set(found)


def test_drop_after_accept_posts_once_and_cuts(calm, get):
    asked = calm.post("twitter", text="@acme cut me off")["id"]
    calm.control("faults", platform="twitter", kind="drop_after_accept", count=1)
    assert get(MENTIONS).status_code == 200  # reading is not hit
    with pytest.raises(requests.exceptions.ConnectionError):
        Desk(calm).post("Taken, but did you hear it?", reply_to=asked)
    posted = [t for t in calm.truth("twitter")["desk"] if t["in_reply_to"] == asked]
    assert len(posted) == 1


def test_rate_hits_some_requests(calm, get):
    calm.control("faults", platform="twitter", kind="500", rate=0.5)
    found = {get(MENTIONS).status_code for _ in range(40)}
    assert found == {200, 503}
    assert calm.state()["happened"]["twitter:500"] > 0


def test_unknown_fault_is_refused(calm):
    with pytest.raises(launch.ControlFailed, match="no fault of kind"):
        calm.control("faults", platform="twitter", kind="meteor")
    with pytest.raises(launch.ControlFailed, match="no platform"):
        calm.control("faults", platform="myspace", kind="500")
