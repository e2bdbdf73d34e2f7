"""Raw emails as real programs write them: plain, HTML, attachments, old charsets, newsletters, bounces."""

from __future__ import annotations

import email.policy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from html import escape

from sandbox.world import MX

POLICY = email.policy.SMTP.clone(max_line_length=78, utf8=False)
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@coop.example\r\nSUMMARY:{0}\r\n"
    "DTSTART:20270112T170000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
CHARSETS = {"latin1": "iso-8859-1", "cp1252": "windows-1252", "iso2022jp": "iso-2022-jp"}


@dataclass
class Letter:
    """An email to write. Addresses are bare; `form` is one of the builders below, `headers` override."""

    sender: str
    name: str
    to: list[str]
    subject: str
    text: str
    message_id: str
    at: float
    form: str = "plain"
    cc: list[str] = field(default_factory=list)
    parent_id: str = ""
    references: list[str] = field(default_factory=list)
    quoted: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    attachments: list[dict[str, str]] = field(default_factory=list)


def build(letter: Letter) -> EmailMessage:
    """The email as the sender's program submits it, before any transport headers."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = formataddr((letter.name, letter.sender), "utf-8") if letter.name else letter.sender
    mail["To"] = ", ".join(letter.to)
    if letter.cc:
        mail["Cc"] = ", ".join(letter.cc)
    mail["Subject"] = letter.subject.replace("\n", " ")
    mail["Date"] = format_datetime(datetime.fromtimestamp(int(letter.at), UTC))
    if letter.form != "no_message_id":
        mail["Message-ID"] = f"<{letter.message_id}>"
    if letter.parent_id:
        mail["In-Reply-To"] = f"<{letter.parent_id}>"
        mail["References"] = " ".join(f"<{r}>" for r in [*letter.references, letter.parent_id])
    _fill(mail, letter)
    for attached in letter.attachments:
        kind, _, subtype = attached.get("type", "text/plain").partition("/")
        content = attached.get("content", "").encode()
        mail.add_attachment(content, maintype=kind, subtype=subtype, filename=attached.get("name", "file"))
    for name, value in letter.headers.items():
        del mail[name]
        mail[name] = value
    return mail


def _fill(mail: EmailMessage, letter: Letter) -> None:
    text, form = letter.text + "\n", letter.form
    if form in CHARSETS:
        _in_charset(mail, text, CHARSETS[form])
    elif form in ("alternative", "attachment"):
        mail.set_content(text)
        if form == "alternative":
            mail.add_alternative(as_html(letter.text), subtype="html")
        else:
            mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="application-form.pdf")
    elif form == "html":
        mail.set_content(as_html(letter.text), subtype="html")
    elif form == "newsletter":
        mail["List-Id"] = f"<{letter.sender.replace('@', '.')}>"
        mail["List-Unsubscribe"] = f"<https://{letter.sender.split('@')[1]}/unsubscribe>"
        mail["Precedence"] = "bulk"
        mail.set_content(text)
        mail.add_alternative(as_html(letter.text, pixel=True), subtype="html")
    elif form == "autoreply":
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
        mail.set_content(text)
    elif form == "calendar":
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        mail.add_alternative(CALENDAR.format(letter.subject), subtype="calendar", params={"method": "REQUEST"})
    elif form == "bad_date":
        mail.set_content(text)
        mail.replace_header("Date", "yesterday, around noon")
    else:  # plain, quoted, no_message_id
        mail.set_content(text + letter.quoted)


def _in_charset(mail: EmailMessage, text: str, charset: str) -> None:
    try:
        mail.set_content(text, charset=charset, cte="7bit" if charset == "iso-2022-jp" else "quoted-printable")
    except (UnicodeEncodeError, ValueError):
        mail.set_content(text)


def as_html(text: str, *, pixel: bool = False) -> str:
    """The HTML that a mail program makes from a text; newsletters add a tracking pixel."""
    paragraphs = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>\n" for part in text.split("\n\n"))
    image = '<img src="https://tracker.example/open.gif?id=17" width="1" height="1" alt="">' if pixel else ""
    return f'<html><body style="font-family: sans-serif">{paragraphs}{image}</body></html>\n'


def quote(text: str, name: str, at: float) -> str:
    """The quoted text below a reply."""
    when = datetime.fromtimestamp(at, UTC).strftime("%a, %d %b %Y at %H:%M")
    lines = "\n".join("> " + line if line else ">" for line in text.strip().splitlines())
    return f"\nOn {when}, {name} wrote:\n{lines}\n"


def stamped(mail: bytes, *, delivered_to: str, sender: str, at: float, dkim: str = "pass") -> bytes:
    """The email as stored in the mailbox, with the headers our server prepends (RFC 5321, 4.4; RFC 8601)."""
    domain = sender.partition("@")[2] or "unknown.invalid"
    when = format_datetime(datetime.fromtimestamp(int(at), UTC))
    spf = "pass" if dkim == "pass" else "softfail"
    head = (
        f"Return-Path: <{sender}>\r\n"
        f"Delivered-To: {delivered_to}\r\n"
        f"Received: from out.{domain} (out.{domain} [203.0.113.7]) by {MX} with ESMTPS for <{delivered_to}>; {when}\r\n"
        f"Authentication-Results: {MX}; dkim={dkim} header.d={domain}; spf={spf} smtp.mailfrom={sender}\r\n"
    )
    return head.encode() + mail


def bounce(original: EmailMessage, recipient: str, *, to: str, message_id: str, at: float) -> bytes:
    """A delivery status notification (RFC 3464) about `original`."""
    report = EmailMessage(policy=POLICY)
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{recipient.partition('@')[2]}>"
    report["To"] = to
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = format_datetime(datetime.fromtimestamp(int(at), UTC))
    report["Message-ID"] = f"<{message_id}>"
    report["Auto-Submitted"] = "auto-replied"
    head = report.as_bytes()
    own_id = original.get("Message-ID", "")
    boundary = f"=_dsn_{message_id.split('@')[0]}"
    parts = (
        "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
        f"I'm sorry to have to inform you that your message could not be delivered.\r\n\r\n<{recipient}>: host said: "
        "550 5.1.1 User unknown\r\n",
        "Content-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; {recipient.partition('@')[2]}\r\nX-Original-Message-ID: {own_id}\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n",
        "Content-Type: message/rfc822\r\n\r\n" + original.as_bytes(policy=POLICY).decode("ascii", "replace"),
    )
    kind = (
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="{boundary}"\r\n'
        "MIME-Version: 1.0\r\n\r\n"
    )
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"
    return head.rstrip(b"\r\n") + b"\r\n" + (kind + body).encode("utf-8", "replace")
