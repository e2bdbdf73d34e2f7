"""Mastodon's wire format, its gate and its refusals, over a real socket."""

import pytest

from sandbox.platforms.mastodon import api

PLATFORM = "mastodon"


def ids(answer):
    return [status["id"] for status in answer.json()]


def test_wrong_token_is_refused_and_limits_are_in_the_headers(ask):
    refused = ask("v1/accounts/verify_credentials", token="wrong")
    assert (refused.status_code, refused.json()) == (401, {"error": "The access token is invalid"})
    answer = ask("v1/accounts/verify_credentials")
    assert answer.json()["acct"] == "acme"
    assert answer.headers["X-RateLimit-Limit"] == "300"
    assert answer.headers["X-RateLimit-Reset"].endswith("Z")


def test_more_than_the_quota_is_refused_until_it_is_renewed(calm, ask):
    calm.control("quotas/renew")
    answers = [ask("v1/accounts/verify_credentials") for _ in range(api.Api.limit + 1)]
    assert [answer.status_code for answer in answers] == [200] * api.Api.limit + [429]
    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]
    assert left == [*range(api.Api.limit - 1, -1, -1), 0]
    calm.control("quotas/renew")
    assert ask("v1/accounts/verify_credentials").headers["X-RateLimit-Remaining"] == str(api.Api.limit - 1)


def test_timeline_is_paged_by_link_header(calm, ask):
    made = [calm.post("mastodon", text=f"#paged {n}", author="ann")["id"] for n in range(5)][::-1]
    first = ask("v1/timelines/tag/Paged", limit=3)
    assert ids(first) == made[:3]
    following = first.links["next"]["url"].partition("/api/")[2]
    second = ask(following)
    assert ids(second) == made[3:]
    assert "next" not in second.links


def test_notification_is_made_for_whoever_is_named_and_never_for_private_posts(calm, ask):
    named = calm.post("mastodon", text="@acme hi", author="bob@hachy.example")["id"]
    private = calm.post("mastodon", text="@acme psst", author="cy", visibility="private")["id"]
    direct = calm.post("mastodon", text="@acme psst", author="cy", visibility="direct")["id"]
    got = [n["status"]["id"] for n in ask("v1/notifications?types[]=mention").json()]
    assert (named in got, private in got, direct in got) == (True, False, True)
    assert ask(f"v1/statuses/{private}").status_code == 404
    listed = [
        entry["id"] for entries in calm.truth("mastodon").values() if isinstance(entries, list) for entry in entries
    ]
    assert not {private, direct} & set(listed)


def test_search_is_sloppy_and_public_only(calm, ask):
    sloppy = calm.post("mastodon", text="acmeist poets", author="dee")["id"]
    unlisted = calm.post("mastodon", text="Acme", author="dee", visibility="unlisted")["id"]
    found = [s["id"] for s in ask("v2/search", q='"Acme"', type="statuses").json()["statuses"]]
    assert sloppy in found
    assert unlisted not in found
    assert sloppy not in [entry["id"] for entry in calm.truth("mastodon")["mentions"]]


def test_content_is_html_with_names_tags_and_shortened_links(calm, ask):
    made = calm.post("mastodon", text="@bob@hachy.example <b> #Acme https://acme.example/" + "x" * 40, author="eve")[
        "id"
    ]
    status = ask(f"v1/statuses/{made}").json()
    assert 'href="https://hachy.example/@bob" class="u-url mention">@<span>bob</span>' in status["content"]
    assert "&lt;b&gt;" in status["content"]
    assert 'class="ellipsis">acme.example/xxx' in status["content"]
    assert [tag["name"] for tag in status["tags"]] == ["acme"]
    assert [mention["acct"] for mention in status["mentions"]] == ["bob@hachy.example"]


def test_same_key_posts_once(calm, ask):
    asked = calm.post("mastodon", text="Acme?", author="fay")["id"]
    form = {"status": "@fay Yes", "in_reply_to_id": asked}
    first, second = (
        ask("v1/statuses", "POST", json=form, headers={"Idempotency-Key": "k-once"}).json()["id"] for _ in range(2)
    )
    assert first == second
    assert [e["id"] for e in calm.truth("mastodon")["desk"] if e["in_reply_to"] == asked] == [first]
    assert ask("v1/statuses", "POST", json=form, headers={"Idempotency-Key": "k-twice"}).json()["id"] != first


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"status": " "}, 422, "can't be blank"),
        ({"status": "x" * 501}, 422, "limit of 500"),
        ({"status": "x", "in_reply_to_id": "1"}, 404, "not found"),
    ],
)
def test_refusals(ask, form, status, words):
    answer = ask("v1/statuses", "POST", json=form)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_only_own_posts_are_deleted(calm, ask):
    other = calm.post("mastodon", text="Acme", author="gil")["id"]
    mine = ask("v1/statuses", "POST", json={"status": "Mine"}).json()["id"]
    assert ask(f"v1/statuses/{other}", "DELETE").status_code == 404
    assert ask(f"v1/statuses/{mine}", "DELETE").json()["text"] == "Mine"
    assert ask(f"v1/statuses/{mine}").json() == {"error": "Record not found"}


def test_faults_speak_as_mastodon_does(calm, ask):
    for kind, status in (("429", 429), ("expired", 401), ("500", 503)):
        calm.control("faults", platform="mastodon", kind=kind, count=1)
        assert ask("v1/notifications").status_code == status
    assert ask("v1/notifications").status_code == 200


def test_pages_show_the_conversation_and_take_an_answer(calm, anybody):
    asked = calm.post("mastodon", text="Acme <script>?", author="hal")
    secret = calm.post("mastodon", text="@acme psst", author="hal", visibility="direct")
    anybody.post(
        f"{calm.http_url}/mastodon/web/reply", data={"as": "lee", "id": asked["id"], "text": "Sure"}, timeout=20
    )
    page = anybody.get(asked["url"], timeout=20).text
    assert "Sure" in page
    assert "<script>" not in page
    assert anybody.get(secret["url"], timeout=20).status_code == 404
