"""Stack Exchange's API over a real socket."""

PLATFORM = "stackexchange"


def test_a_question_has_the_wrapper_and_is_compressed(calm, ask):
    made = calm.post("stackexchange", title='Acme\'s "cache"', text="Is a < b?", tags="acme,docker", author="ann")
    answer = ask("search", tagged="acme;nothing", sort="creation", order="asc", filter="withbody")
    assert answer.headers["Content-Encoding"] == "gzip"
    body = answer.json()
    assert {"items", "has_more", "quota_max", "quota_remaining"} <= set(body)
    question = next(q for q in body["items"] if str(q["question_id"]) == made["id"])
    assert question["title"] == "Acme&#39;s &quot;cache&quot;"
    assert question["body"] == "<p>Is a &lt; b?</p>\n"
    assert question["tags"] == ["acme", "docker"]
    assert "body" not in ask("search", tagged="acme").json()["items"][0]


def test_a_wrong_key_or_site_is_refused_in_its_own_words(ask):
    refused = ask("search", tagged="acme", key="wrong")
    assert (refused.status_code, refused.json()["error_id"]) == (400, 400)
    assert refused.json()["error_message"] == "`key` doesn't match a known application"
    assert "No site found" in ask("search", tagged="acme", site="nowhere").json()["error_message"]
    assert ask("search").json()["error_name"] == "bad_parameter"


def test_pages_cover_everything_once(calm, ask):
    for number in range(5):
        calm.post("stackexchange", title=f"Acme {number}", text="x", tags="paged")
    seen, page, more = [], 1, True
    while more:
        body = ask("search", tagged="paged", pagesize=2, page=page).json()
        seen += [q["question_id"] for q in body["items"]]
        more, page = body["has_more"], page + 1
    assert len(set(seen)) == len(seen) == 5


def test_a_filter_brings_answers_and_comments(calm, ask):
    asked = calm.post("stackexchange", title="Acme?", text="x", tags="acme")["id"]
    answered = calm.control("answer", platform="stackexchange", id=asked, **{"as": "nadia"}, text="So.")["id"]
    said = calm.post("stackexchange", reply_to=answered, text="Thanks", author="ann")["id"]
    name = ask("filters/create", base="withbody", include="question.answers;answer.comments").json()["items"][0]
    question = ask(f"questions/{asked}", filter=name["filter"]).json()["items"][0]
    answer = question["answers"][0]
    assert str(answer["answer_id"]) == answered
    assert said == f"comment-{answer['comments'][0]['comment_id']}"
    assert answered in {entry["id"] for entry in calm.truth("stackexchange")["ours"]}
    calm.control("delete", platform="stackexchange", id=answered)
    assert ask(f"posts/{answered};{asked}").json()["items"][0]["post_id"] == int(asked)


def test_throttling_has_status_400(calm, ask):
    calm.control("faults", platform="stackexchange", kind="429", count=1)
    assert ask("info").json()["error_name"] == "throttle_violation"
