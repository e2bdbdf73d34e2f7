"""The expert loop in the browser: the macro and the key e open the same panel; a draft typed in Slack is in the
composer, marked as the expert's; the pages are readable on a phone and in dark mode."""

import os
import re
import time

from playwright.sync_api import expect

from advocacy.tests.browser import axe, marks, show_in

pytestmark = marks
PHONE = {"width": 360, "height": 740}


def readable(page, name):
    """No axe findings and no overflow, on a phone, in either theme."""
    size = page.viewport_size
    if folder := os.environ.get("DESK_LOOK"):
        page.screenshot(path=f"{folder}/{name}-wide.png")
    page.set_viewport_size(PHONE)
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        found = axe(page)
        assert found.violations_count == 0, f"{name} {scheme}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], f"{name} {scheme}"
        if folder := os.environ.get("DESK_LOOK"):
            page.screenshot(path=f"{folder}/{name}-{scheme}.png", full_page=True)
    page.set_viewport_size(size)


class Keys:
    """Presses keys and counts them, except those that type a name to search for."""

    def __init__(self, page):
        self.page, self.pressed, self.began = page, 0, time.monotonic()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += key.count("+") + 1

    @property
    def took_s(self):
        return time.monotonic() - self.began


def parked(world, asked):
    return world.ticket(asked)["waiting_on"] == "expert" and world.ticket(asked)["claimed_by_id"] is None


def asked_at_once(windows, world):
    """(seconds that it took, page, mention)"""
    asked = world.ask("twitter", "@acme the {word} ci runner fails behind our proxy, known?", to="acme")
    page = windows.open("sam", f"/play/{asked.view}/")
    address = page.url
    page.get_by_role("link", name="Involve an expert").wait_for()
    keys = Keys(page)
    keys.press("e", "Control+Enter")
    page.locator("[data-asked]").wait_for()
    took_s = keys.took_s
    assert parked(world, asked)
    assert (page.url, keys.pressed <= 6) == (address, True)
    return took_s, page, asked


def test_suggested_expert_is_asked_on_the_page_with_six_keys_and_within_three_seconds(windows, world):
    """In the best of several tries: the machine may be busy with something else."""
    for _try in range(5):
        took_s, page, asked = asked_at_once(windows, world)
        if took_s <= 3:
            break
    assert took_s <= 3, f"{took_s:.1f} s"
    expect(page.get_by_label("Interim reply")).to_be_focused()
    page.keyboard.press("Control+Enter")  # the proposed interim reply; the view holds nothing else
    expect(page.locator("#toasts")).to_contain_text("answered, still open")
    assert parked(world, asked)
    page.keyboard.press("z")
    expect(page.locator("#text")).to_have_value(
        "Thanks for asking! I’ve asked a colleague who knows this well. We’ll get back to you here."
    )


def test_typed_expert_is_asked_with_six_keys_beyond_the_name(windows, world, living):
    asked = world.ask("twitter", "@acme is {word} written in Go?", to="acme")
    page = windows.open("sam", f"/tickets/{asked.ticket}/")
    keys = Keys(page)
    keys.press("e")
    page.keyboard.type("yuki")
    keys.press("Enter", "Control+Enter")  # at once: the second waits for the form of whom the first chose
    page.get_by_role("heading", name="Asked Yuki").wait_for()
    assert keys.pressed <= 6
    assert parked(world, asked)
    sql = "SELECT p.name FROM experts_outreach o JOIN experts_expert e ON e.id = o.expert_id"
    sql += " JOIN mentions_person p ON p.id = e.person_id WHERE o.ticket_id = %s"
    assert [row["name"].split()[0] for row in living.rows(sql, (asked.ticket,))] == ["Yuki"]


def test_panel_closes_opens_again_and_keeps_what_was_written(windows, world):
    asked = world.ask("twitter", "@acme the {word} ci runner fails behind our proxy, known?", to="acme")
    page = windows.open("sam", f"/tickets/{asked.ticket}/")
    page.keyboard.press("e")
    page.get_by_label("Message").wait_for()
    page.get_by_label("Message").press_sequentially("Please! ")
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_be_hidden()
    page.keyboard.press("e")
    expect(page.get_by_label("Message")).to_have_value(re.compile("Please! "))
    page.keyboard.type("nadia")
    page.keyboard.press("Enter")
    expect(page.locator(".asking-whom")).to_contain_text("Nadia Petrova")
    expect(page.get_by_label("Message")).to_have_value(re.compile("Please! "))
    page.get_by_label("Message").fill("Nothing that may be sent")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ask [role=alert]")).to_contain_text("support from an expert")
    windows.expect("422")


def test_macro_asks_and_the_draft_from_slack_is_sent_in_their_name(windows, world, living):
    asked = world.ask("twitter", "@acme the {word} ci runner fails behind our proxy, known?", to="acme")
    page = windows.open("sam", f"/play/{asked.view}/")
    page.keyboard.press("m")
    page.get_by_role("link", name="Reached Out to Expert").click()
    page.get_by_role("heading", name="Ask an expert").wait_for()
    page.get_by_label("Who to ask").fill("nadia")
    page.get_by_role("option", name="Nadia Petrova").click()
    readable(page, "ask")
    page.get_by_role("button", name="Post in Slack").click()
    page.get_by_role("heading", name="Asked Nadia Petrova").wait_for()
    readable(page, "interim")

    def request():
        sql = "SELECT slack_room, slack_ts, state FROM experts_outreach WHERE ticket_id = %s AND slack_ts <> ''"
        return next(iter(living.rows(sql, (asked.ticket,))), None)

    living.wait_until(lambda: request() is not None, "the message in Slack", every_s=0.5)
    thread = f"{request()['slack_room']}/{request()['slack_ts']}"
    (posted,) = [m for m in living.sandbox.truth("slack")["desk"] if m["ts"] == request()["slack_ts"]]
    theirs = windows.open("", "/respond/" + re.search(r"/respond/([^/\s]+/)", posted["text"])[1])
    expect(theirs.get_by_role("heading", name="How to answer on Twitter")).to_be_visible()
    theirs.get_by_label("Draft of the answer").fill(f"Try {asked.word}.")
    theirs.get_by_role("button", name="Keep it for later").click()
    theirs.get_by_text("1 version").click()
    readable(theirs, "respond")
    page.goto("/outreaches/")
    expect(page.get_by_role("link", name=f"#{asked.ticket}")).to_have_count(1)
    readable(page, "board")
    living.sandbox.post("slack", text=f"Draft: Set {asked.word} first.", author="nadia", reply_to=thread)

    def drafted():
        world.hear_experts()
        return request()["state"] == "draft"

    living.wait_until(drafted, "the draft", every_s=1)
    page.goto(f"/tickets/{asked.ticket}/")
    expect(page.locator(".outreach")).to_contain_text("Draft by Nadia Petrova")
    readable(page, "panel")
    page.get_by_role("button", name="Claim").first.click()
    expect(page.locator("#credit")).to_contain_text("Draft by Nadia Petrova")
    expect(page.locator("#text")).to_have_value(f"Set {asked.word} first.")
    readable(page, "composer")
    page.get_by_role("button", name="Reply & solve").click()
    expect(page.locator("#toasts")).to_contain_text("answered and solved")
    world.end_undo(asked)
    living.wait_until(lambda: request()["state"] == "sent", "the request to end", every_s=1)
