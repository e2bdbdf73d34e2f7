"""One key marks a ticket as urgent, another undoes it, another takes the ticket; two keys lead to the hand-over."""

from playwright.sync_api import expect

from advocacy.tests.browser import in_sequence, marks
from advocacy.tests.test_browser_experts import readable

pytestmark = marks


def test_keys_alone_mark_undo_take_and_lead_to_the_hand_over(windows, world):
    asked = world.ask("twitter", "@acme everything {word} is down, is it you?", to="acme")
    page = windows.open("sam", f"/play/{asked.view}/")
    page.locator("[data-key='!']").wait_for()
    page.keyboard.press("!")
    expect(page.locator("#toasts")).to_contain_text("is urgent: the team is being called")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("No longer urgent")
    expect(page.locator("#urgent")).to_have_count(0)
    page.keyboard.press("!")
    expect(page.locator("#urgent button")).to_contain_text("I’ll take it")
    page.goto("/queue/")
    readable(page, "urgent")
    page.goto(f"/play/{asked.view}/")
    page.keyboard.press("!")
    expect(page.locator("#urgent")).to_contain_text("Urgent, yours")
    in_sequence(page, "g", "h")
    page.wait_for_url("**/hand-over/")
    expect(page.locator("main")).to_contain_text("urgent")
    readable(page, "hand-over")
