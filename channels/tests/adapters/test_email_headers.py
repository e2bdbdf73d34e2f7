"""Header blocks as broken mailers and scanners write them: nothing after the broken line is lost."""

from __future__ import annotations

import pytest

from channels.adapters.email import EmailAdapter
from channels.adapters.email.mime.headers import read_headers
from channels.contract import Config, Item, Mention

HEAD = b"From: Jane <jane@acme.example>\n"
TAIL = b"Subject: A question\nDate: Fri, 16 Jan 2026 09:40:00 +0000\nMessage-ID: <1@acme.example>\n\nAcme text.\n"
TRACKER = b"".join(b"QWNtZSB0cmFja2VyIG51bWJlciA%02dAcmeAcmeAcmeAcmeAcme==\n" % n for n in range(20))


def read(raw: bytes) -> Mention:
    mention = EmailAdapter().parse(Item("1", {}, raw), Config())
    assert mention is not None
    return mention


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"X-Scanner: tracker\n" + TRACKER + TAIL,
        b"X-Scanner: tracker\n" + TRACKER + HEAD + TAIL,
        HEAD + TRACKER + TAIL,
        b"> what you wrote\n> on Friday\n" + HEAD + TAIL,
        b">From jane Fri Jan 16 09:40:00 2026\n" + HEAD + TAIL,
        (HEAD + b"X-Scanner: tracker\n" + TRACKER + TAIL).replace(b"\n", b"\r\n"),
    ],
    ids=["a tracker", "a tracker first", "a tracker behind an address", "quoted lines", "an escaped From", "CRLF"],
)
def test_a_continuation_without_its_space_loses_no_header(raw: bytes) -> None:
    mention = read(raw)
    assert mention.subject == "A question"
    assert (mention.author.id, mention.author.name) == ("jane@acme.example", "Jane")
    assert mention.posted_at is not None
    assert mention.external_id == "1@acme.example"
    assert mention.text == "Acme text."


def test_such_a_line_belongs_to_the_header_before_it() -> None:
    headers, body = read_headers(b"X-Scanner: one\ntwo\nthree\nSubject: cut in\nthe middle\nFrom: a@b.example\n\nbody")
    assert headers.first("x-scanner") == "one two three"
    assert headers.first("subject") == "cut in the middle"
    assert body == b"body"


def test_a_list_of_addresses_goes_on_where_it_was_cut() -> None:
    headers, _ = read_headers(b"To: a@b.example,\nc@d.example\nstray words\nSubject: x\n\n")
    assert headers.first("to") == "a@b.example, c@d.example"


def test_a_body_without_a_blank_line_before_it_stays_a_body() -> None:
    headers, body = read_headers(HEAD + TAIL.replace(b"\n\nAcme", b"\nAcme") + b"\nand more\n")
    assert headers.first("subject") == "A question"
    assert body.startswith(b"Acme text.")


SUBJECTS = [
    ("gb18030", "关于产品安装的问题"),
    ("gb18030", "您好，请问价格"),
    ("cp932", "製品のインストールについて"),
    ("cp932", "Re: 見積もりの件"),
    ("euc_jp", "お問い合わせの件について"),
    ("cp949", "제품 설치 관련 문의"),
    ("big5", "關於產品安裝的問題"),
    ("koi8_r", "Вопрос по установке"),
    ("koi8_r", "Привет"),
    ("cp1251", "Вопрос по установке"),
    ("cp1251", "ЗАЯВКА НА РЕМОНТ"),
    ("cp1253", "Ερώτηση για το προϊόν"),
    ("cp1255", "שאלה על המוצר"),
    ("cp1256", "سؤال حول المنتج"),
    ("cp874", "คำถามเกี่ยวกับสินค้า"),
    ("cp1252", "Größe der Datei"),
    ("cp1252", "Résumé: étude terminée"),
    ("cp1252", "Bokmål og høyre"),
    ("cp1252", "“quoted” – it’s"),
    ("cp1252", "Ação de não"),
    ("utf-8", "Grüße 语 Привет"),
]


@pytest.mark.parametrize(("charset", "subject"), SUBJECTS, ids=[f"{c} {s}" for c, s in SUBJECTS])
def test_a_raw_subject_is_read_in_its_own_charset(charset: str, subject: str) -> None:
    assert read(HEAD + b"Subject: " + subject.encode(charset) + b"\n\nx").subject == subject


@pytest.mark.parametrize(
    ("charset", "subject"),
    [("iso-8859-2", "Český test"), ("windows-1250", "Łódź"), ("gb2312", "发票"), ("euc-jp", "請求書")],
)
def test_what_the_body_declares_is_the_hint_for_a_short_subject(charset: str, subject: str) -> None:
    plain = f'Content-Type: text/plain; charset="{charset}"\n'.encode()
    raw = b"Subject: " + subject.encode(charset) + b"\n"
    assert read(HEAD + plain + raw + b"\nx").subject == subject
    inside = b'Content-Type: multipart/mixed; boundary="b"\n' + raw + b"\n--b\n" + plain + b"\nx\n--b--\n"
    assert read(HEAD + inside).subject == subject


def test_a_name_too_short_to_tell_is_read_as_the_subject_beside_it() -> None:
    raw = "From: Ян <jane@acme.example>\nSubject: Вопрос по установке\n\nx".encode("koi8_r")
    assert read(raw).author.name == "Ян"
