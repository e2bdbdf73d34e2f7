"""Mails that declare no charset, or a wrong one: subject, sender and text come out readable.

Every phrase of `charset_samples` in every charset of its language. In a mail with a body, nothing may be wrong; a
subject without any other 8-bit text may be so short that several charsets fit, and such errors are counted.
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable, Iterator
from itertools import cycle

import pytest

from channels.adapters.email import EmailAdapter
from channels.adapters.email.mime.charset_guess import MAX_BYTES, guess
from channels.contract import Config, Item, Mention
from channels.tests.charset_samples import LANGUAGES, Language

IN_CHARSETS = [(name, charset) for name, language in LANGUAGES.items() for charset in (*language.charsets, "utf-8")]
HTML = "<html><body><p>{}</p></body></html>"


def read(text: str, charset: str) -> Mention:
    return read_bytes(text.encode(charset))


def read_bytes(raw: bytes) -> Mention:
    mention = EmailAdapter().parse(Item("1", {}, raw), Config())
    assert mention is not None
    return mention


def name_subject_text(mention: Mention) -> tuple[str, str, str]:
    return mention.author.name or "", mention.subject or "", mention.text


def mails(language: Language) -> Iterator[tuple[str, str, str]]:
    """(name, subject, body)"""
    return zip(cycle(language.names), language.subjects, cycle(language.bodies), strict=False)


def mail(name: str, subject: str, body: str, about_body: str = "") -> str:
    return f"From: {name} <jane@acme.example>\nSubject: {subject}\n{about_body}\n{body}\n"


@pytest.mark.parametrize(("language", "charset"), IN_CHARSETS)
def test_a_mail_that_declares_nothing_is_readable(language: str, charset: str) -> None:
    for parts in mails(LANGUAGES[language]):
        assert name_subject_text(read(mail(*parts), charset)) == parts


@pytest.mark.parametrize("claims", ["us-ascii", "utf-8", "x-unknown"])
@pytest.mark.parametrize(("language", "charset"), IN_CHARSETS)
def test_a_mail_that_declares_something_impossible_is_readable(language: str, charset: str, claims: str) -> None:
    for parts in mails(LANGUAGES[language]):
        assert name_subject_text(read(mail(*parts, f"Content-Type: text/plain; charset={claims}\n"), charset)) == parts


@pytest.mark.parametrize(("language", "charset"), IN_CHARSETS)
def test_a_raw_header_is_read_in_the_charset_that_the_body_declares(language: str, charset: str) -> None:
    for name, subject, body in mails(LANGUAGES[language]):
        if charset == "cp1252" or (subject + name).isascii():
            continue
        declares = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n"
        head, _, _ = mail(name, subject, "", declares).encode(charset).rpartition(b"\n\n")
        raw = head + b"\n" + base64.encodebytes(body.encode(charset))
        assert name_subject_text(read_bytes(raw)) == (name, subject, body)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [("base64", base64.encodebytes), ("quoted-printable", quopri.encodestring), ("8bit", lambda data: data)],
)
@pytest.mark.parametrize(("language", "charset"), IN_CHARSETS)
def test_a_text_inside_a_multipart_helps_with_the_subject(
    language: str, charset: str, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    for name, subject, body in mails(LANGUAGES[language]):
        head = f'From: {name} <jane@acme.example>\nSubject: {subject}\nContent-Type: multipart/mixed; boundary="b"\n\n'
        part = f"--b\nContent-Type: text/html\nContent-Transfer-Encoding: {encoding}\n\n".encode()
        raw = head.encode(charset) + part + encode(HTML.format(body).encode(charset)) + b"\n--b--\n"
        assert name_subject_text(read_bytes(raw)) == (name, subject, body)


def test_a_subject_alone_is_readable_but_for_two_in_a_hundred() -> None:
    wrong, tried = 0, 0
    for language, charset in IN_CHARSETS:
        for subject in LANGUAGES[language].subjects:
            tried += 1
            wrong += read(mail("Jane", subject, "x"), charset).subject != subject
    assert tried > 200
    assert wrong <= 0.02 * tried


@pytest.mark.parametrize("charset", ["gbk", "big5", "cp932", "euc_jp", "cp949"])
def test_a_long_text_without_a_line_break_is_readable(charset: str) -> None:
    text = next(each.bodies[0] for each in LANGUAGES.values() if charset in each.charsets) * 100
    for shift in ("", "a"):
        mention = read(mail("Jane", "Acme", shift + text), charset)
        assert mention.text == shift + text


def test_a_subject_in_utf8_above_a_text_that_is_not() -> None:
    head = "Subject: Вопрос\nFrom: Ян <jane@acme.example>\n\n".encode()
    assert name_subject_text(read_bytes(head + "Привет, помогите с установкой".encode("cp1251"))) == (
        "Ян",
        "Вопрос",
        "Привет, помогите с установкой",
    )


def test_one_damaged_letter_does_not_change_the_charset() -> None:
    body = ("Установка не проходит. " * 20).strip()
    raw = mail("Jane", "Acme", body).encode() + b"\xff"
    assert read_bytes(raw).text == body + "\n\ufffd"


@pytest.mark.parametrize("letter", [b"\xe0", b"\xd0\xbf", b"\x81\x40", b"\x80", b"a\xff", b"\xa4\x40\x20", b"\x88\xff"])
def test_a_guess_takes_no_longer_for_a_longer_text(letter: bytes) -> None:
    assert guess(letter * 500_000) == guess(letter * MAX_BYTES)
