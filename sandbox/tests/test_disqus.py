"""Disqus over a real socket: its wire format, keys and refusals."""

import requests

from sandbox.platforms.disqus.keys import API_KEY, token_of

PLATFORM = "disqus"

ALL = ["approved", "unapproved", "spam", "deleted"]


def test_a_comment_has_an_integer_parent_and_a_time_without_zone(calm, ask):
    top = calm.post("disqus", to="acme-docs", text="How do I & my team log in?", author="ann", guest=False)
    calm.post("disqus", text="Same here", author="bob", reply_to=top["id"])
    posts = ask("forums/listPosts.json", forum="acme-docs", include=ALL, related="thread").json()["response"]
    answer, asked = posts[0], posts[1]
    assert (asked["id"], answer["parent"]) == (top["id"], int(top["id"]))
    assert asked["raw_message"] == "How do I & my team log in?"
    assert asked["message"] == "<p>How do I &amp; my team log in?</p>"
    assert asked["createdAt"][10] == "T"
    assert len(asked["createdAt"]) == 19
    assert top["url"] == f"{asked['thread']['link']}#comment-{top['id']}"


def test_pages_cover_everything_once(calm, ask):
    made = [calm.post("disqus", to="acme-blog", text=f"Remark {n}", author=f"u{n}")["id"] for n in range(7)]
    seen, cursor = [], None
    while True:
        query = {"forum": "acme-blog", "limit": 3, "order": "asc", "include": ALL}
        body = ask("forums/listPosts.json", **query, **({"cursor": cursor} if cursor else {})).json()
        seen += [post["id"] for post in body["response"]]
        cursor = body["cursor"]["next"]
        assert cursor
        if not body["cursor"]["hasNext"]:
            break
    assert seen[-7:] == made
    assert len(set(seen)) == len(seen)


def test_what_is_not_approved_is_for_moderators(calm, ask):
    spam = calm.post("disqus", to="acme-docs", text="Earn money at home", author="eve", spam=True)["id"]
    assert ask("forums/listPosts.json", forum="acme-docs", include=ALL, access_token="").json()["code"] == 12
    shown = ask("forums/listPosts.json", forum="acme-docs", access_token="").json()["response"]
    assert spam not in [post["id"] for post in shown]
    everything = ask("forums/listPosts.json", forum="acme-docs", include=ALL).json()["response"]
    assert next(p for p in everything if p["id"] == spam)["isSpam"] is True


def test_wrong_key_and_unknown_post_are_refused_by_number(ask):
    assert ask("users/details.json", api_key="wrong").json() == {"code": 5, "response": "Invalid API key"}
    assert ask("posts/details.json", post="1").json()["code"] == 8
    assert ask("users/details.json", access_token=token_of("sam")).json()["response"]["username"] == "sam"


def test_a_reply_is_made_by_its_token_and_seen_on_the_page(calm):
    asked = calm.post("disqus", to="acme-blog", text="Is it free?", author="ann", guest=False, pending=False)
    truth = next(m for m in calm.truth("disqus")["mentions"] if m["id"] == asked["id"])
    form = {"api_key": API_KEY, "access_token": token_of("maria"), "thread": truth["thread_id"]}
    form |= {"parent": asked["id"], "message": "It is <free>."}
    url = f"{calm.http_url}/disqus/api/3.0/posts"
    post = requests.post(f"{url}/create.json", data=form, timeout=20).json()["response"]
    assert calm.truth("disqus")["desk"][-1]["id"] == post["id"]
    page = requests.get(asked["url"], timeout=20).text
    assert "It is &lt;free&gt;." in page
    other = {"api_key": API_KEY, "access_token": token_of("lee"), "post": post["id"]}
    assert requests.post(f"{url}/remove.json", data=other, timeout=20).json()["code"] == 12
    assert requests.post(f"{url}/create.json", data={**form, "access_token": ""}, timeout=20).json()["code"] == 4


def test_a_fault_speaks_in_disqus_words(calm, ask):
    calm.control("faults", platform="disqus", kind="429", count=1)
    answer = ask("forums/listPosts.json", forum="acme-docs")
    assert (answer.status_code, answer.json()["code"]) == (429, 13)
