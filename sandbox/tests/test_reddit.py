"""Reddit's wire format, its gate and its refusals, over a real socket."""

import pytest

from sandbox.platforms.reddit import gate
from sandbox.tests.ways import reddit_token

PLATFORM = "reddit"


def names(answer):
    return [child["data"]["name"] for child in answer.json()["data"]["children"]]


def test_token_is_given_for_the_right_client_and_refresh_token_only(calm):
    assert reddit_token(calm).json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert reddit_token(calm, secret="wrong").status_code == 401
    assert reddit_token(calm, refresh="wrong").json() == {"message": "Bad Request", "error": 400}


def test_wrong_token_and_wrong_agent_are_refused(ask):
    assert ask("api/v1/me").json()["name"] == gate.DESK
    assert ask("api/v1/me", token="wrong").json() == {"message": "Unauthorized", "error": 401}
    assert ask("api/v1/me", headers={"User-Agent": "python-requests/2"}).status_code == 429


def test_listing_is_paged_by_fullname_newest_first(calm, ask):
    made = [calm.post("reddit", to="opensource", title=f"t{n}", text="x", author="ann")["id"] for n in range(5)][::-1]
    first = ask("r/opensource/new", limit=3)
    assert names(first) == made[:3]
    assert first.json()["data"]["after"] == made[2]
    second = ask("r/opensource/new", limit=3, after=made[2])
    assert (names(second), second.json()["data"]["after"]) == (made[3:], None)
    assert names(ask("r/opensource/new", after="t3_gone")) == []
    headers = first.headers
    assert float(headers["x-ratelimit-remaining"]) + float(headers["x-ratelimit-used"]) == gate.LIMIT


def test_texts_are_escaped_unless_raw_json_is_asked_for(calm, ask):
    made = calm.post("reddit", to="acme", title="R&D", text="a < b", author="bob")["id"]
    (raw,) = ask("api/info", id=made).json()["data"]["children"]
    assert (raw["data"]["title"], raw["data"]["selftext"]) == ("R&D", "a < b")
    assert "<p>a &lt; b</p>" in raw["data"]["selftext_html"]
    (old,) = ask("api/info", id=made, raw_json=0).json()["data"]["children"]
    assert (old["data"]["title"], old["data"]["selftext"]) == ("R&amp;D", "a &lt; b")
    assert "&lt;p&gt;a &amp;lt; b&lt;/p&gt;" in old["data"]["selftext_html"]
    assert raw["data"]["created"] != raw["data"]["created_utc"]


def test_search_is_sloppy_and_finds_no_comments(calm, ask):
    post = calm.post("reddit", to="devops", title="The acmeist poets", text="x", author="cy")["id"]
    comment = calm.post("reddit", reply_to=post, text="Acme!", author="dee")["id"]
    found = names(ask("r/all/search", q='"acme"', limit=100))
    assert post in found
    assert comment not in found
    assert post not in [entry["id"] for entry in calm.truth("reddit")["mentions"]]


def test_inbox_shows_calls_without_link_id(calm, ask):
    post = calm.post("reddit", to="devops", title="Which CI?", text="x", author="eve")["id"]
    made = calm.post("reddit", reply_to=post, text="Ask u/acme_desk", author="fay")["id"]
    first = ask("message/mentions").json()["data"]["children"][0]["data"]
    assert (first["name"], first["dest"], first["subject"]) == (made, "acme_desk", "username mention")
    assert "link_id" not in first
    assert first["context"].endswith(f"/{made[3:]}/?context=3")


@pytest.mark.parametrize(
    ("thing", "text", "code"),
    [("t3_zzz", "x", "NO_THING_ID"), ("", " ", "NO_TEXT"), ("", "x" * 10_001, "TOO_LONG")],
)
def test_refusals_come_with_status_200(calm, ask, thing, text, code):
    post = calm.post("reddit", to="devops", title="Hi", text="x", author="gil")["id"]
    answer = ask("api/comment", "POST", data={"thing_id": thing or post, "text": text, "api_type": "json"})
    assert (answer.status_code, answer.json()["json"]["errors"][0][0]) == (200, code)


def test_locked_and_deleted_cannot_be_answered(calm, ask):
    locked = calm.post("reddit", to="devops", title="Hi", text="x", author="gil", locked=True)["id"]
    gone = calm.post("reddit", to="devops", title="Ho", text="x", author="gil")["id"]
    calm.control("delete", platform="reddit", id=gone)
    for thing, code in ((locked, "THREAD_LOCKED"), (gone, "DELETED_LINK")):
        answer = ask("api/comment", "POST", data={"thing_id": thing, "text": "Hello", "api_type": "json"}).json()
        assert answer["json"]["errors"][0][0] == code


def test_deletion_and_removal_look_different(calm, ask, anybody):
    deleted = calm.post("reddit", to="acme", title="one", text="x", author="hal")["id"]
    removed = calm.post("reddit", to="acme", title="two", text="y", author="hal")["id"]
    calm.control("delete", platform="reddit", id=deleted)
    anybody.post(f"{calm.http_url}/reddit/web/moderate", data={"id": removed, "what": "remove"}, timeout=20)
    one, two = (child["data"] for child in ask("api/info", id=f"{deleted},{removed}").json()["data"]["children"])
    assert (one["author"], one["selftext"], one["removed_by_category"]) == ("[deleted]", "[deleted]", "deleted")
    assert (two["author"], two["selftext"], two["removed_by_category"]) == ("hal", "[removed]", "moderator")
    assert not {deleted, removed} & set(names(ask("r/acme/new", limit=100)))


def test_closed_subreddits_say_why(ask):
    assert ask("r/acmeleaks/new").json()["reason"] == "quarantined"
    assert ask("r/acmeinternal/new").json()["reason"] == "private"
    assert ask("r/nosuchplace/new").json()["data"]["children"][0]["kind"] == "t5"


def test_only_the_author_can_delete(calm, ask):
    def mine(account):
        return reddit_token(calm, account).json()["access_token"]

    post = calm.post("reddit", to="devops", title="Hi", text="x", author="ida")["id"]
    form = {"thing_id": post, "text": "Mine", "api_type": "json"}
    made = ask("api/comment", "POST", token=mine("sam"), data=form).json()["json"]["data"]["things"][0]["data"]["name"]
    assert ask("api/del", "POST", token=mine("maria"), data={"id": made}).json() == {}
    assert made in names(ask("user/sam/comments"))
    ask("api/del", "POST", token=mine("sam"), data={"id": made})
    assert made not in names(ask("user/sam/comments"))
    assert made in [entry["id"] for entry in calm.truth("reddit")["desk"] if entry["deleted"]]


def test_faults_speak_as_reddit_does(calm, ask):
    for kind, status in (("429", 429), ("expired", 401), ("500", 503)):
        calm.control("faults", platform="reddit", kind=kind, count=1)
        assert ask("api/v1/me").status_code == status
    assert ask("api/v1/me").status_code == 200
