"""SMTP in, IMAP out, and automatic reactions of servers and people."""

import email
import email.policy
import imaplib
import smtplib
import threading
from email.message import EmailMessage

import pytest
import requests

from sandbox import launch, world


class Mail:
    """The team's mailbox as the desk uses it."""

    def __init__(self, running):
        self.running = running

    def send(self, to, *, sender="merch@acme.example", message_id="m1@desk.example", answer_to=None, **headers):
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, to, "Re: socks"
        mail["Message-ID"] = f"<{message_id}>"
        if answer_to:
            mail["In-Reply-To"] = mail["References"] = f"<{answer_to}>"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content("Grüße from the desk")
        with smtplib.SMTP(self.running.host, self.running.smtp_port, timeout=20) as client:
            client.login(world.MAILBOX_USER, world.MAILBOX_PASSWORD)
            client.send_message(mail)

    def imap(self, folder="INBOX"):
        client = imaplib.IMAP4(self.running.host, self.running.imap_port, timeout=20)
        try:
            client.login(world.MAILBOX_USER, world.MAILBOX_PASSWORD)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        client.select(folder)
        return client

    def inbox(self, folder="INBOX"):
        """UID → parsed mail."""
        client = self.imap(folder)
        try:
            uids = client.uid("SEARCH", "ALL")[1][0].split()
            return {int(uid): self._one(client, uid) for uid in uids}
        finally:
            client.logout()

    def _one(self, client, uid):
        raw = client.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1]
        return email.message_from_bytes(raw, policy=email.policy.default)

    def with_id(self, message_id, folder="INBOX"):
        return [m for m in self.inbox(folder).values() if m["Message-ID"] == f"<{message_id}>"]


@pytest.fixture
def mail(calm):
    return Mail(calm)


def test_customer_mail_is_read_by_imap(calm, mail):
    made = calm.post("email", to="merch", text="Where are my socks?", subject="Sockën", author="ada@northwind.example")
    (received,) = mail.with_id(made["id"])
    assert received["Subject"] == "Sockën"
    assert received["Delivered-To"] == "merch@acme.example"
    assert received["Authentication-Results"].startswith("mx.acme.example; dkim=pass header.d=northwind.example")
    assert received.get_content().strip() == "Where are my socks?"


def test_two_aliases_are_named_by_delivered_to(calm, mail):
    aliases = set()
    for n in range(6):
        made = calm.post("email", to="merch,education", text=f"both {n}")
        copies = mail.with_id(made["id"])
        mention = next(m for m in calm.truth("email")["mentions"] if m["id"] == made["id"])
        assert len(copies) == len(mention["uids"])
        assert set(mention["addressed"]) == {"merch", "education"}
        aliases.add(len(copies))
    assert aliases == {1, 2}


@pytest.mark.parametrize(("form", "charset"), [("latin1", "iso-8859-1"), ("iso2022jp", "iso-2022-jp")])
def test_old_charsets_survive(calm, mail, form, charset):
    text = "Größe?" if form == "latin1" else "よろしくお願いいたします。"
    made = calm.post("email", to="merch", text=text, form=form)
    (received,) = mail.with_id(made["id"])
    assert received.get_content_charset() == charset
    assert received.get_content().strip() == text


def test_attachment_is_there(calm, mail):
    made = calm.post("email", to="education", text="see the form", form="attachment")
    (received,) = mail.with_id(made["id"])
    (attached,) = received.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", "application-form.pdf")


def test_answer_arrives_at_the_customer_and_in_the_truth(calm, mail, anybody):
    asked = calm.post("email", to="merch", text="Where?", author="bea@northwind.example")
    mail.send("bea@northwind.example", message_id="answer-1@desk.example", answer_to=asked["id"])
    sent = [m for m in calm.truth("email")["desk"] if m["message_id"] == "answer-1@desk.example"]
    assert len(sent) == 1
    assert sent[0]["in_reply_to"] == asked["id"]
    assert sent[0]["recipients"] == ["bea@northwind.example"]
    page = anybody.get(f"{calm.http_url}/mail/bea@northwind.example", timeout=20).text
    assert "Re: socks" in page


def test_customer_answers_in_the_thread(calm, mail):
    calm.control("stream", rate=0, reactions=True)
    asked = [calm.post("email", to="merch", text="Where?", author=f"cleo{n}@northwind.example") for n in range(8)]
    for n, made in enumerate(asked):
        mail.send(f"cleo{n}@northwind.example", message_id=f"t{n}@desk.example", answer_to=made["id"])
    done = calm.control("settle")["done"]
    back = [m for m in mail.inbox().values() if (m["In-Reply-To"] or "").endswith("@desk.example>")]
    back = [m for m in back if "cleo" in m["From"]]
    assert len(back) == done > 0
    number = back[0]["In-Reply-To"].strip("<>").split("@")[0].removeprefix("t")
    assert back[0]["References"] == f"<{asked[int(number)]['id']}> <t{number}@desk.example>"
    assert back[0]["To"] == "merch@acme.example"


def test_bounce_names_the_mail_that_bounced(calm, mail):
    mail.send("bounces@northwind.example", message_id="lost@desk.example")
    report = next(m for m in mail.inbox().values() if m.get_content_type() == "multipart/report" and "lost@" in str(m))
    assert report["Return-Path"] == "<>"
    assert report["Auto-Submitted"] == "auto-replied"
    kinds = [part.get_content_type() for part in report.iter_parts()]
    assert kinds == ["text/plain", "message/delivery-status", "message/rfc822"]
    original = list(report.iter_parts())[2].get_content()
    assert original["Message-ID"] == "<lost@desk.example>"
    assert "bounce" in [entry["kind"] for entry in calm.truth("email")["automatic"]]


