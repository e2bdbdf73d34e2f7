"""Contributors, feedback and training in the browser: a list is imported, somebody is marked beside a conversation, a
feature request goes to its topic with one key, three practice tickets are played; readable on a phone and in dark
mode."""

import re
from datetime import UTC, datetime, timedelta

from django.core import signing
from playwright.sync_api import expect

from advocacy.tests.browser import in_sequence, marks
from advocacy.tests.test_browser_experts import readable

pytestmark = marks
LIST = (
    b"accounts,mark,name,region,email,since,because\n"
    b'"twitter=ana_demo, gitlab=ana_demo",contributor,Ana Lima,EMEA,ana@example.com,2024-05-01,https://gitlab.example/12\n'
    b"twitter=bo_demo,core,Bo Li,APAC,,,\n"
)
WRONG = b"accounts,mark\ntwiter=x,contributor\ntwitter=bo_demo,friend\n"


def test_a_list_says_what_is_wrong_then_what_it_changes_and_fills_the_page(windows, living):
    page = windows.open("mo", "/contributors/import/")
    windows.expect("status of 422")
    page.get_by_label("CSV file").set_input_files({"name": "w.csv", "mimeType": "text/csv", "buffer": WRONG})
    page.get_by_role("button", name="Preview changes").click()
    expect(page.get_by_text("there is no platform “twiter”")).to_be_visible()
    readable(page, "contributors-wrong")
    page.get_by_label("CSV file").set_input_files({"name": "l.csv", "mimeType": "text/csv", "buffer": LIST})
    page.get_by_role("button", name="Preview changes").click()
    import_ = page.get_by_role("button", name="Import", exact=True)
    expect(import_).to_be_visible()
    readable(page, "contributors-plan")
    import_.click()
    expect(page.get_by_role("heading", name="EMEA")).to_be_visible()
    readable(page, "contributors")
    assert len(living.rows("SELECT 1 FROM mentions_mark WHERE source = 'list'")) == 2


def test_somebody_is_marked_beside_a_conversation_and_on_their_page(windows, living):
    ticket = living.rows("SELECT id, requester_id FROM mentions_ticket ORDER BY id LIMIT 1")[0]
    page = windows.open("sam", f"/tickets/{ticket['id']}/")
    page.get_by_label("Mark the requester").select_option("press")
    page.get_by_role("button", name="Mark", exact=True).click()
    expect(page.locator("aside .badge", has_text="press")).to_be_visible()
    page.goto(f"/authors/{ticket['requester_id']}/")
    readable(page, "author-marks")
    page.get_by_role("button", name="Remove press").click()
    expect(page.get_by_role("button", name="Mark as press")).to_be_visible()


def test_a_wish_goes_to_its_topic_with_one_key(windows, living):
    ticket = living.rows("SELECT id FROM mentions_ticket ORDER BY id DESC LIMIT 1")[0]["id"]
    page = windows.open("sam", f"/tickets/{ticket}/")
    page.locator("[data-key=b]").wait_for(state="attached")
    page.keyboard.press("b")
    page.get_by_role("heading", name="Feedback to product").wait_for()
    readable(page, "feedback-route")
    page.get_by_label("Topic").select_option(index=1)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Routed to")
    page.goto("/feedback/")
    readable(page, "feedback")
    page.get_by_role("button", name=f"#{ticket}: answered").click()
    expect(page.get_by_role("button", name=f"#{ticket}: open")).to_be_visible()
    assert living.rows(f"SELECT state FROM experts_feedback WHERE ticket_id = {int(ticket)}") == [{"state": "answered"}]


def test_three_practice_tickets_are_played_by_keyboard_alone(windows, living):
    page = windows.open("sam", "/volunteers/training/")
    windows.expect("status of 422")
    keys, replied = page.keyboard, living.rows("SELECT count(*) AS replies FROM mentions_reply")
    readable(page, "training")
    page.get_by_role("link", name="Start practising").focus()
    keys.press("Enter")
    _reply_with_macro_and_undo(page)
    in_sequence(page, "g", "p")
    page.get_by_role("heading", name="Imre").first.wait_for()
    keys.press("e")
    _drawn(page)
    expect(page.get_by_label("Who to ask")).to_be_focused()
    keys.type("Pri")
    keys.press("Tab")
    keys.type("Somebody's repositories are empty since this morning.")
    keys.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Ask the team that can look")
    readable(page, "practice-asked-wrong")
    keys.press("e")
    _drawn(page)
    keys.press("End")
    keys.press("Tab")
    keys.press("Control+Enter")
    page.get_by_role("heading", name="Well done").wait_for()
    readable(page, "practice-asked")
    in_sequence(page, "g", "p")
    page.get_by_role("heading", name="Joe").first.wait_for()
    keys.press("x")
    keys.type("compet")
    keys.press("Enter")
    page.get_by_role("heading", name="Well done").wait_for()
    in_sequence(page, "g", "p")
    page.get_by_role("heading", name="All practice tickets are solved").wait_for()
    readable(page, "practice-done")
    passed = "SELECT 1 FROM team_practicepass WHERE user_id = (SELECT id FROM auth_user WHERE username = 'sam')"
    assert len(living.rows(passed)) == 3
    assert living.rows("SELECT count(*) AS replies FROM mentions_reply") == replied


