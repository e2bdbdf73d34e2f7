"""A list that others work on, too: it updates while somebody is moving through it."""

import pytest
from playwright.sync_api import expect

from advocacy.tests.browser import marks, new_word, write

pytestmark = marks

NOW = "document.dispatchEvent(new Event('visibilitychange'))"
"""The page looks each 20 seconds, and whenever it is looked at again."""


@pytest.fixture
def walked(windows, world, living):
    """(page, the ids of its three rows), the second of them selected."""
    word = new_word()
    for number in range(3):
        made = living.sandbox.post("twitter", text=f"@acme {word} fails {number}", to="acme")
    count = "SELECT count(DISTINCT ticket_id) AS found FROM mentions_message WHERE text LIKE %s"
    world.until(lambda: living.rows(count, (f"%{word}%",))[0]["found"] == 3, "three tickets", platform="twitter")
    page = windows.open("sam", f"/queue/{world.arrived(word, made).view}/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    rows = page.locator("#rows > .row")
    expect(rows).to_have_count(3)
    ids = [row.get_attribute("data-id") for row in rows.all()]
    expect(page.locator("#rows .row.selected")).to_have_attribute("data-id", ids[1])
    return page, ids


def hide(living, ticket):
    """As if somebody else's change had removed it from the view."""
    write(living, "UPDATE mentions_message SET text = 'edited', subject = '' WHERE ticket_id = %s", (int(ticket),))
    write(living, "UPDATE mentions_ticket SET subject = 'edited' WHERE id = %s", (int(ticket),))


def test_what_goes_leaves_its_place_to_the_next(walked, living):
    page, ids = walked
    hide(living, ids[1])
    page.evaluate(NOW)
    expect(page.locator("#rows > .row")).to_have_count(2)
    expect(page.locator("#rows .row.selected")).to_have_attribute("data-id", ids[2])
    expect(page.locator("#rows .row.selected a").first).to_be_focused()


def test_what_is_being_read_is_not_taken_away_by_an_answer_that_was_on_its_way(walked, living):
    page, ids = walked
    held = []
    page.route("**/queue/**", lambda route: held.append(route))
    hide(living, ids[0])
    with page.expect_request(lambda request: request.headers.get("x-fragment") == "1"):
        page.evaluate(NOW)
    page.keyboard.press("Space")
    expect(page.locator("#rows .peek .message:visible").first).to_be_visible()
    with page.expect_response(lambda answer: answer.request.headers.get("x-fragment") == "1") as answered:
        held.pop().continue_()
    assert answered.value.finished() is None
    page.evaluate("new Promise((done) => setTimeout(done, 300))")  # by the page's clock: its script has read the answer
    expect(page.locator("#rows .peek .message:visible").first).to_be_visible()
    expect(page.locator("#rows > .row")).to_have_count(3)
    page.keyboard.press("Space")
    page.unroute_all()
    page.evaluate(NOW)
    expect(page.locator("#rows > .row")).to_have_count(2)
    expect(page.locator("#rows .row.selected")).to_have_attribute("data-id", ids[1])
