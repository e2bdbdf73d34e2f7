"""The form adapter: the question language, the webhook's signature, parsing, and outgoing mails."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from channels.adapters.form import FormAdapter
from channels.adapters.form.language import EMAIL, USUAL, Unclear, questions_of, read_line, read_lines
from channels.adapters.form.parsing import is_address
from channels.adapters.form.signing import signature
from channels.contract import Config, Hook, Item, Network, Outgoing
from channels.errors import Malformed, Refused, Rejected, Uncertain
from channels.tests.email_servers import Mailer, smtp_serving

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "a-secret-of-the-website"
ADAPTER = FormAdapter()
EDUCATION = "education@acme.example"
QUESTIONS = ["name* | Your name", "email* email | Your email address", "school* | School"]


def config(**settings: Any) -> Config:
    channel = {"form_fields": QUESTIONS, "subject": "Education: {school}", "from_name": "Acme for Education"}
    return Config(
        settings=settings,
        secrets={"webhook_secret": SECRET},
        addresses=(EDUCATION, "speakers@acme.example"),
        channel_settings={EDUCATION: channel, "speakers@acme.example": {"form_title": "Find a speaker"}},
        network=Network(allowed_private=(f"127.0.0.1:{settings.get('smtp_port', 1)}",), read_timeout_s=2.0),
    )


def body(**fields: Any) -> bytes:
    return json.dumps({"form": "education", **fields}).encode()


ANSWERS = {"name": "Ada Reid", "email": "Ada@univ.example", "school": "Nowhere"}


def hook(data: bytes, *, at: datetime = NOW, secret: str = SECRET, query: Any = None, **headers: str) -> Hook:
    stamp = str(int(at.timestamp()))
    signed = {"x-desk-timestamp": stamp, "x-desk-signature": signature(secret, stamp, data)}
    return Hook("POST", {"content-type": "application/json", **signed, **headers}, query or {}, data)


# --- the language ------------------------------------------------------------------------------------------------


def test_a_line_says_name_need_kind_label_and_choices() -> None:
    asked = read_line("Plan-Type* select | Which plan? | Teaching; Research ;Teaching;")
    assert (asked.name, asked.kind, asked.required) == ("plan_type", "select", True)
    assert (asked.label, asked.choices) == ("Which plan?", ("Teaching", "Research"))


def test_the_kind_may_stand_alone_in_the_last_part() -> None:
    asked = read_line("email * | Email | email")
    assert (asked.name, asked.kind, asked.required, asked.label, asked.help) == ("email", "email", True, "Email", "")
    assert read_line("email email | Email | text").help == "text"


def test_a_bare_name_is_a_line_of_text_with_a_label() -> None:
    asked = read_line("project_url")
    assert (asked.kind, asked.label, asked.required) == ("text", "Project url", False)


@pytest.mark.parametrize(
    "line", ["", "1st | First", "x colour | X", "x select | Which?", "desk_token", "a b c | d", "ö"]
)
def test_an_unclear_line_is_refused(line: str) -> None:
    with pytest.raises(Unclear):
        read_line(line)


def test_unclear_and_repeated_lines_are_left_out_and_named() -> None:
    asked, unclear = read_lines(["name", "x colour", "# a comment", "name email"])
    assert [q.name for q in asked] == ["name"]
    assert len(unclear) == 2
    assert "colour is not a kind" in unclear[0]


def test_a_form_always_asks_for_an_address_to_answer_to() -> None:
    assert questions_of([]) == USUAL
    assert questions_of(["school"])[0] == EMAIL
    assert [q.name for q in questions_of(["school", "contact email"])] == ["school", "contact"]


# --- the webhook ---------------------------------------------------------------------------------------------------


def test_a_signed_request_is_one_submission() -> None:
    answer = ADAPTER.receive(config(), hook(body(id="7", answers=ANSWERS)), NOW)
    (item,) = answer.items
    mention = ADAPTER.parse(item, config())
    assert mention is not None
    assert (mention.author.id, mention.author.handle, mention.author.name) == (
        "ada@univ.example",
        "Ada@univ.example",
        "Ada Reid",
    )
    assert mention.subject == "Education: Nowhere"
    assert mention.text == "Your name: Ada Reid\nYour email address: Ada@univ.example\nSchool: Nowhere"
    assert mention.addressed == ((EDUCATION,),)
    assert mention.posted_at == NOW
    assert mention.external_id.endswith("@acme.example")
    assert mention.extra["answers"] == ANSWERS


def test_the_form_may_be_named_in_the_address_and_the_body_form_encoded() -> None:
    data = urlencode({"mail": "ben@meetup.example", "event": "DevDays"}).encode()
    asked = hook(data, query={"form": "speakers"}, **{"content-type": "application/x-www-form-urlencoded"})
    (item,) = ADAPTER.receive(config(), asked, NOW).items
    assert item.payload["form"] == "speakers@acme.example"
    assert item.payload["answers"] == {"mail": "ben@meetup.example", "event": "DevDays"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"secret": "another"}, "does not match"),
        ({"x-desk-signature": ""}, "does not match"),
        ({"x-desk-signature": "v1=ö"}, "does not match"),
        ({"x-desk-timestamp": "soon"}, "Unix time"),
        ({"x-desk-timestamp": "9" * 30}, "Unix time"),
        ({"at": NOW - timedelta(minutes=6)}, "more than five minutes"),
        ({"at": NOW + timedelta(minutes=6)}, "more than five minutes"),
    ],
)
def test_a_request_without_proof_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        ADAPTER.receive(config(), hook(body(answers=ANSWERS), **changes), NOW)


def test_a_signature_for_another_time_is_refused() -> None:
    asked = hook(body(answers=ANSWERS))
    later = str(int(NOW.timestamp()) + 60)
    with pytest.raises(Refused):
        ADAPTER.receive(config(), Hook("POST", {**asked.headers, "x-desk-timestamp": later}, {}, asked.body), NOW)


def test_without_a_secret_everything_is_refused() -> None:
    with pytest.raises(Refused, match="no webhook secret"):
        ADAPTER.receive(Config(), hook(body(answers=ANSWERS), secret=""), NOW)


def test_the_same_request_again_is_the_same_submission_whatever_stands_beside_the_signature() -> None:
    asked = hook(body(answers=ANSWERS))
    again = Hook("POST", {**asked.headers, "x-desk-delivery": "other"}, {"form": "speakers"}, asked.body)
    ids = {ADAPTER.receive(config(), each, NOW).items[0].external_id for each in (asked, asked, again)}
    assert len(ids) == 1


def test_a_repeated_delivery_with_the_websites_own_id_is_one_submission() -> None:
    first, second = (hook(body(id="a-1", answers=ANSWERS), at=NOW - timedelta(seconds=s)) for s in (90, 5))
    ids = {ADAPTER.receive(config(), each, NOW).items[0].external_id for each in (first, second)}
    assert ids == {"id:a-1"}


def test_a_form_that_nobody_knows_is_taken_and_said() -> None:
    answer = ADAPTER.receive(config(), hook(body(form="partners", answers=ANSWERS)), NOW)
    assert answer.status == 200
    assert "names no known form" in answer.body
    mention = ADAPTER.parse(answer.items[0], config(default_domain="acme.example"))
    assert mention is not None
    assert mention.addressed == ()
    assert mention.subject == "partners: Ada Reid"


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b'{"form": "x"}', b'{"a": NaN}', b"[" * 50_000, b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}"],
)
def test_a_body_that_is_no_submission_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        ADAPTER.receive(config(), hook(data), NOW)


def test_multipart_and_get_are_named_as_the_problem() -> None:
    with pytest.raises(Malformed, match="multipart"):
        ADAPTER.receive(config(), hook(b"x", **{"content-type": "multipart/form-data; boundary=x"}), NOW)
    with pytest.raises(Malformed, match="POST"):
        ADAPTER.receive(config(), Hook("GET", {}), NOW)


def test_a_given_time_counts_unless_it_is_in_the_future() -> None:
    def at(submitted_at: str) -> datetime | None:
        item = ADAPTER.receive(config(), hook(body(submitted_at=submitted_at, answers=ANSWERS)), NOW).items[0]
        mention = ADAPTER.parse(item, config())
        return mention.posted_at if mention else None

    assert at("2026-11-20T10:00:00+01:00") == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert at("2026-12-01T10:00:00+01:00") == NOW
    assert at("2026-11-20T10:00:00") == NOW
    assert at("9999-99-99") == NOW


# --- reading -------------------------------------------------------------------------------------------------------


def test_what_nobody_asked_for_is_kept_in_words_and_whole() -> None:
    answers = {**ANSWERS, "utm_source": "news", "Phone": "1"}
    mention = ADAPTER.parse(ADAPTER.receive(config(), hook(body(answers=answers)), NOW).items[0], config())
    assert mention is not None
    assert mention.text.endswith("\n\nFurther fields\nutm_source: news\nPhone: 1")
    assert mention.extra["answers"] == answers


def test_an_item_reads_the_same_when_the_questions_have_changed_since() -> None:
    (item,) = ADAPTER.receive(config(), hook(body(answers=ANSWERS)), NOW).items
    changed = Config(addresses=(EDUCATION,), channel_settings={EDUCATION: {"form_fields": ["other"]}})
    stored = Item(item.external_id, json.loads(json.dumps(item.payload)))
    assert ADAPTER.parse(stored, changed) == ADAPTER.parse(item, config())


@pytest.mark.parametrize(
    "text", ["a@b.example", "Ann.O'Neil+x@mail.co.example", "ö@münchen.example", "a@xn--p1ai.xn--p1ai"]
)
def test_an_address_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a@b", "a@b.example\nBcc: x@y.example", "a@b.example ", "<a@b.example>", "a@b..example", "a@127.0.0.1",
     "a@b.example, c@d.example", "a\0@b.example", "x" * 300 + "@b.example"],
)  # fmt: skip
def test_what_mail_cannot_be_sent_to_is_no_address(text: str) -> None:
    assert not is_address(text)


# --- sending -------------------------------------------------------------------------------------------------------

ANSWER = Outgoing(
    "5f0c2f0e-1111-4222-8333-444455556666",
    "Welcome!",
    in_reply_to="form.0011@acme.example",
    sender=EDUCATION,
    recipients=("ada@univ.example",),
    subject="Re: Education: Nowhere",
    references=("form.0011@acme.example",),
)


def test_an_answer_goes_out_by_mail_and_refers_to_the_submission() -> None:
    mailer = Mailer()
    with smtp_serving(mailer) as port:
        receipt = ADAPTER.send(config(smtp_host="127.0.0.1", smtp_port=port, smtp_security="plain"), ANSWER)
    ((sender, recipients, raw),) = mailer.taken
    assert (sender, recipients) == (EDUCATION, ["ada@univ.example"])
    assert b"References: <form.0011@acme.example>" in raw
    assert b"In-Reply-To: <form.0011@acme.example>" in raw
    assert b"From: Acme for Education <education@acme.example>" in raw
    assert f"<{receipt.external_id}>".encode() in raw


def test_a_mail_server_that_falls_silent_after_the_mail_leaves_it_uncertain() -> None:
    with smtp_serving(Mailer(on_data="drop")) as port, pytest.raises(Uncertain):
        ADAPTER.send(config(smtp_host="127.0.0.1", smtp_port=port, smtp_security="plain"), ANSWER)


def test_without_a_mail_server_the_answer_is_refused_and_nothing_is_sent() -> None:
    with pytest.raises(Rejected, match="No SMTP server"):
        ADAPTER.send(config(), ANSWER)


def test_the_connections_test_names_an_unclear_question() -> None:
    unclear = Config(addresses=(EDUCATION,), channel_settings={EDUCATION: {"form_fields": ["x colour"]}})
    with pytest.raises(Rejected, match="colour is not a kind"):
        ADAPTER.check(unclear)
    assert "Replies cannot be sent" in ADAPTER.check(config())
