"""Lobsters' JSON over a real socket."""

PLATFORM = "lobsters"


def test_story_has_the_keys_of_2025(calm, ask):
    made = calm.post("lobsters", title="Acme & co", text="", url="https://x.example/", author="ann")
    (story,) = [entry for entry in ask("newest.json").json() if entry["short_id"] == made["id"]]
    assert story.keys() == {
        "short_id", "short_id_url", "created_at", "title", "url", "score", "flags", "comment_count", "description",
        "description_plain", "comments_url", "submitter_user", "user_is_author", "tags",
    }  # fmt: skip
    assert story["submitter_user"] == "ann"
    assert story["created_at"].endswith(".000-06:00")


def test_pages_cover_everything_once_newest_first(calm, ask):
    calm.control("bulk", count=60, platforms=["lobsters"], seed=5)
    pages = [[s["short_id"] for s in ask(f"newest/page/{n}.json").json()] for n in (1, 2, 3, 4, 99)]
    assert [s["short_id"] for s in ask("newest.json").json()] == pages[0]
    assert (len(pages[0]), len(pages[1]), pages[-1]) == (25, 25, [])
    numbers = [number for shown in pages for number in shown]
    assert len(set(numbers)) == len(numbers) >= 60


def test_comments_are_flat_and_what_is_gone_stays_only_above_answers(calm, ask):
    story = calm.post("lobsters", title="A story", text="", author="ann")["id"]
    top = calm.post("lobsters", reply_to=story, text="a < b", author="bob")["id"]
    below = calm.post("lobsters", reply_to=top, text="yes", author="cy")["id"]
    leaf = calm.post("lobsters", reply_to=story, text="oops", author="dee")["id"]
    removed = calm.post("lobsters", reply_to=story, text="spam", author="eve", removed=True)["id"]
    for gone in (top, leaf):
        calm.control("delete", platform="lobsters", id=gone)
    document = ask(f"s/{story}.json").json()
    shown = [(c["short_id"], c["parent_comment"], c["depth"], c["is_deleted"]) for c in document["comments"]]
    assert shown == [(top[2:], None, 0, True), (below[2:], top[2:], 1, False)]
    assert document["comment_count"] == 1
    single = ask(f"c/{leaf[2:]}.json").json()
    assert (single["is_deleted"], single["is_moderated"]) == (True, False)
    assert single["comment"] == "<em>Comment removed by author</em>"
    assert ask(f"c/{removed[2:]}.json").json()["is_moderated"] is True


def test_missing_stories_and_comments_are_answered_differently(calm, ask):
    story = calm.post("lobsters", title="Gone soon", text="", author="ann")["id"]
    calm.control("delete", platform="lobsters", id=story)
    assert ask(f"s/{story}.json").status_code == 404
    assert (ask("c/zzzzzz.json").status_code, ask("c/zzzzzz.json").text) == (400, "can't find comment")


def test_faults_speak_as_the_site_does(calm, ask):
    for kind, status in (("429", 429), ("500", 500)):
        calm.control("faults", platform="lobsters", kind=kind, count=1)
        assert ask("newest.json").status_code == status
    assert ask("newest.json").status_code == 200


def test_pages_show_story_and_comment(calm, anybody):
    story = calm.post("lobsters", title="Seen by people", text="See <b>this</b>", author="ann")
    comment = calm.control("answer", platform="lobsters", id=story["id"], **{"as": "sam"}, text="Hello")
    shown = anybody.get(comment["url"], timeout=20).text
    assert "See &lt;b&gt;this&lt;/b&gt;" in shown
    assert "Hello" in shown
    assert comment["id"] in [entry["id"] for entry in calm.truth("lobsters")["ours"]]
