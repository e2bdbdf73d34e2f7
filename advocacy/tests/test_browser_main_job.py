"""The main job, once per platform: from a post on the platform to the answer there and the report."""

from playwright.sync_api import expect

from advocacy.tests.browser import SENT_SHOWN_MS, UNDO_S, cells, log_in, marks, posted_by_desk

pytestmark = marks

NOTHING_YET = ("0", "0", "—")
"""The line of a channel whose first mention has not come in: the report has none for it."""


def report_line(windows, channel, dark=False):
    page = windows.open("mo", "/reports/first-reply/?period=7d", dark=dark)
    return page, cells(page, channel) or NOTHING_YET


def counted(world, page, channel, before):
    """The report has at least one more mention of the channel (older ones may still come in), one more answered, and a
    median. `world`: to have the figures counted now, and not when beat says so."""

    def there():
        if world:
            world.send("metrics.refresh")
        page.reload()
        now = cells(page, channel) or NOTHING_YET
        return int(now[0]) > int(before[0]) and int(now[1]) > int(before[1]) and not now[2].startswith("—")

    return there


def test_a_tweet_is_played_answered_by_keyboard_and_counted(windows, world, living):
    report, before = report_line(windows, "@acme")
    asked = world.ask("twitter", "@acme does the {word} runner work behind a proxy?", to="acme")
    page = windows.open()
    log_in(page, "sam", living.logins["sam"])
    page.goto(f"/play/{asked.view}/")
    expect(page.locator("article.asks")).to_contain_text(asked.word)
    expect(page.locator(".requester time.clock")).to_contain_text("due in")

    answer = f"It does, {asked.word}: set HTTPS_PROXY in the runner's environment."
    page.keyboard.press("r")
    page.keyboard.type(answer)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("answered and solved")
    page.goto(f"/tickets/{asked.ticket}/")
    expect(page.locator("[data-sends]")).to_contain_text("sent in")
    assert posted_by_desk(living, "twitter", asked.word) == []
    window = "SELECT extract(epoch FROM send_at - created_at) AS s FROM mentions_reply WHERE ticket_id = %s"
    assert [row["s"] for row in living.rows(window, (asked.ticket,))] == [UNDO_S]

    world.end_undo(asked)
    living.wait_until(lambda: posted_by_desk(living, "twitter", asked.word), "the tweet on the platform")
    visitor = windows.open("", asked.url)
    answered = visitor.locator("article.ours.reply-to").filter(has_text=answer)
    expect(answered).to_have_count(1)
    expect(answered.locator(".by")).to_contain_text("@acme")
    assert [post["in_reply_to"] for post in posted_by_desk(living, "twitter", asked.word)] == [asked.id]

    expect(page.locator("article.team .badge.sent")).to_have_text("sent", timeout=SENT_SHOWN_MS)  # it is still open
    living.wait_until(counted(None, report, "@acme", before), "the report to count it", every_s=0.5)
    page.goto(f"/tickets/{asked.ticket}/")
    expect(page.locator("article.team .badge.sent")).to_have_text("sent")
    assert world.ticket(asked)["status"] == "solved"


def test_a_mail_is_answered_from_the_alias_it_was_written_to(windows, world, living):
    report, before = report_line(windows, "merch@acme.example")
    asked = world.ask("email", "Do the {word} socks come in size 48?", to="merch", author="lena@home.example")
    page = windows.open("sam", f"/play/{asked.view}/")
    page.keyboard.press("r")
    page.keyboard.type(f"They do: choose XL. {asked.word}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("answered and solved")

    world.end_undo(asked)
    living.wait_until(lambda: posted_by_desk(living, "email", asked.word), "the mail on its way")
    visitor = windows.open("", f"{living.sandbox.http_url}/mail/lena@home.example")
    visitor.locator("tr", has_text="INBOX").get_by_role("link").first.click()
    expect(visitor.locator("article")).to_contain_text("They do: choose XL.")
    heads = {row.locator("th").inner_text(): row.locator("td").inner_text() for row in visitor.locator("tr").all()}
    assert "merch@acme.example" in heads["From"]
    assert asked.id.strip("<>") in heads["In-Reply-To"]
    assert asked.id.strip("<>") in heads["References"]
    living.wait_until(counted(world, report, "merch@acme.example", before), "the report to count it", every_s=0.5)


def test_a_comment_is_answered_there_and_recognised_with_its_own_time(windows, world, living):
    report, before = report_line(windows, "Hacker News mentions")
    story = living.sandbox.post("hackernews", title="A build system in a weekend", text="No company is named here.")
    asked = world.ask("hackernews", "We moved to Acme for the {word} pipelines, is that wise?", reply_to=story["id"])
    page = windows.open("sam", f"/play/{asked.view}/", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator("article.asks")).to_contain_text(asked.word)
    page.locator("#text").fill(f"I work at Acme. It is, if you cache {asked.word}.")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Copy and open").click()
    there = opened.value
    page.bring_to_front()
    expect(page.locator("#draft-state")).to_contain_text("Copied")
    there.get_by_label("Answer as").select_option("samokafor")
    there.locator("textarea").fill(page.evaluate("navigator.clipboard.readText()"))
    there.locator("form:has(textarea) button").click()
    expect(there.locator("article").filter(has_text="I work at Acme")).to_have_count(1)
    there.close()

    page.get_by_role("button", name="I answered").click()
    expect(page.locator("#toasts")).to_contain_text("answered outside")
    world.until(lambda: world.ticket(asked)["status"] == "solved", "the answer to be recognised")
    messages = living.rows("SELECT posted_at FROM mentions_message WHERE text LIKE %s", (f"%cache {asked.word}%",))
    assert world.ticket(asked)["first_reply_at"] == messages[0]["posted_at"]
    living.wait_until(counted(world, report, "Hacker News mentions", before), "the report to count it", every_s=0.5)


def test_an_expert_is_asked_by_key_and_the_answer_solves_the_ticket(windows, world, living):
    asked = world.ask("twitter", "@acme the {word} ci runner fails behind our proxy, known?", to="acme")
    page = windows.open("sam", f"/play/{asked.view}/")
    page.keyboard.press("e")
    page.keyboard.type("nadia")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Message")).to_be_focused()
    assert "support from an expert" in page.get_by_label("Message").input_value()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Asked Nadia Petrova")).to_be_visible()

    visitor = windows.open("", f"{living.sandbox.http_url}/slack/s_verify")

    def posted():
        visitor.reload()
        return visitor.locator("article", has_text=asked.url).filter(has_text="support from an expert").count() == 1

    living.wait_until(posted, "the message in Slack", every_s=0.5)
    living.sandbox.control("answer", platform="twitter", id=asked.id, text="Fixed in 18.6, sorry!", **{"as": "nadia"})
    world.until(lambda: world.ticket(asked)["status"] == "solved", "the expert's answer to solve it")
    page.goto(f"/tickets/{asked.ticket}/")
    expect(page.locator(".chips")).to_contain_text("expert-responded")
    expect(page.locator("article.message.team")).to_contain_text("Fixed in 18.6, sorry!")
