"""Twitter's API v2 over a real socket."""

import re

import pytest
import requests

from sandbox import world
from sandbox.launch import ControlFailed

PLATFORM = "twitter"

ACME = world.HANDLES["acme"].user_id
ALL_FIELDS = "author_id,conversation_id,created_at,entities,in_reply_to_user_id,lang,note_tweet,referenced_tweets"
EXPANSIONS = "author_id,referenced_tweets.id,referenced_tweets.id.author_id,entities.mentions.username"


@pytest.fixture
def read(ask):
    return lambda path, **query: ask(path, **{name.replace("__", "."): value for name, value in query.items()})


def pages(read, path, token_name, **query):
    """All pages of a list."""
    found, token = [], None
    while True:
        document = read(path, **query, **({token_name: token} if token else {})).json()
        found.append(document)
        token = document["meta"].get("next_token")
        if not token:
            return found


def test_mentions_with_default_fields_have_only_those(calm, read):
    made = calm.post("twitter", to="acme", text="@acme is this on?")
    newest = read(f"users/{ACME}/mentions").json()["data"][0]
    assert newest == {"id": made["id"], "text": "@acme is this on?", "edit_history_tweet_ids": [made["id"]]}


def test_fields_and_expansions_bring_author_and_parent(calm, read):
    first = calm.post("twitter", to="acme", text="@acme a first one", author="ada_codes")
    calm.post("twitter", text="@acme and more", author="ada_codes", reply_to=first["id"])
    document = read(f"users/{ACME}/mentions", tweet__fields=ALL_FIELDS, expansions=EXPANSIONS, max_results=5).json()
    tweet = document["data"][0]
    assert tweet["referenced_tweets"] == [{"type": "replied_to", "id": first["id"]}]
    assert tweet["conversation_id"] == first["id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", tweet["created_at"])
    users = {user["id"]: user["username"] for user in document["includes"]["users"]}
    assert users[tweet["author_id"]] == "ada_codes"
    assert first["id"] in [parent["id"] for parent in document["includes"]["tweets"]]
    assert tweet["entities"]["mentions"][0]["username"] == "acme"


def test_text_is_escaped_and_links_are_shortened(calm, read):
    made = calm.post("twitter", text="@acme a < b && see https://docs.acme.example/ci?a=1&b=2 now")
    tweet = read(f"tweets/{made['id']}", tweet__fields="entities").json()["data"]
    assert tweet["text"].startswith("@acme a &lt; b &amp;&amp; see https://t.co/")
    url = tweet["entities"]["urls"][0]
    assert url["expanded_url"] == "https://docs.acme.example/ci?a=1&b=2"
    assert tweet["text"][url["start"] : url["end"]] == url["url"]


def test_long_tweet_is_cut_and_whole_in_note_tweet(calm, read):
    text = "@acme " + "really long " * 40
    made = calm.post("twitter", text=text.strip())
    tweet = read(f"tweets/{made['id']}", tweet__fields="note_tweet").json()["data"]
    assert tweet["text"].endswith("…")
    assert tweet["note_tweet"]["text"] == text.strip()
    assert len(tweet["text"]) < 280


def test_paging_gives_every_mention_once_newest_first(calm, read):
    ids = [calm.post("twitter", text=f"@acmesupport number {n}")["id"] for n in range(12)]
    user = world.HANDLES["acmesupport"].user_id
    documents = pages(read, f"users/{user}/mentions", "pagination_token", max_results=5)
    found = [tweet["id"] for document in documents for tweet in document["data"]]
    assert found == sorted(found, key=int, reverse=True)
    assert len(found) == len(set(found))
    assert set(ids) <= set(found)
    assert documents[0]["meta"]["newest_id"] == found[0]
    assert documents[0]["meta"]["result_count"] == 5
    assert "next_token" not in documents[-1]["meta"]


def test_since_id_is_exclusive(calm, read):
    first = calm.post("twitter", text="@acmestatus one")
    second = calm.post("twitter", text="@acmestatus two")
    user = world.HANDLES["acmestatus"].user_id
    found = read(f"users/{user}/mentions", since_id=first["id"]).json()["data"]
    assert [tweet["id"] for tweet in found] == [second["id"]]


