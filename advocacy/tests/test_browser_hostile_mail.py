"""A hostile mail stays text and loads nothing until the reader asks for its pictures."""

import imaplib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from playwright.sync_api import expect

from advocacy.tests.browser import marks, new_word
from sandbox.world import MAILBOX_PASSWORD, MAILBOX_USER

pytestmark = marks

TRAP = "http://127.0.0.1:{port}/trap"
HOSTILE = """<html><head><meta http-equiv="refresh" content="0;url={trap}/refresh"><base href="{trap}/">
<style>@import url({trap}/import.css); body {{ background: url({trap}/background.png) }}</style>
<link rel="stylesheet" href="{trap}/sheet.css"><script src="{trap}/script.js"></script></head>
<body onload="top.document.title='owned'" background="{trap}/body.png">
<p>Hello {word}</p><script>top.document.title = "owned"</script>
<img src="{trap}/pixel.png" width="1" height="1"><img src=x onerror="top.document.title='owned'">
<div style="background:url({trap}/div.png);position:fixed;inset:0">over everything</div>
<form action="{trap}/form"><input name="password"><button>Log in</button></form>
<iframe src="{trap}/frame"></iframe><object data="{trap}/object"></object><embed src="{trap}/embed">
<video src="{trap}/video" autoplay poster="{trap}/poster"></video>
<svg onload="alert(1)"><image href="{trap}/svg"/></svg>
<a href="javascript:top.document.title='owned'">click me</a> <a href="data:text/html,<script>1</script>">or me</a>
<a href="https://shop.example/">an honest link</a></body></html>"""


def deliver(living, word):
    """Straight into the mailbox, as incoming mail."""
    trap = TRAP.format(port=living.sandbox.http_port)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "mallory@evil.example", "merch@acme.example", f"Offer {word}"
    mail["Date"], mail["Message-ID"] = format_datetime(datetime.now(UTC)), f"<{word}@evil.example>"
    mail.set_content(f"Hello {word}")
    mail.add_alternative(HOSTILE.format(trap=trap, word=word), subtype="html")
    box = imaplib.IMAP4("127.0.0.1", living.sandbox.imap_port, timeout=60)
    box.login(MAILBOX_USER, MAILBOX_PASSWORD)
    said, _ = box.append("INBOX", None, None, mail.as_bytes())
    box.logout()
    assert said == "OK"
    return {"id": f"<{word}@evil.example>", "url": "", "author": "mallory@evil.example"}


def test_a_hostile_mail_is_inert_and_loads_nothing_until_the_click(windows, world, living):
    word = new_word()
    asked = world.arrived(word, deliver(living, word), "email")
    page = windows.open("sam")
    loaded = []
    page.context.on("request", lambda request: loaded.append(request.url))
    page.goto(f"/tickets/{asked.ticket}/")
    page.get_by_text("Show original layout").click()
    frame = page.frame_locator("iframe.mail-frame")
    expect(frame.get_by_text(f"Hello {word}")).to_be_visible()
    page.wait_for_load_state("networkidle")

    assert [url for url in loaded if "/trap" in url] == []
    assert "owned" not in page.title()
    for bad in ("script", "form", "input", "iframe", "object", "embed", "video", "svg", "style", "base", "[onload]"):
        assert frame.locator(f"body {bad}").count() == 0, bad
    hrefs = frame.locator("a").evaluate_all("all => all.map((at) => at.getAttribute('href'))")
    assert [href for href in hrefs if href] == ["https://shop.example/"]
    assert "fixed" not in frame.locator("body *").evaluate_all("all => all.map((at) => getComputedStyle(at).position)")

    windows.expect("status of 404", "trap")
    with page.expect_request("**/trap/pixel.png") as request:
        page.get_by_text("Load remote images").click()
    assert request.value.headers.get("referer", "") == ""
    page.wait_for_load_state("networkidle")
    assert {url.rpartition("/")[2] for url in loaded if "/trap" in url} == {"pixel.png"}
    assert "owned" not in page.title()
