"""Reddit's wire format, its gate and its refusals, over a real socket."""

import pytest
import requests

from sandbox.platforms.reddit import gate

AGENT = "web:test:v1 (by /u/tester)"


def token(calm, account=gate.DESK, *, secret=gate.CLIENT_SECRET, refresh=None):
    form = {"grant_type": "refresh_token", "refresh_token": refresh or gate.refresh_token(account)}
    url = f"{calm.http_url}/reddit/auth/api/v1/access_token"
    return requests.post(url, data=form, auth=(gate.CLIENT_ID, secret), headers={"User-Agent": AGENT}, timeout=20)


@pytest.fixture
def reddit(calm):
    def ask(path, *, account=gate.DESK, form=None, agent=AGENT, bearer=None, raw=1, **query):
        bearer = bearer or token(calm, account).json()["access_token"]
        headers = {"Authorization": f"bearer {bearer}", "User-Agent": agent}
        url, params = f"{calm.http_url}/reddit/api/{path}", {"raw_json": raw, **query}
        if form is not None:
            return requests.post(url, data=form, params=params, headers=headers, timeout=20)
        return requests.get(url, params=params, headers=headers, timeout=20)

    return ask


def names(answer):
    return [child["data"]["name"] for child in answer.json()["data"]["children"]]


def test_token_is_given_for_the_right_client_and_refresh_token_only(calm):
    assert token(calm).json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert token(calm, secret="wrong").status_code == 401
    assert token(calm, refresh="wrong").json() == {"message": "Bad Request", "error": 400}


def test_wrong_token_and_wrong_agent_are_refused(reddit):
    assert reddit("api/v1/me").json()["name"] == gate.DESK
    assert reddit("api/v1/me", bearer="wrong").json() == {"message": "Unauthorized", "error": 401}
    assert reddit("api/v1/me", agent="python-requests/2").status_code == 429


def test_listing_is_paged_by_fullname_newest_first(calm, reddit):
    made = [calm.post("reddit", to="opensource", title=f"t{n}", text="x", author="ann")["id"] for n in range(5)][::-1]
    first = reddit("r/opensource/new", limit=3)
    assert names(first) == made[:3]
    assert first.json()["data"]["after"] == made[2]
    second = reddit("r/opensource/new", limit=3, after=made[2])
    assert (names(second), second.json()["data"]["after"]) == (made[3:], None)
    assert names(reddit("r/opensource/new", after="t3_gone")) == []
    headers = first.headers
    assert float(headers["x-ratelimit-remaining"]) + float(headers["x-ratelimit-used"]) == gate.LIMIT


def test_texts_are_escaped_unless_raw_json_is_asked_for(calm, reddit):
    made = calm.post("reddit", to="acme", title="R&D", text="a < b", author="bob")["id"]
    (raw,) = reddit("api/info", id=made).json()["data"]["children"]
    assert (raw["data"]["title"], raw["data"]["selftext"]) == ("R&D", "a < b")
    assert "<p>a &lt; b</p>" in raw["data"]["selftext_html"]
    (old,) = reddit("api/info", id=made, raw=0).json()["data"]["children"]
    assert (old["data"]["title"], old["data"]["selftext"]) == ("R&amp;D", "a &lt; b")
    assert "&lt;p&gt;a &amp;lt; b&lt;/p&gt;" in old["data"]["selftext_html"]
    assert raw["data"]["created"] != raw["data"]["created_utc"]


def test_search_is_sloppy_and_finds_no_comments(calm, reddit):
    post = calm.post("reddit", to="devops", title="The acmeist poets", text="x", author="cy")["id"]
    comment = calm.post("reddit", reply_to=post, text="Acme!", author="dee")["id"]
    found = names(reddit("r/all/search", q='"acme"', limit=100))
    assert post in found
    assert comment not in found
    assert post not in [entry["id"] for entry in calm.truth("reddit")["mentions"]]


