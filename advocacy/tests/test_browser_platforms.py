"""Platforms other than the first three, in the browser: direct replies appear there, outside replies open there with
the text copied; the composer is accessible in each of its states."""

import pytest
from playwright.sync_api import expect

from advocacy.tests.browser import axe_finds_nothing, marks, posted_by_desk

pytestmark = marks

DIRECT = {
    "reddit": ("yourself (@sam)", {"to": "devops", "title": "Moving to Acme"}, "sam"),
    "discourse": ("yourself (@sam)", {"to": "ci", "title": "Runners hang", "private": False}, "sam"),
    "facebook": ("Acme · acme on Facebook", {"to": "comment"}, "Acme"),
}
"""Platform → (what it is answered as in the page, what is asked, whose name stands there)."""


@pytest.mark.parametrize("platform", DIRECT)
def test_a_mention_is_played_answered_in_the_page_and_seen_there(windows, world, living, platform):
    speaker, fields, name = DIRECT[platform]
    asked = world.ask(platform, "Does Acme {word} when the disk is full?", author="lena", **fields)
    page = windows.open("sam", f"/play/{asked.view}/")
    expect(page.locator("article.asks")).to_contain_text(asked.word)
    expect(page.get_by_label("Reply as").locator("option:checked")).to_have_text(speaker)
    axe_finds_nothing(page)
    answer = f"It does, {asked.word} is explained in our docs."
    page.keyboard.press("r")
    page.keyboard.type(answer)
    axe_finds_nothing(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("answered and solved")

    world.end_undo(asked)
    living.wait_until(lambda: posted_by_desk(living, platform, asked.word), "the answer on the platform")
    visitor = windows.open("", asked.url)
    there = visitor.locator("article").filter(has=visitor.get_by_text(answer)).last
    expect(there).to_be_visible()
    expect(there.locator(".by").first).to_contain_text(name)
    sent = "SELECT 1 FROM mentions_reply WHERE ticket_id = %s AND state = 'sent'"
    living.wait_until(lambda: living.rows(sent, (asked.ticket,)), "the desk to know that it is there")
    page.goto(f"/tickets/{asked.ticket}/")
    expect(page.locator("article.team .badge.sent")).to_have_text("sent")
    axe_finds_nothing(page)
    assert world.ticket(asked)["first_reply_at"] is not None
    assert len(posted_by_desk(living, platform, asked.word)) == 1


def test_a_question_is_answered_there_with_the_text_copied_and_is_recognised(windows, world, living):
    fields = {"title": "Acme runners behind a proxy", "tags": "acme"}
    asked = world.ask("stackexchange", "How can Acme {word} be set?", author="lena", **fields)
    page = windows.open("sam", f"/play/{asked.view}/", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".tools.outside")).to_contain_text("outside the desk")
    axe_finds_nothing(page)
    answer = f"I work at Acme. Set {asked.word} in the environment."
    page.locator("#text").fill(answer)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Copy and open").click()
    there = opened.value
    page.bring_to_front()
    expect(page.locator("#draft-state")).to_contain_text("Copied")
    axe_finds_nothing(page)
    assert page.evaluate("navigator.clipboard.readText()") == answer

    expect(there.locator("article")).to_contain_text([asked.word])
    sam = there.get_by_label("Answer as").locator("option", has_text="Sam Okafor, Community Advocate")
    there.get_by_label("Answer as").select_option(sam.get_attribute("value"))
    there.locator("textarea").fill(answer)
    there.locator("form.reply button").click()
    expect(there.locator("article.ours").filter(has_text=answer)).to_have_count(1)
    there.close()

    page.get_by_role("button", name="I answered").click()
    expect(page.locator("#toasts")).to_contain_text("answered outside")
    world.until(lambda: world.ticket(asked)["status"] == "solved", "the answer to be recognised")
    messages = living.rows("SELECT posted_at FROM mentions_message WHERE text LIKE %s", (f"%{asked.word} in the env%",))
    assert [row["posted_at"] for row in messages] == [world.ticket(asked)["first_reply_at"]]
    page.goto(f"/tickets/{asked.ticket}/")
    expect(page.locator("article.message.team")).to_contain_text(answer)
    axe_finds_nothing(page)


def test_characters_left_are_shown_where_somebody_may_get_near_the_end(windows, world):
    asked = world.ask("reddit", "Does Acme {word} at night?", author="lena", to="devops", title="Acme at night")
    page = windows.open("sam", f"/play/{asked.view}/")
    counter = page.locator("#counter")
    page.locator("#text").fill("Yes.")
    expect(counter).to_be_empty()
    page.locator("#text").fill("x" * 9500)
    expect(counter).to_have_text("500 left")
    page.locator("#text").fill("x" * 10_001)
    expect(counter).to_contain_text("1 ")
    expect(counter).to_have_class("counter over")
