"""GitLab's REST API over a real socket."""

import time

PLATFORM = "gitlab"


def test_an_issue_looks_as_the_real_one(calm, ask):
    made = calm.post("gitlab", text="A & <b>", title="Acme?", to="acme/community", author="ada", labels="bug,idea")
    iid = made["id"].partition("#")[2]
    issue = ask(f"projects/6/issues/{iid}").json()
    assert (issue["title"], issue["description"], issue["state"]) == ("Acme?", "A & <b>", "opened")
    assert issue["references"]["full"] == f"acme/community#{iid}"
    assert issue["labels"] == ["bug", "idea"]
    assert issue["created_at"].endswith("Z")


def test_pages_go_on_by_link_and_the_limit_counts_down(calm, ask):
    for _ in range(3):
        calm.post("gitlab", to="acme/packaging")
        time.sleep(0.01)  # their times are in milliseconds
    first = ask("projects/7/issues", per_page=2, sort="asc", order_by="updated_at")
    assert len(first.json()) == 2
    assert 'rel="next"' in first.headers["Link"]
    assert "page=2" in first.headers["Link"]
    second = ask("projects/7/issues", per_page=2, page=2)
    assert int(first.headers["RateLimit-Remaining"]) > int(second.headers["RateLimit-Remaining"])
    since = first.json()[1]["updated_at"]
    later = ask("projects/7/issues", updated_after=since, per_page=100).json()
    assert first.json()[1]["id"] in [issue["id"] for issue in later]
    assert first.json()[0]["id"] not in [issue["id"] for issue in later]


def test_a_wrong_token_and_a_strange_project_are_refused(ask):
    assert ask("user", token="no").json() == {"message": "401 Unauthorized"}
    assert ask("projects/acme%2Fnothing").status_code == 404


def test_a_note_of_the_desk_is_in_the_truth_and_taken_back(calm, ask):
    made = calm.post("gitlab", text="hello?")["id"]
    path = f"projects/5/issues/{made.partition('#')[2]}/notes"
    assert ask(path, "POST", json={"body": ""}).status_code == 400
    number = ask(path, "POST", json={"body": "Hi"}).json()["id"]
    assert calm.truth("gitlab")["desk"][-1]["id"] == f"{made}#note_{number}"
    assert ask(f"{path}/{number}", "DELETE").status_code == 204
    assert ask(f"{path}/{number}").status_code == 404
    assert calm.truth("gitlab")["desk"][-1]["deleted"]


def test_faults_speak_in_gitlabs_words(calm, ask):
    calm.control("faults", platform="gitlab", kind="expired", count=1)
    assert ask("user").json()["error"] == "invalid_token"
    calm.control("faults", platform="gitlab", kind="429", count=1)
    assert ask("user").headers["Retry-After"] == "5"


def test_the_page_shows_the_desks_note(calm, ask, anybody):
    made = calm.post("gitlab", text="Where is it seen?")
    ask(f"projects/5/issues/{made['id'].partition('#')[2]}/notes", "POST", json={"body": "Here, on <b>this</b> page."})
    shown = anybody.get(made["url"], timeout=20).text
    assert "Here, on &lt;b&gt;this&lt;/b&gt; page." in shown
    assert made["url"].replace("&", "&amp;") in anybody.get(f"{calm.http_url}/gitlab/", timeout=20).text
