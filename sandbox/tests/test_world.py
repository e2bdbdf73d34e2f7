"""Time and durability: surviving a kill, the generated history, the stream."""

import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import psutil
import pytest
import requests

from sandbox import launch, world
from sandbox.stories import history
from sandbox.tests.conftest import Desk

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def past():
    return history.imagine(NOW, 14, 7)


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path):
    with launch.start(tmp_path) as running:
        made = {name: running.post(name, text="@acme Acme", to="acme")["id"] for name in ("twitter", "hackernews")}
        made["email"] = running.post("email", to="merch", text="hi")["id"]
        desk = Desk(running).post("An answer", reply_to=made["twitter"]).json()["data"]["id"]
        running.kill()
    with launch.start(tmp_path) as running:
        for name, wanted in made.items():
            assert [m["id"] for m in running.truth(name)["mentions"]] == [wanted]
        assert [t["id"] for t in running.truth("twitter")["desk"]] == [desk]
        again = running.post("hackernews", text="Acme", title="Ask HN: Acme?")["id"]
        assert int(again) > int(made["hackernews"])


def test_kill_in_the_middle_of_a_flood_leaves_a_world_that_starts(tmp_path):
    running = launch.start(tmp_path, rate=3000, history_days=1)
    time.sleep(1.0)
    running.kill()
    with launch.start(tmp_path) as again:
        assert sum(len(again.truth(name)["mentions"]) for name in ("twitter", "hackernews", "email")) > 20


def test_history_is_born_once(tmp_path):
    with launch.start(tmp_path, history_days=2) as running:
        before = running.state()["platforms"]
    with launch.start(tmp_path, history_days=2) as running:
        assert running.state()["platforms"] == before


def test_stop_is_quick_and_clean(tmp_path):
    running = launch.start(tmp_path, rate=60)
    started = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - started < 10


def test_ends_with_the_process_that_started_it(tmp_path):
    code = (
        "import sys, time; from sandbox import launch; r = launch.start(sys.argv[1]);"
        "print(r.process.pid, flush=True); time.sleep(60)"
    )
    root = Path(launch.__file__).parents[1]
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=root)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_many_at_once_lose_nothing_and_repeat_nothing(sandbox):
    before = {m["id"] for m in sandbox.truth("twitter")["mentions"]}
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: sandbox.post("twitter", text=f"@acme at once {n}")["id"], range(60)))
    assert len(set(made)) == 60
    assert {m["id"] for m in sandbox.truth("twitter")["mentions"]} - before == set(made)


def test_history_is_the_same_for_the_same_seed(past):
    assert [a.as_doc() for a in history.imagine(NOW, 14, 7)] == [a.as_doc() for a in past]
    assert [a.text for a in history.imagine(NOW, 14, 8)] != [a.text for a in past]


def test_history_lies_in_the_past_and_in_order(past):
    times = [act.at for act in past]
    assert times == sorted(times)
    assert times[0] >= NOW - 14 * 86_400
    assert times[-1] < NOW


def asked(past):
    return [
        a for a in past if a.verb == "post" and not a.by_team and a.kind not in ("aside", "look-alike", "automatic")
    ]


def test_history_is_busy_on_weekdays_and_quiet_at_weekends(past):
    per_day = {}
    for act in asked(past):
        day = datetime.fromtimestamp(act.at, UTC)
        per_day.setdefault(day.date(), []).append(day.hour)
    whole = sorted(per_day)[1:-1]
    weekdays = [len(per_day[d]) for d in whole if d.weekday() < 5]
    weekends = [len(per_day[d]) for d in whole if d.weekday() >= 5]
    assert 55 <= statistics.mean(weekdays) <= 110
    assert statistics.mean(weekends) < 0.6 * statistics.mean(weekdays)
    hours = [hour for day in whole for hour in per_day[day]]
    assert sum(hour < 6 for hour in hours) < 0.12 * len(hours)


def test_history_is_answered_in_believable_time_and_little_is_open(past):
    by_key = {act.key: act for act in past if act.key}
    answered, delays_h = set(), []
    for act in past:
        if act.by_team:
            answered.add(act.parent.removeprefix("~"))
            delays_h.append((act.at - by_key[act.parent.removeprefix("~")].at) / 3600)
    assert min(delays_h) > 0
    assert 2 <= statistics.median(delays_h) <= 5
    gone = {act.parent.removeprefix("~") for act in past if act.verb == "delete"}
    left = [a for a in asked(past) if a.key not in answered | gone]
    assert 1 <= len(left) < 12


def test_history_has_variety(past):
    texts = [re.sub(r"@\w+", "", act.text) for act in asked(past) if act.platform == "twitter"]
    assert len(set(texts)) > 0.75 * len(texts)
    assert {act.more.get("lang", "en") for act in past} >= {"en", "de", "es", "ja"}
    assert {act.verb for act in past} == {"post", "edit", "delete", "retweet"}
    assert (
        sum(len({w for w in a.text.split() if w.startswith("@")} & {f"@{h}" for h in world.HANDLES}) > 1 for a in past)
        > 5
    )


def test_no_text_has_an_unfilled_slot(past):
    for act in past:
        assert not re.search(r"\{\w+\}", act.text + str(act.more.get("title", "")) + str(act.more.get("subject", "")))


