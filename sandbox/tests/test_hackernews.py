"""Algolia and Firebase over a real socket."""

import pytest

PLATFORM = "hackernews"

HIT_KEYS = {"_highlightResult", "_tags", "author", "created_at", "created_at_i", "objectID", "story_id", "updated_at"}


@pytest.fixture
def search(ask):
    return lambda **query: ask("search_by_date", **query).json()


@pytest.fixture
def firebase(calm, anybody):
    return lambda path: anybody.get(f"{calm.http_url}/hn/v0/{path}.json", timeout=20).json()


@pytest.fixture(scope="module")
def story(sandbox):
    made = sandbox.post("hackernews", title="A faster linker", text="", url="https://linker.example/1", author="ann")
    return made["id"]


def ids(document):
    return [hit["objectID"] for hit in document["hits"]]


def test_comment_hit_has_the_keys_of_2026(calm, search, story):
    made = calm.post("hackernews", text='Acme\'s runner is fine & "fast"/easy', reply_to=story, author="bob")
    hit = next(h for h in search(query="acme", tags="comment")["hits"] if h["objectID"] == made["id"])
    assert set(hit) == HIT_KEYS | {"comment_text", "parent_id", "story_title", "story_url"}
    assert hit["comment_text"] == "Acme&#x27;s runner is fine &amp; &quot;fast&quot;&#x2F;easy"
    assert (hit["parent_id"], hit["story_id"]) == (int(story), int(story))
    assert hit["_tags"] == ["comment", "author_bob", f"story_{story}"]
    assert hit["_highlightResult"]["comment_text"]["matchedWords"] == ["acme"]


def test_answer_of_a_search_has_the_keys_of_2026(search):
    document = search(query="acme", tags="comment")
    assert set(document) == {
        "exhaustive",
        "exhaustiveNbHits",
        "exhaustiveTypo",
        "hits",
        "hitsPerPage",
        "nbHits",
        "nbPages",
        "page",
        "params",
        "processingTimeMS",
        "processingTimingsMS",
        "query",
        "serverTimeMS",
    }
    assert document["hitsPerPage"] == 20


def test_story_hit_has_title_points_and_no_nulls(calm, search):
    made = calm.post(
        "hackernews", title="Acme 19.0 released", text="", url="https://about.acme.example/19", author="cy"
    )
    hit = next(h for h in search(query="acme", tags="story")["hits"] if h["objectID"] == made["id"])
    assert set(hit) - {"children"} == HIT_KEYS | {"title", "url", "points", "num_comments"}
    assert None not in hit.values()


def test_prefix_and_typo_match_but_are_no_mentions(calm, search, story):
    look_alikes = {
        calm.post("hackernews", text=text, reply_to=story)["id"]
        for text in ("I study acmeology", "Acmecorp is another one", "acne is a skin condition")
    }
    assert look_alikes <= set(ids(search(query="acme", hitsPerPage=1000)))
    assert not look_alikes & {m["id"] for m in calm.truth("hackernews")["mentions"]}
    assert not look_alikes & set(ids(search(query='"acme"', hitsPerPage=1000)))


def test_pages_cover_everything_once_newest_first(calm, search):
    calm.control("bulk", count=45, platforms=["hackernews"], seed=3)
    whole = search(query="acme", tags="(story,comment)", hitsPerPage=1000)
    paged, page = [], 0
    while True:
        document = search(query="acme", tags="(story,comment)", hitsPerPage=20, page=page)
        if not document["hits"]:
            break
        paged += ids(document)
        page += 1
    assert paged == ids(whole)
    assert len(set(paged)) == len(paged)
    assert document["nbPages"] == page
    times = [hit["created_at_i"] for hit in whole["hits"]]
    assert times == sorted(times, reverse=True)
    assert {m["id"] for m in calm.truth("hackernews")["mentions"]} <= set(paged)