def _drawn(page):
    """The browser sends no keys to a select before it has drawn the menu around it."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")


def _reply_with_macro_and_undo(page):
    keys, text = page.keyboard, page.get_by_label("Your reply")
    page.get_by_role("heading", name="Rosa").first.wait_for()
    keys.press("m")
    keys.type("thank")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Apply")).to_be_focused()
    keys.press("Enter")
    expect(text).to_have_value("Thank you, Rosa! This page has the details: ")
    expect(text).to_be_focused()
    keys.press("Control+End")
    keys.type("https://wiki.acme.internal/runners")
    keys.press("Control+Enter")
    expect(page.locator("#problem")).to_contain_text("internal link")
    expect(text).to_be_focused()
    readable(page, "practice-wrong")
    keys.press("Control+A")
    keys.type("Thank you, Rosa! Give the cache a key: https://docs.acme.example/runners/cache")
    keys.press("Control+Enter")
    page.get_by_role("heading", name="Well done").wait_for()
    keys.press("z")
    expect(text).to_have_value(re.compile("Give the cache a key"))
    expect(text).to_be_focused()
    keys.type(" ")
    keys.press("Control+Enter")
    page.get_by_role("heading", name="Well done").wait_for()
    readable(page, "practice-replied")


def test_a_colleague_is_asked_for_several_days_and_answers_each_by_keyboard_behind_one_link(windows, living):
    page = windows.open("sam", "/volunteers/")
    today = datetime.now(UTC).date()
    monday = today + timedelta(days=14 - today.weekday())
    page.get_by_label("Colleague").select_option(index=1)
    page.get_by_label("Day", exact=True).fill(monday.isoformat())
    page.get_by_label("Until (optional)").fill((monday + timedelta(days=2)).isoformat())
    page.get_by_role("button", name="Invite", exact=True).press("Enter")
    expect(page.locator(".said", has_text="Invited for 3 days.")).to_be_visible()
    readable(page, "volunteers-invited")
    first = living.rows("SELECT id, link_version FROM team_volunteerday WHERE state = 'invited' ORDER BY day LIMIT 1")[
        0
    ]
    link = signing.dumps(
        [first["id"], first["link_version"]], key=living.env["DESK_SECRET_KEY"], salt="team.volunteers"
    )
    theirs = windows.open("", f"/volunteers/answer/{link}/")
    expect(theirs.get_by_role("button", name="Accept", exact=False)).to_have_count(4)
    readable(theirs, "volunteer-days")
    theirs.get_by_role("button", name="Decline").nth(1).press("Enter")
    expect(theirs.get_by_role("button", name="Accept", exact=False)).to_have_count(3)
    theirs.get_by_role("button", name="Accept all days").press("Enter")
    expect(theirs.get_by_text("Accepted. Thank you!")).to_have_count(2)
    readable(theirs, "volunteer-accepted")
    states = living.rows("SELECT state FROM team_volunteerday ORDER BY day")
    assert sorted(row["state"] for row in states) == ["accepted", "accepted", "declined"]
    page.reload()
    for left in (1, 0):
        page.get_by_role("button", name="Withdraw").first.press("Enter")
        expect(page.get_by_role("button", name="Withdraw")).to_have_count(left)


def test_a_manager_hands_over_the_roles_of_who_will_be_away_by_keyboard(windows, living):
    today = datetime.now(UTC).date()
    monday = today + timedelta(days=21 - today.weekday())
    page = windows.open("sam", f"/coverage/?day={monday.isoformat()}")
    page.get_by_label("First day away").fill(monday.isoformat())
    page.get_by_label("Last day away").fill((monday + timedelta(days=4)).isoformat())
    page.get_by_role("button", name="Add time away").press("Enter")
    expect(page.get_by_text("next:").first).to_be_visible()
    theirs = windows.open("mo", "/coverage/#stand-ins")
    readable(theirs, "stand-ins")
    hand = theirs.locator("#stand-ins").get_by_role("button", name=re.compile("Hand to .*expertise"))
    before = hand.count()
    hand.first.press("Enter")
    expect(theirs.locator(".said", has_text="stands in:")).to_be_visible()
    expect(hand).to_have_count(before - 1)
    readable(theirs, "stand-ins-chosen")
    theirs.get_by_role("button", name=re.compile("Take back")).press("Enter")
    expect(hand).to_have_count(before)
    page.goto(f"/coverage/?day={monday.isoformat()}")
    page.locator("form[action*='/absences/'] button", has_text="sam").first.press("Enter")
    expect(page.locator(".said", has_text="Absence removed.")).to_be_visible()
    assert not living.rows("SELECT 1 FROM team_absence WHERE first_day = %s", [monday])