def test_whole_history_comes_in_by_polling(tmp_path, reader):
    with launch.start(tmp_path, history_days=3) as running:
        wanted = {m["ids"][-1] for m in running.truth("twitter")["mentions"] if "acme" in m["addressed"]}
        url, found, token = f"{running.http_url}/twitter/2/users/{world.HANDLES['acme'].user_id}/mentions", set(), ""
        while token is not None:
            query = {"max_results": 100} | ({"pagination_token": token} if token else {})
            page = reader.get(url, params=query, timeout=20).json()
            found |= {tweet["id"] for tweet in page["data"]}
            token = page["meta"].get("next_token")
        assert wanted <= found
        ours = [t for t in running.truth("twitter")["ours"] if t["author"] == "acme"]
        assert ours
        conversation = ours[0]["conversation_id"]
        query = {"query": f"conversation_id:{conversation}", "max_results": 100}
        thread = reader.get(f"{running.http_url}/twitter/2/tweets/search/recent", params=query, timeout=20).json()[
            "data"
        ]
        assert ours[0]["id"] in [tweet["id"] for tweet in thread]


def test_stream_brings_new_things_and_stops(tmp_path):
    with launch.start(tmp_path, rate=1200) as running:
        deadline = time.monotonic() + 60
        while running.state()["platforms"]["twitter"]["posts"] <= 3:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        running.control("stream", rate=0)
        time.sleep(0.6)
        assert running.state()["rate"] == 0


def test_bulk_of_two_thousand_is_what_the_truth_tells(tmp_path):
    with launch.start(tmp_path) as running:
        ids = running.control("bulk", count=2000, seed=5)["ids"]
        for name, made in ids.items():
            assert len(set(made)) == len(made)
            assert {m["id"] for m in running.truth(name)["mentions"]} == set(made)


def cpu_s(running):
    """What the sandbox has used: unlike time, it does not depend on what else the machine does."""
    used = psutil.Process(running.process.pid).cpu_times()
    return used.user + used.system


def test_page_of_a_hundred_is_quick(tmp_path, reader):
    with launch.start(tmp_path) as running:
        running.control("bulk", count=1500, platforms=["twitter", "hackernews"])
        places = (
            f"{running.http_url}/twitter/2/users/{world.HANDLES['acme'].user_id}/mentions?max_results=100",
            f"{running.http_url}/hn/api/v1/search_by_date?query=acme&hitsPerPage=100",
        )
        for url in places:
            reader.get(url, timeout=20)
            before_s = cpu_s(running)
            for _ in range(10):
                assert reader.get(url, timeout=20).ok
            assert cpu_s(running) - before_s < 10 * 0.05


def test_one_port_taken_is_said_and_no_process_stays(tmp_path):
    with launch.start(tmp_path / "one") as running:
        command = [sys.executable, "-m", "sandbox", "--state", str(tmp_path / "two"), "--port", str(running.http_port)]
        done = subprocess.run(
            command, capture_output=True, timeout=30, cwd=Path(launch.__file__).parents[1], check=False
        )
        assert done.returncode != 0
        assert b"in use" in done.stderr


@pytest.mark.parametrize(
    "path", ["/", "/twitter/web/", "/twitter/web/acme", "/hn/web/", "/hn/web/newest", "/mail/", "/slack/"]
)
def test_pages_open_and_load_nothing_from_outside(sandbox, anybody, path):
    page = anybody.get(sandbox.http_url + path, timeout=20)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    tags = Tags(page.text)
    assert tags.names & {"script", "img", "iframe", "style"} == set()
    assert not [name for name in tags.attributes if name in ("style", "src") or name.startswith("on")]


class Tags(HTMLParser):
    """Names of all elements and attributes of a page."""

    def __init__(self, text):
        super().__init__()
        self.names, self.attributes = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_text_is_shown_as_text(sandbox, anybody):
    nasty = "@acme <script>alert(1)</script> <img src=x onerror=alert(2)> Acme"
    for platform in ("twitter", "hackernews"):
        made = sandbox.post(platform, text=nasty)
        page = anybody.get(made["url"], timeout=20).text
        assert "<script" not in page
        assert "<img" not in page
        assert "alert(1)" in page
    made = sandbox.post("email", text=nasty, subject="<b>bold</b>", to="merch")
    page = anybody.get(made["url"], timeout=20).text
    assert "&lt;b&gt;bold" in page
    assert "<script" not in page


def test_answer_is_given_by_hand_on_the_page(sandbox):
    made = sandbox.post("hackernews", text="Is Acme any good?", title="Ask HN: Acme?")
    form = {"id": made["id"], "as": "hweiss", "text": "I work there. Yes."}
    answer = requests.post(f"{sandbox.http_url}/hn/web/comment", data=form, timeout=20)
    assert "I work there. Yes." in answer.text
    tweet = sandbox.post("twitter", text="@acme any good?")
    form = {"id": tweet["id"], "as": "hweiss_code", "text": "Yes, I made it."}
    answer = requests.post(f"{sandbox.http_url}/twitter/web/answer", data=form, timeout=20)
    assert "Yes, I made it." in answer.text
    assert sandbox.truth("twitter")["ours"][-1]["author"] == "hweiss_code"


def test_button_posts_one_more(sandbox):
    before = len(sandbox.truth("twitter")["mentions"])
    form = {"platform": "twitter", "kind": "praise"}
    page = requests.post(f"{sandbox.http_url}/control/post", data=form, timeout=20)
    assert "/twitter/web/" in page.url
    assert len(sandbox.truth("twitter")["mentions"]) == before + 1
