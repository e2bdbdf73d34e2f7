"""The loop with an expert in the page: the macro and the key e open the same form, a draft typed in Slack is in the
composer, marked as theirs; the pages are readable on a phone and in the dark."""

import os

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from advocacy.tests.browser import marks

pytestmark = marks
PHONE = {"width": 360, "height": 740}


def readable(page, name):
    """Nothing for axe to find and nothing beyond the edge, on a phone, in either theme."""
    size = page.viewport_size
    page.set_viewport_size(PHONE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name} {scheme}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], f"{name} {scheme}"
        if folder := os.environ.get("DESK_LOOK"):
            page.screenshot(path=f"{folder}/{name}-{scheme}.png", full_page=True)
    page.set_viewport_size(size)


def test_macro_asks_and_the_draft_from_slack_is_sent_in_their_name(windows, world, living):
    asked = world.ask("twitter", "@acme the {word} ci runner fails behind our proxy, known?", to="acme")
    page = windows.open("sam", f"/play/{asked.view}/")
    page.keyboard.press("m")
    page.get_by_role("link", name="Reached Out to Expert").click()
    page.get_by_role("heading", name="Ask an expert").wait_for()
    readable(page, "choose")
    page.get_by_role("link", name="Nadia Petrova").first.click()
    page.get_by_label("Message").wait_for()
    readable(page, "ask")
    page.get_by_role("button", name="Post in Slack").click()
    expect(page.locator("#toasts")).to_contain_text("Asked Nadia Petrova")

    def request():
        sql = "SELECT slack_room, slack_ts, state FROM experts_outreach WHERE ticket_id = %s AND slack_ts <> ''"
        return next(iter(living.rows(sql, (asked.ticket,))), None)

    living.wait_until(lambda: request() is not None, "the message in Slack", 80, every_s=0.5)
    thread = f"{request()['slack_room']}/{request()['slack_ts']}"
    living.sandbox.post("slack", text=f"Draft: Set {asked.word} first.", author="nadia", reply_to=thread)
    living.wait_until(lambda: request()["state"] == "draft", "the draft", 150, every_s=1)
    page.goto(f"/tickets/{asked.ticket}/")
    expect(page.locator(".outreach")).to_contain_text("Draft by Nadia Petrova")
    readable(page, "panel")
    page.get_by_role("button", name="Claim").first.click()
    expect(page.locator("#credit")).to_contain_text("Draft by Nadia Petrova")
    expect(page.locator("#text")).to_have_value(f"Set {asked.word} first.")
    readable(page, "composer")
    page.get_by_role("button", name="Reply & solve").click()
    expect(page.locator("#toasts")).to_contain_text("answered and solved")
    living.wait_until(lambda: request()["state"] == "sent", "the request to end", 150, every_s=1)