def test_nothing_new_has_no_data(calm, read):
    last = calm.post("twitter", text="@movingtoacme last one")
    document = read(f"users/{world.HANDLES['movingtoacme'].user_id}/mentions", since_id=last["id"]).json()
    assert document == {"meta": {"result_count": 0}}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("zebra", {"plain", "reply", "retweet"}),
        ("zebra -is:retweet", {"plain", "reply"}),
        ('"striped zebra"', {"plain", "retweet"}),
        ("from:zed_dev", {"plain"}),
        ("@acme zebra -is:reply -is:retweet", {"plain"}),
        ("(giraffe OR zebra) from:zed_dev", {"plain"}),
        ("conversation_id:{root}", {"plain", "reply"}),
    ],
)
def test_search_speaks_the_query_language(calm, read, zebra, query, found):
    ids = zebra
    document = read("tweets/search/recent", query=query.format(root=ids["plain"]), max_results=100).json()
    assert {tweet["id"] for tweet in document.get("data", [])} == {ids[name] for name in found}


@pytest.fixture(scope="module")
def zebra(sandbox):
    root = sandbox.post("twitter", text="@acme a striped zebra", author="zed_dev")["id"]
    reply = sandbox.post("twitter", text="zebra, of one colour", author="yan_ops", reply_to=root)["id"]
    before = {t["id"] for t in _search(sandbox, "zebra")}
    retweet = _retweet(sandbox, root)
    assert retweet not in before
    return {"plain": root, "reply": reply, "retweet": retweet}


def _search(sandbox, query):
    headers = {"Authorization": f"Bearer {world.BEARER_TOKEN}"}
    url = f"{sandbox.http_url}/twitter/2/tweets/search/recent"
    return requests.get(url, params={"query": query}, headers=headers, timeout=20).json().get("data", [])


def _retweet(sandbox, tweet_id):
    return sandbox.control("retweet", platform="twitter", id=tweet_id, author="fan_dev")["id"]


def test_edit_is_a_new_id_linked_by_its_history(calm, read):
    made = calm.post("twitter", text="@acme a tpyo", author="ed_dev")
    edited = calm.control("edit", platform="twitter", id=made["id"], text="@acme a typo")
    tweet = read(f"tweets/{edited['id']}", tweet__fields="conversation_id").json()["data"]
    assert tweet["edit_history_tweet_ids"] == [made["id"], edited["id"]]
    assert tweet["conversation_id"] == edited["id"]
    listed = [t["id"] for t in read(f"users/{ACME}/mentions", max_results=100).json()["data"]]
    assert edited["id"] in listed
    assert made["id"] not in listed
    mention = next(m for m in calm.truth("twitter")["mentions"] if m["id"] == made["id"])
    assert mention["text"] == "@acme a typo"


def test_deleted_parent_is_a_partial_error(calm, read):
    first = calm.post("twitter", text="@acme going away", author="gone_dev")
    second = calm.post("twitter", text="@acme still here", author="stay_dev", reply_to=first["id"])
    calm.control("delete", platform="twitter", id=first["id"])
    response = read("tweets", ids=f"{first['id']},{second['id']}", expansions="referenced_tweets.id")
    document = response.json()
    assert response.status_code == 200
    assert [tweet["id"] for tweet in document["data"]] == [second["id"]]
    assert {error["resource_id"] for error in document["errors"]} == {first["id"]}
    assert "tweets" not in document.get("includes", {})


def test_reply_is_threaded_named_and_in_the_truth(calm, read, desk):
    asked = calm.post("twitter", text="@acme @acmestatus hello?", author="una_dev")
    response = desk.post("Hi, see https://docs.acme.example & tell us", reply_to=asked["id"])
    assert response.status_code == 201
    tweet_id = response.json()["data"]["id"]
    tweet = read(f"tweets/{tweet_id}", tweet__fields=ALL_FIELDS).json()["data"]
    assert tweet["text"].startswith("@una_dev @acmestatus Hi, see https://t.co/")
    assert tweet["conversation_id"] == asked["id"]
    assert tweet["author_id"] == ACME
    posted = calm.truth("twitter")["desk"][-1]
    assert (posted["id"], posted["in_reply_to"]) == (tweet_id, asked["id"])
    thread = read("tweets/search/recent", query=f"conversation_id:{asked['id']}").json()["data"]
    assert tweet_id in [t["id"] for t in thread]