def test_numeric_filters_are_obeyed(calm, search):
    calm.control("bulk", count=3, platforms=["hackernews"])
    hits = search(query="", hitsPerPage=1000)["hits"]
    newest = max(hit["created_at_i"] for hit in hits)
    assert search(query="", numericFilters=f"created_at_i>{newest}")["nbHits"] == 0
    later = search(query="", numericFilters=f"created_at_i>={newest},created_at_i<{newest + 1}", hitsPerPage=1000)
    assert set(ids(later)) == {h["objectID"] for h in hits if h["created_at_i"] == newest}
    assert "message" in search(query="", numericFilters="created_at_i>soon")


def test_tags_are_and_with_or_in_parentheses(calm, search, story):
    mine = calm.post("hackernews", text="Acme again", reply_to=story, author="tagged")["id"]
    assert ids(search(query="acme", tags="comment,author_tagged")) == [mine]
    assert mine in ids(search(query="acme", tags="(story,author_tagged)", hitsPerPage=1000))
    assert mine not in ids(search(query="acme", tags="story", hitsPerPage=1000))


def test_thousand_hits_is_the_cap(tmp_path):
    from sandbox import launch

    with launch.start(tmp_path) as fresh:
        for seed in (1, 2):
            fresh.control("bulk", count=550, platforms=["hackernews"], seed=seed)
        import requests

        query = {"query": "acme", "hitsPerPage": 1000, "page": 0}
        document = requests.get(f"{fresh.http_url}/hn/api/v1/search_by_date", params=query, timeout=30).json()
        query["page"] = 1
        beyond = requests.get(f"{fresh.http_url}/hn/api/v1/search_by_date", params=query, timeout=30).json()
    assert (len(document["hits"]), document["nbPages"], beyond["hits"]) == (1000, 1, [])


def test_firebase_item_follows_edits_and_deletions(calm, firebase, story):
    made = calm.post("hackernews", text="Acme it is", reply_to=story, author="dee")["id"]
    item = firebase(f"item/{made}")
    assert item == {
        "by": "dee",
        "id": int(made),
        "parent": int(story),
        "text": "Acme it is",
        "time": item["time"],
        "type": "comment",
    }
    assert int(made) in firebase(f"item/{story}")["kids"]
    calm.control("edit", platform="hackernews", id=made, text="Acme it was")
    assert firebase(f"item/{made}")["text"] == "Acme it was"
    calm.control("delete", platform="hackernews", id=made)
    assert firebase(f"item/{made}") == {
        "deleted": True,
        "id": int(made),
        "parent": int(story),
        "time": item["time"],
        "type": "comment",
    }


def test_missing_item_is_null(firebase):
    assert firebase("item/1") is None
    assert firebase("user/nobodyatall") is None


def test_team_member_shows_the_role(firebase):
    assert firebase("user/npetrova")["about"] == "Engineering Manager, Verify at Acme."


def test_item_tree_nests_answers(calm, anybody, story):
    asked = calm.post("hackernews", text="How does Acme do it?", reply_to=story, author="eve")["id"]
    answer = calm.control("answer", platform="hackernews", id=asked, **{"as": "nadia"}, text="Like this.")["id"]
    tree = anybody.get(f"{calm.http_url}/hn/api/v1/items/{story}", timeout=20).json()
    question = next(child for child in tree["children"] if child["id"] == int(asked))
    assert [child["id"] for child in question["children"]] == [int(answer)]
    assert question["children"][0]["author"] == "npetrova"
    assert answer in [entry["id"] for entry in calm.truth("hackernews")["ours"]]


def test_front_page_lists_stories(calm, firebase, anybody, story):
    assert int(story) in firebase("topstories")
    document = anybody.get(f"{calm.http_url}/hn/api/v1/search", params={"tags": "front_page"}, timeout=20).json()
    assert 0 < document["nbHits"] <= 30
    assert all("front_page" in hit["_tags"] for hit in document["hits"])
