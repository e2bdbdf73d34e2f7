"""The Graph API over a real socket."""

from sandbox.platforms.facebook.wire import PAGE, TOKEN

PLATFORM = "facebook"


def test_a_comment_looks_as_the_real_one(calm, ask):
    made = calm.post("facebook", text="Hi <b>", to="comment", author="ada")
    comment = ask(made["id"]).json()
    assert comment["message"] == "Hi <b>"
    assert comment["from"]["name"] == "ada"
    assert comment["created_time"].endswith("+0000")
    feed = ask(f"{PAGE}/feed", fields="id,comments.limit(50){id}").json()
    assert made["id"] in [c["id"] for post in feed["data"] for c in post["comments"]["data"]]


def test_pages_go_on_with_a_token_in_the_link(calm, ask):
    for n in range(3):
        calm.post("facebook", text=f"visit {n}", to="visitor")
    first = ask(f"{PAGE}/feed", limit=2).json()
    assert len(first["data"]) == 2
    assert f"access_token={TOKEN}" in first["paging"]["next"]
    second = ask(f"{PAGE}/feed", limit=2, after=first["paging"]["cursors"]["after"]).json()
    assert not {p["id"] for p in first["data"]} & {p["id"] for p in second["data"]}


def test_token_and_proof_are_asked_for(ask):
    assert ask("me", token="no").json()["error"]["code"] == 190
    assert ask("me", appsecret_proof="no").json()["error"]["code"] == 100
    assert ask("me").json()["id"] == PAGE
    assert "call_count" in ask("me").headers["X-App-Usage"]
    assert ask("1_2").json()["error"]["error_subcode"] == 33


def test_nobody_is_written_to_who_has_not_written_lately(calm, ask):
    stranger = {"recipient": {"id": "1"}, "message": {"text": "Buy!"}}
    assert ask(f"{PAGE}/messages", "POST", json=stranger).json()["error"]["error_subcode"] == 2018001
    calm.post("facebook", text="hello", to="message", author="dee")
    person = ask(f"{PAGE}/conversations", fields="messages.limit(5){from}").json()["data"][0]
    sender = person["messages"]["data"][0]["from"]["id"]
    body = {"recipient": {"id": sender}, "message": {"text": "Hello Dee"}}
    number = ask(f"{PAGE}/messages", "POST", json=body).json()["message_id"]
    assert calm.truth("facebook")["desk"][-1]["id"] == number


def test_faults_speak_in_facebooks_words(calm, ask):
    for kind, code in (("429", 4), ("expired", 190), ("500", 2)):
        calm.control("faults", platform="facebook", kind=kind, count=1)
        assert ask("me").json()["error"]["code"] == code


def test_the_page_shows_the_desks_comment(calm, ask, anybody):
    made = calm.post("facebook", text="Where is it seen?", to="comment")
    ask(f"{made['id']}/comments", "POST", json={"message": "Here, on <b>this</b> page."})
    assert "Here, on &lt;b&gt;this&lt;/b&gt; page." in anybody.get(made["url"], timeout=20).text
    assert anybody.get(f"{calm.http_url}/facebook/web/", timeout=20).status_code == 200
