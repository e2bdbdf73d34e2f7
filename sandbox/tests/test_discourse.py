"""The forum over a real socket: its wire format, keys, privacy, webhooks."""

import hashlib
import hmac
import json

import requests

from sandbox.platforms.discourse.keys import WEBHOOK_SECRET, key_of, user_key_of

PLATFORM = "discourse"


def own(name):
    return {"Api-Key": key_of(name), "Api-Username": name}


def test_the_newest_posts_have_raw_cooked_and_a_category(calm, ask):
    made = calm.post("discourse", to="ci", title="Runner & cache", text="Is 3 < 4?\n\nReally", author="ann")
    post = ask("posts.json").json()["latest_posts"][0]
    assert str(post["id"]) == made["id"]
    assert (post["raw"], post["cooked"]) == ("Is 3 < 4?\n\nReally", "<p>Is 3 &lt; 4?</p>\n<p>Really</p>")
    assert (post["category_id"], post["post_number"], post["staff"]) == (6, 1, False)
    assert ask(f"t/{post['topic_id']}.json").json()["archetype"] == "regular"
    assert "Is 3 &lt; 4?" in ask(made["url"].partition("/discourse/")[2]).text


def test_before_walks_down_and_a_topic_names_all_its_posts(calm, ask):
    top = calm.post("discourse", to="ideas", text="A long talk begins", author="ann")
    for n in range(60):
        calm.post("discourse", text=f"Word number {n}", author=f"u{n}", reply_to=top["id"])
    page = ask("posts.json").json()["latest_posts"]
    assert len(page) == 50
    lowest = page[-1]["id"]
    below = ask("posts.json", before=lowest - 1).json()["latest_posts"]
    assert below[0]["id"] < lowest
    topic = ask(f"t/{page[0]['topic_id']}.json").json()
    stream = topic["post_stream"]["stream"]
    assert (len(stream), len(topic["post_stream"]["posts"])) == (61, 20)
    pieces = ask(f"t/{topic['id']}/posts.json", **{"post_ids[]": stream[20:40]}).json()["post_stream"]["posts"]
    assert [p["id"] for p in pieces] == stream[20:40]


def test_private_messages_are_for_who_takes_part(calm, ask, anybody):
    made = calm.post("discourse", text="My password is hunter2", author="ann", private=True)
    assert ask(f"posts/{made['id']}.json", token="").status_code == 403
    listed = ask("posts.json").json()["latest_posts"]
    assert made["id"] not in [str(post["id"]) for post in listed]
    assert made["id"] not in [
        m["id"] for entries in calm.truth("discourse").values() if isinstance(entries, list) for m in entries
    ]
    url = f"{calm.http_url}/discourse/posts/{made['id']}.json"
    assert anybody.get(url, headers=own("sam"), timeout=20).json()["raw"] == "My password is hunter2"
    assert anybody.get(url, headers=own("lee"), timeout=20).status_code == 403


def test_replies_are_refused_in_the_words_of_the_forum(calm, anybody):
    top = calm.post("discourse", text="Anything at all?", author="ann")
    topic = next(m["thread_id"] for m in calm.truth("discourse")["mentions"] if m["id"] == top["id"])
    url = f"{calm.http_url}/discourse/posts.json"

    def reply(raw, headers, topic=topic):
        return requests.post(url, json={"topic_id": int(topic), "raw": raw}, headers=headers, timeout=20)

    assert reply("Yes, indeed.", {}).json()["error_type"] == "not_logged_in"
    assert reply("Yes, indeed.", {"Api-Key": "wrong", "Api-Username": "sam"}).status_code == 403
    assert "too short" in reply("Yes.", own("sam")).json()["errors"][0]
    post = reply("Yes, indeed.", {"User-Api-Key": user_key_of("lee")}).json()
    assert (post["username"], post["post_number"]) == ("lee", 2)
    assert "too similar" in reply("Yes, indeed.", {"User-Api-Key": user_key_of("lee")}).json()["errors"][0]
    assert calm.truth("discourse")["desk"][-1]["id"] == str(post["id"])
    shut = calm.post("discourse", text="Closed at once", author="ann", closed=True)
    topic = next(m["thread_id"] for m in calm.truth("discourse")["mentions"] if m["id"] == shut["id"])
    assert reply("Let me in please", own("sam"), topic).status_code == 403


def test_a_webhook_is_signed_and_tells_what_happened(calm, listener):
    calm.control("webhook", platform="discourse", url=listener.url, secret=WEBHOOK_SECRET)
    made = calm.post("discourse", text="Tell the desk at once", author="ann", to="ci")
    calm.control("delete", platform="discourse", id=made["id"])
    calls = listener.wait_for(2)
    calm.control("webhook", platform="discourse", url="")
    headers, body = calls[1]
    expected = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Discourse-Event-Signature"] == f"sha256={expected}"
    assert [h["X-Discourse-Event"] for h, _ in calls] == ["post_created", "post_destroyed"]
    post = json.loads(body)["post"]
    assert (str(post["id"]), post["deleted_at"], post["topic_archetype"]) == (made["id"], None, "regular")


def test_a_fault_says_how_long_to_wait(calm, ask):
    calm.control("faults", platform="discourse", kind="429", count=1)
    answer = ask("posts.json")
    assert (answer.status_code, answer.json()["extras"]["wait_seconds"]) == (429, 2)