def test_autoresponder_answers_once_and_never_a_machine(calm, mail):
    mail.send("vacation@northwind.example", message_id="v1@desk.example")
    mail.send("vacation@northwind.example", message_id="v2@desk.example", Auto_Submitted="auto-replied")
    replies = [m["In-Reply-To"] for m in mail.inbox().values() if m["From"] == "vacation@northwind.example"]
    assert replies == ["<v1@desk.example>"]


def test_wrong_password_is_refused_by_both(calm):
    client = imaplib.IMAP4(calm.host, calm.imap_port, timeout=20)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login(world.MAILBOX_USER, "wrong")
    client.logout()
    with smtplib.SMTP(calm.host, calm.smtp_port, timeout=20) as sender, pytest.raises(smtplib.SMTPAuthenticationError):
        sender.login(world.MAILBOX_USER, "wrong")


def test_sending_needs_a_login_and_an_address_of_ours(calm, mail):
    with smtplib.SMTP(calm.host, calm.smtp_port, timeout=20) as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<merch@acme.example>")[0] == 530
    with pytest.raises(smtplib.SMTPSenderRefused):
        mail.send("x@northwind.example", sender="stranger@elsewhere.example")


def test_flags_and_appended_mail_survive_a_kill(tmp_path):
    with launch.start(tmp_path) as running:
        box = Mail(running)
        made = running.post("email", to="sam", text="hello")
        client = box.imap()
        validity = client.response("UIDVALIDITY")[1]
        uid = client.uid("SEARCH", "ALL")[1][0]
        client.uid("STORE", uid, "+FLAGS", r"(\Seen)")
        client.append("Sent", None, None, b"Message-ID: <copy@desk.example>\r\nSubject: copy\r\n\r\nhi\r\n")
        client.logout()
        running.kill()
    with launch.start(tmp_path) as running:
        client = Mail(running).imap()
        assert client.response("UIDVALIDITY")[1] == validity
        assert client.uid("SEARCH", "SEEN")[1][0] == uid
        client.logout()
        assert [m["Message-ID"] for m in Mail(running).inbox("Sent").values()] == ["<copy@desk.example>"]
        assert [m["id"] for m in running.truth("email")["mentions"]] == [made["id"]]


def test_mails_that_come_while_a_client_reads_are_seen(calm, mail):
    client = mail.imap()
    before = len(client.uid("SEARCH", "ALL")[1][0].split())
    poster = threading.Thread(target=calm.control, args=("bulk",), kwargs={"count": 30, "platforms": ["email"]})
    poster.start()
    client.uid("FETCH", "1:*", "(UID RFC822.SIZE)")
    poster.join()
    client.noop()
    after = len(client.uid("SEARCH", "ALL")[1][0].split())
    client.logout()
    assert after >= before + 30


@pytest.mark.parametrize(("kind", "code"), [("451", 451), ("429", 451), ("550", 550), ("500", 554)])
def test_smtp_refuses_as_the_fault_says(calm, mail, kind, code):
    calm.control("faults", platform="smtp", kind=kind, count=1)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        mail.send("x@northwind.example", message_id=f"refused-{kind}@desk.example")
    assert refused.value.smtp_code == code
    assert f"refused-{kind}@desk.example" not in [m["message_id"] for m in calm.truth("email")["desk"]]


def test_drop_after_accept_keeps_the_mail(calm, mail):
    calm.control("faults", platform="email", kind="drop_after_accept", count=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        mail.send("x@northwind.example", message_id="kept@desk.example")
    assert [m["message_id"] for m in calm.truth("email")["desk"]].count("kept@desk.example") == 1


def test_imap_refuses_logins_and_breaks_off(calm, mail):
    calm.post("email", to="merch", text="long enough " * 200)
    for kind in ("429", "expired"):
        calm.control("faults", platform="imap", kind=kind, count=1)
        with pytest.raises(imaplib.IMAP4.error):
            mail.imap()
    calm.control("faults", platform="imap", kind="truncated", count=1)
    client = mail.imap()
    with pytest.raises(imaplib.IMAP4.abort):
        client.uid("FETCH", "1:*", "(BODY.PEEK[])")
    client.shutdown()
    assert mail.inbox()


def test_team_mail_is_ours_only_when_the_check_passed(calm, mail):
    genuine = calm.post("email", to="community", text="from me", author="sam@acme.example")
    forged = calm.post("email", to="community", text="gift cards", author="sam@acme.example", dkim="fail")
    results = [mail.with_id(made["id"])[0]["Authentication-Results"] for made in (genuine, forged)]
    assert "dkim=pass header.d=acme.example" in results[0]
    assert "dkim=fail header.d=acme.example" in results[1]
    truth = calm.truth("email")
    assert genuine["id"] in [m["id"] for m in truth["ours"]]
    assert forged["id"] in [m["id"] for m in truth["mentions"]]


def test_expert_answer_is_in_copy_to_the_alias(calm, mail):
    asked = calm.post("email", to="opensource", text="Do we qualify?", author="dan@northwind.example")
    made = calm.control("answer", platform="email", id=asked["id"], **{"as": "nadia"}, text="You do.")
    (copy,) = mail.with_id(made["id"])
    assert copy["From"] == "Nadia Petrova <nadia@acme.example>"
    assert copy["Delivered-To"] == "opensource@acme.example"
    assert copy["In-Reply-To"] == f"<{asked['id']}>"
    response = requests.get(f"{calm.http_url}/mail/dan@northwind.example", timeout=20)
    assert response.status_code == 200
