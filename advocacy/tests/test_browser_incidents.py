"""An incident by keyboard: opened, a ticket added with one key and taken out again, answered together, closed."""

from playwright.sync_api import expect

from advocacy.tests.browser import marks, write
from advocacy.tests.test_browser_experts import readable

pytestmark = marks


def shown(page, name):
    """Without the toast of how it was reached."""
    page.reload()
    readable(page, name)


def test_incident_is_opened_grouped_answered_together_and_closed(windows, world, living):
    asked = world.ask("twitter", "@acme {word}: the login is down, is it you?", to="acme")
    name = f"Login fails {asked.word}"
    page = windows.open("sam", "/queue/")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.get_by_label("What is wrong").wait_for()
    readable(page, "incidents")
    page.get_by_label("What is wrong").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    try:
        shown(page, "incident")
        page.goto(f"/tickets/{asked.ticket}/")
        add = page.get_by_role("button", name=name)
        first = page.locator("[data-key=i]")
        expect(add).to_be_visible()
        if first.inner_text() == add.inner_text():
            page.keyboard.press("i")
        else:
            add.click()
        expect(page.locator("#toasts")).to_contain_text("1 mention is part of it.")
        page.keyboard.press("z")
        expect(page.locator("#toasts")).to_contain_text("Taken out")
        page.locator("#add-ticket").fill(str(asked.ticket))
        page.keyboard.press("Enter")
        expect(page.locator("#toasts")).to_contain_text("1 mention is part of it.")
        page.get_by_role("link", name="Answer together").click()
        expect(page.locator(".reply-text")).to_contain_text(name)
        shown(page, "incident-reply")
        page.get_by_role("button", name="Send the chosen ones").click()
        expect(page.get_by_role("heading", name="Bulk replies")).to_be_visible()
        expect(page.locator("[id^=progress]")).to_contain_text("1 sent", timeout=60_000)  # the page asks by itself
        shown(page, "incident-sent")
        page.get_by_role("button", name="It is over").click()
        page.get_by_role("button", name="Close with its report").click()
        expect(page.get_by_role("heading", name="Report")).to_be_visible()
        shown(page, "incident-report")
    finally:  # no other module's pages show it
        sql = "UPDATE team_incident SET state = 'closed', over_at = COALESCE(over_at, now()) WHERE name = %s"
        write(living, sql, (name,))
