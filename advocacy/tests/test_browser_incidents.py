"""An incident by keyboard: opened, a ticket added with one key and removed again, a bulk reply, closed."""

from playwright.sync_api import expect

from advocacy.tests.browser import SENT_SHOWN_MS, in_sequence, marks, write
from advocacy.tests.test_browser_experts import readable

pytestmark = marks


def check_after_reload(page, name):
    """Without the toast of the previous step."""
    page.reload()
    readable(page, name)


def test_incident_is_opened_grouped_answered_together_and_closed(windows, world, living):
    asked = world.ask("twitter", "@acme {word}: the login is down, is it you?", to="acme")
    name = f"Login fails {asked.word}"
    page = windows.open("sam", "/queue/")
    in_sequence(page, "g", "i")
    page.get_by_label("What is wrong").wait_for()
    readable(page, "incidents")
    page.get_by_label("What is wrong").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    try:
        check_after_reload(page, "incident")
        page.goto(f"/tickets/{asked.ticket}/")
        add = page.get_by_role("button", name=name)
        first = page.locator("[data-key=i]")
        expect(add).to_be_visible()
        if first.inner_text() == add.inner_text():
            page.keyboard.press("i")
        else:
            add.click()
        expect(page.locator("#toasts")).to_contain_text("1 mention added.")
        page.keyboard.press("z")
        expect(page.locator("#toasts")).to_contain_text("Taken back")
        page.locator("#add-ticket").fill(str(asked.ticket))
        page.keyboard.press("Enter")
        expect(page.locator("#toasts")).to_contain_text("1 mention added.")
        page.get_by_role("link", name="Answer together").click()
        expect(page.locator(".reply-text")).to_contain_text(name)
        check_after_reload(page, "incident-reply")
        page.get_by_role("button", name="Send the selected replies").click()
        expect(page.get_by_role("heading", name="Bulk replies")).to_be_visible()
        world.end_undo(asked)
        expect(page.locator("[id^=progress]")).to_contain_text("1 sent", timeout=SENT_SHOWN_MS)  # the page polls
        check_after_reload(page, "incident-sent")
        page.get_by_role("button", name="It is over").click()
        page.get_by_role("button", name="Close and post the report").click()
        expect(page.get_by_role("heading", name="Report")).to_be_visible()
        check_after_reload(page, "incident-report")
    finally:  # no other module's pages show it
        sql = "UPDATE team_incident SET state = 'closed', over_at = COALESCE(over_at, now()) WHERE name = %s"
        write(living, sql, (name,))


def test_proposals_are_walked_unselected_added_and_undone_by_keys(windows, world, living):
    word = world.ask("twitter", "@acme {word}: nothing loads", to="acme").word
    tickets = [world.ask("twitter", f"@acme {word} {{word}} is down", to="acme").ticket for _each in range(3)]
    name = f"Nothing loads {word}"
    page = windows.open("sam", "/incidents/")
    page.get_by_label("What is wrong").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    try:
        page.get_by_label("Words").fill(word)
        page.get_by_role("button", name="Save details").click()
        rows = page.locator("#rows > .row")
        expect(rows).to_have_count(4)
        check_after_reload(page, "incident-proposed")
        page.locator("body").press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(rows.first.locator("a")).to_be_focused()
        page.keyboard.press("x")
        expect(rows.first.locator("input[type=checkbox]")).not_to_be_checked()
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.keyboard.press("x")
        expect(rows.nth(1).locator("input[type=checkbox]")).to_be_checked()
        page.get_by_role("button", name="Part of this incident").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#toasts")).to_contain_text("3 mentions added.")
        page.keyboard.press("z")
        expect(page.locator("#toasts")).to_contain_text("3 taken back")
        expect(rows).to_have_count(4)
        for ticket in tickets:
            expect(page.locator(f"#rows > .row[data-id='{ticket}']")).to_be_visible()
    finally:
        sql = "UPDATE team_incident SET state = 'closed', over_at = COALESCE(over_at, now()) WHERE name = %s"
        write(living, sql, (name,))
