"""A release's Slack channel on the page of its day: messages decided by keyboard, readable on a phone and in dark
mode."""

from playwright.sync_api import expect

from advocacy.tests.browser import marks, write
from advocacy.tests.test_browser_experts import readable

pytestmark = marks
ROOM = """INSERT INTO team_releaseroom (release_id, name, slack_id, error) VALUES (%s, '#release-post', 'C00000042', '')
    ON CONFLICT (release_id) DO NOTHING"""
SAID = """INSERT INTO team_roommessage (room_id, ts, thread_ts, who, text, url, posted_at, is_deleted)
    SELECT id, %s, %s, %s, %s, 'https://slack.example/archives/C00000042/p1', now(), false FROM team_releaseroom
     WHERE release_id = %s ON CONFLICT (room_id, ts) DO NOTHING"""


def test_a_thread_is_settled_by_keyboard_and_its_link_becomes_the_release_post(windows, living):
    release = living.rows("SELECT id FROM team_release WHERE url = '' ORDER BY day DESC LIMIT 1")[0]["id"]
    write(living, ROOM, (release,))
    for ts, thread, who, text in (
        ("1.1", "1.1", "Ines Almeida", "The post is out: https://acme.example/releases/18"),
        ("1.2", "1.1", "Kofi Mensah", "Great!"),
        ("2.1", "2.1", "Ines Almeida", "Who answers on Hacker News?"),
    ):
        write(living, SAID, (ts, thread, who, text, release))
    page = windows.open("sam", f"/releases/{release}/")
    expect(page.get_by_role("heading", name="Messages in #release-post")).to_be_visible()
    readable(page, "release-room")
    page.get_by_role("button", name="This is the release post").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_text("Saved as the release post.")
    page.locator("article", has_text="The post is out").locator("button[value=done]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("a.badge", has_text="1 open thread")).to_be_visible()
    left = living.rows("SELECT ts FROM team_roommessage WHERE done_at IS NULL ORDER BY ts")
    assert left == [{"ts": "2.1"}]