def test_same_reply_twice_is_refused(calm, desk):
    asked = calm.post("twitter", text="@acme twice?", author="twin_dev")
    assert desk.post("Once is enough", reply_to=asked["id"]).status_code == 201
    again = desk.post("Once is enough", reply_to=asked["id"])
    assert again.status_code == 403
    assert again.json()["detail"] == "You are not allowed to create a Tweet with duplicate content."
    assert desk.post("Once is enough", reply_to=asked["id"], handle="acmesupport").status_code == 201


def test_wrong_signature_is_refused_and_nothing_posted(calm, desk):
    before = len(calm.truth("twitter")["desk"])
    response = desk.post("forged", secret="not-the-secret")
    assert response.status_code == 401
    assert response.json() == {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}
    assert len(calm.truth("twitter")["desk"]) == before


def test_bearer_cannot_write(calm, reader):
    response = reader.post(f"{calm.http_url}/twitter/2/tweets", json={"text": "hi"}, timeout=20)
    assert response.status_code == 403
    assert response.json()["title"] == "Unsupported Authentication"


def test_reading_needs_a_token(calm, anybody):
    assert anybody.get(f"{calm.http_url}/twitter/2/users/{ACME}/mentions", timeout=20).status_code == 401


def test_answer_to_a_deleted_tweet_is_refused(calm, desk):
    asked = calm.post("twitter", text="@acme never mind", author="shy_dev")
    calm.control("delete", platform="twitter", id=asked["id"])
    assert desk.post("Too late", reply_to=asked["id"]).status_code == 403


def test_too_long_a_tweet_is_refused(desk):
    assert desk.post("あ" * 141).status_code == 400
    assert desk.post("あ" * 100 + "unique").status_code == 201


def test_delete_takes_only_own_tweets(calm, desk):
    own = desk.post("A slip of the finger").json()["data"]["id"]
    theirs = calm.post("twitter", text="@acme mine")["id"]
    assert desk.delete(theirs).status_code == 403
    assert desk.delete(own).json() == {"data": {"deleted": True}}
    assert next(t for t in calm.truth("twitter")["desk"] if t["id"] == own)["deleted"]


def test_like_counts_once(calm, read, desk):
    praised = calm.post("twitter", text="@acme love it")["id"]
    for _ in range(2):
        assert desk.like(praised).json() == {"data": {"liked": True}}
    tweet = read(f"tweets/{praised}", tweet__fields="public_metrics").json()["data"]
    assert tweet["public_metrics"]["like_count"] == 1


def test_rate_limit_headers_count_down(read):
    first, second = (read("users/by/username/acme") for _ in range(2))
    assert first.json()["data"]["id"] == ACME
    assert int(first.headers["x-rate-limit-remaining"]) - int(second.headers["x-rate-limit-remaining"]) == 1
    assert int(first.headers["x-rate-limit-reset"]) > 1_700_000_000


def test_too_many_results_is_an_invalid_request(read):
    response = read(f"users/{ACME}/mentions", max_results=101)
    assert response.status_code == 400
    assert response.json()["title"] == "Invalid Request"


def test_me_is_the_handle_that_signed(calm):
    from sandbox.tests.conftest import signed

    url = f"{calm.http_url}/twitter/2/users/me"
    assert requests.get(url, auth=signed("acmesupport"), timeout=20).json()["data"]["username"] == "acmesupport"


def test_direct_messages_are_for_users_not_for_the_app(read):
    answer = read("dm_events")
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("unsupported-authentication")


def test_handle_takes_no_direct_message_before_it_wrote_first(calm):
    with pytest.raises(ControlFailed, match="takes no direct messages"):
        calm.post("twitter", text="psst", author="stranger", dm_to="acme")
    calm.post("twitter", text="hello", author="acme", dm_to="stranger")
    assert calm.post("twitter", text="psst", author="stranger", dm_to="acme")["id"].startswith("dm:")