def test_inbox_shows_calls_without_link_id(calm, reddit):
    post = calm.post("reddit", to="devops", title="Which CI?", text="x", author="eve")["id"]
    made = calm.post("reddit", reply_to=post, text="Ask u/acme_desk", author="fay")["id"]
    first = reddit("message/mentions").json()["data"]["children"][0]["data"]
    assert (first["name"], first["dest"], first["subject"]) == (made, "acme_desk", "username mention")
    assert "link_id" not in first
    assert first["context"].endswith(f"/{made[3:]}/?context=3")


@pytest.mark.parametrize(
    ("thing", "text", "code"),
    [("t3_zzz", "x", "NO_THING_ID"), ("", " ", "NO_TEXT"), ("", "x" * 10_001, "TOO_LONG")],
)
def test_refusals_come_with_status_200(calm, reddit, thing, text, code):
    post = calm.post("reddit", to="devops", title="Hi", text="x", author="gil")["id"]
    answer = reddit("api/comment", form={"thing_id": thing or post, "text": text, "api_type": "json"})
    assert (answer.status_code, answer.json()["json"]["errors"][0][0]) == (200, code)


def test_locked_and_deleted_cannot_be_answered(calm, reddit):
    locked = calm.post("reddit", to="devops", title="Hi", text="x", author="gil", locked=True)["id"]
    gone = calm.post("reddit", to="devops", title="Ho", text="x", author="gil")["id"]
    calm.control("delete", platform="reddit", id=gone)
    for thing, code in ((locked, "THREAD_LOCKED"), (gone, "DELETED_LINK")):
        answer = reddit("api/comment", form={"thing_id": thing, "text": "Hello", "api_type": "json"}).json()
        assert answer["json"]["errors"][0][0] == code


def test_deletion_and_removal_look_different(calm, reddit, anybody):
    deleted = calm.post("reddit", to="acme", title="one", text="x", author="hal")["id"]
    removed = calm.post("reddit", to="acme", title="two", text="y", author="hal")["id"]
    calm.control("delete", platform="reddit", id=deleted)
    anybody.post(f"{calm.http_url}/reddit/web/moderate", data={"id": removed, "what": "remove"}, timeout=20)
    one, two = (child["data"] for child in reddit("api/info", id=f"{deleted},{removed}").json()["data"]["children"])
    assert (one["author"], one["selftext"], one["removed_by_category"]) == ("[deleted]", "[deleted]", "deleted")
    assert (two["author"], two["selftext"], two["removed_by_category"]) == ("hal", "[removed]", "moderator")
    assert not {deleted, removed} & set(names(reddit("r/acme/new", limit=100)))


def test_closed_subreddits_say_why(reddit):
    assert reddit("r/acmeleaks/new").json()["reason"] == "quarantined"
    assert reddit("r/acmeinternal/new").json()["reason"] == "private"
    assert reddit("r/nosuchplace/new").json()["data"]["children"][0]["kind"] == "t5"


def test_only_the_author_can_delete(calm, reddit):
    post = calm.post("reddit", to="devops", title="Hi", text="x", author="ida")["id"]
    form = {"thing_id": post, "text": "Mine", "api_type": "json"}
    made = reddit("api/comment", account="sam", form=form).json()["json"]["data"]["things"][0]["data"]["name"]
    assert reddit("api/del", account="maria", form={"id": made}).json() == {}
    assert made in names(reddit("user/sam/comments"))
    reddit("api/del", account="sam", form={"id": made})
    assert made not in names(reddit("user/sam/comments"))
    assert made in [entry["id"] for entry in calm.truth("reddit")["desk"] if entry["deleted"]]


def test_faults_speak_as_reddit_does(calm, reddit):
    bearer = token(calm).json()["access_token"]
    for kind, status in (("429", 429), ("expired", 401), ("500", 503)):
        calm.control("faults", platform="reddit", kind=kind, count=1)
        assert reddit("api/v1/me", bearer=bearer).status_code == status
    assert reddit("api/v1/me", bearer=bearer).status_code == 200
