"""What must never happen: a reply that is undone and still posted, posted twice, or sent although somebody has just
written."""

import json

from playwright.sync_api import expect

from advocacy.tests.browser import marks, posted_by_desk, settled, write

pytestmark = marks
REFUSED = "status of 4(09|22)"


def replies(living, ticket):
    return living.rows(
        "SELECT id, state, send_at, text FROM mentions_reply WHERE ticket_id = %s ORDER BY id", (ticket,)
    )


def window_over(living, world, ticket):
    """The undo window of all its replies ends, whatever became of them; then come several rounds of what sends them."""
    write(living, "UPDATE mentions_reply SET send_at = least(send_at, now()) WHERE ticket_id = %s", (ticket,))
    for _round in range(3):
        world.finish("mentions.hand_over_due", "channels.send_due")


def type_reply(page, text):
    page.keyboard.press("r")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(text)


def test_a_reply_taken_back_within_the_window_is_never_posted(windows, world, living):
    asked = world.ask("twitter", "@acme is {word} free for schools?", to="acme")
    page = windows.open("sam", f"/play/{asked.view}/")
    type_reply(page, f"Of course not {asked.word}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts .undo")).to_be_visible()
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("nothing was sent")
    expect(page.locator("#text")).to_have_value(f"Of course not {asked.word}")
    window_over(living, world, asked.ticket)
    assert posted_by_desk(living, "twitter", asked.word) == []
    assert [reply["state"] for reply in replies(living, asked.ticket)] == ["undone"]


def test_a_message_that_came_while_typing_stops_the_sending_and_keeps_the_text(windows, world, living):
    asked = world.ask("twitter", "@acme how do I install {word}?", to="acme", author="nina_dev")
    page = windows.open("sam", f"/play/{asked.view}/")
    type_reply(page, f"Run the installer {asked.word}")
    more = f"Never mind, I found {asked.word} in the docs"
    living.sandbox.post("twitter", text=f"@acme {more}", author="nina_dev", reply_to=asked.id)
    sql = "SELECT 1 FROM mentions_message WHERE ticket_id = %s AND text LIKE %s"
    world.until(lambda: living.rows(sql, (asked.ticket, f"%{more}%")), "the second message")

    windows.expect(REFUSED)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#problem")).to_contain_text("1 new message since you started")
    expect(page.locator("article.fresh")).to_contain_text(more)
    expect(page.locator("#text")).to_have_value(f"Run the installer {asked.word}")
    assert replies(living, asked.ticket) == []

    settled(page)  # a second click doesn't send past the new message
    page.keyboard.press("Control+Enter")  # read now: the same text may go
    expect(page.locator("#toasts")).to_contain_text("answered and solved")
    world.end_undo(asked)
    living.wait_until(lambda: posted_by_desk(living, "twitter", f"Run the installer {asked.word}"), "the tweet")


def test_two_tabs_and_a_double_click_post_once(windows, world, living):
    asked = world.ask("twitter", "@acme does {word} cost extra?", to="acme")
    first = windows.open("sam", f"/play/{asked.view}/")
    second = first.context.new_page()
    second.goto(f"/play/{asked.view}/")
    form = first.locator("#composer")
    type_reply(first, f"No, {asked.word} is part of every plan.")
    double = """async (form) => {
        const send = () => { const data = new FormData(form); data.append("status_after", "solved");
          return fetch(form.action, {method: "POST", body: data, redirect: "manual"}); };
        await Promise.all([send(), send(), send()]); }"""
    form.evaluate(double)
    windows.expect(REFUSED)
    type_reply(second, f"No, {asked.word} is part of every plan!")
    second.keyboard.press("Control+Enter")
    expect(second.locator("#problem")).to_be_visible()
    world.end_undo(asked)
    living.wait_until(lambda: posted_by_desk(living, "twitter", asked.word), "the tweet")
    window_over(living, world, asked.ticket)
    assert len(posted_by_desk(living, "twitter", asked.word)) == 1
    assert len(replies(living, asked.ticket)) == 1


def test_who_lost_the_claim_sees_a_problem_and_keeps_the_text(windows, world, living):
    asked = world.ask("twitter", "@acme where is {word} documented?", to="acme")
    page = windows.open("sam")
    page.clock.install()
    page.goto(f"/play/{asked.view}/")
    type_reply(page, f"Under docs {asked.word}")
    over = "UPDATE mentions_ticket SET claim_expires_at = now() - interval '1 minute' WHERE id = %s"
    write(living, over, (asked.ticket,))
    other = windows.open("maria", f"/play/{asked.view}/")
    expect(other.locator("article.asks")).to_contain_text(asked.word)

    windows.expect(REFUSED)
    page.clock.fast_forward(60_000)  # the heartbeat
    expect(page.locator("#news")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#problem")).to_contain_text("Your text is kept")
    expect(page.locator("#problem")).to_contain_text(f"Under docs {asked.word}")
    assert replies(living, asked.ticket) == []
    drafts = living.rows("SELECT * FROM mentions_draft WHERE ticket_id = %s", (asked.ticket,))
    assert f"Under docs {asked.word}" in json.dumps(drafts, default=str)
