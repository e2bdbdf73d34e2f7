"""Turns a submission into a mention: one person, one conversation, and every answer as text. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from channels.adapters.email.parsing.references import marker_for, marker_key
from channels.adapters.form.language import key_of
from channels.contract import Author, Config, Item, Json, Mention
from channels.errors import Malformed
from channels.toolkit.text import clean, text_links
from channels.toolkit.values import objects_of, zoned_time_of

MAX_ANSWER = 20_000
MAX_TEXT = 150_000
MAX_NAME = 200
MAX_SUBJECT = 300
_ATOM = r"[^\s<>,;:\"()\[\]\\@\x00-\x1f\x7f]"
_LABEL = r"[^\s<>,;:\"()\[\]\\@.\x00-\x1f\x7f]{1,63}"
_ADDRESS = re.compile(rf"{_ATOM}{{1,64}}@(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}\Z")
_EMAIL_NAMES = ("email", "e_mail", "email_address", "your_email", "mail", "from", "reply_to", "contact_email")
_NAME_NAMES = ("name", "full_name", "your_name", "contact_name", "fullname")
_SLOT = re.compile(r"\{(\w+)\}")
_FURTHER = "Further fields"


def is_address(text: str) -> bool:
    """Whether it's a valid mail address; anything that could break out of a header is not."""
    return len(text) <= 254 and bool(_ADDRESS.match(text))


def parse(item: Item, config: Config) -> Mention | None:
    """Raises Malformed."""
    payload = item.payload
    if not isinstance(payload, dict) or not isinstance(payload.get("answers"), dict):
        raise Malformed("this is not a form submission")
    submission = Submission(payload)
    address = str(payload.get("form") or "").lower()
    external_id = message_id(address, str(payload.get("id") or item.external_id), config)
    author = submission.author()
    text = submission.text()
    return Mention(
        external_id=external_id,
        thread_id=external_id,
        author=author,
        posted_at=zoned_time_of(payload.get("received_at")),
        text=text,
        subject=submission.subject(author),
        links=text_links(text),
        # A marker in our Reply-To also leads back to the conversation.
        thread_keys=(marker_key(marker_for(external_id)),),
        addressed=((address,),) if address else (),
        extra={"form": submission.title, "answers": submission.answers, "to": [address] if address else []},
    )


def message_id(address: str, submission_id: str, config: Config) -> str:
    """The id that the requester's mails refer to once they have our reply, in the form of our own mail ids."""
    digest = hashlib.blake2b(f"{address}\n{submission_id}".encode("utf-8", "replace"), digest_size=16).hexdigest()
    domain = address.partition("@")[2] or str(config.setting("default_domain", "")).strip().lower()
    return f"form.{digest}@{domain or 'forms.invalid'}"


class Submission:
    """One person's answers, with the questions as asked."""

    def __init__(self, payload: Mapping[str, Json]) -> None:
        self.answers: dict[str, Json] = {clean(str(n))[:200]: _cleaned(v) for n, v in payload["answers"].items()}
        self.title = clean(str(payload.get("title") or ""))
        self._template = clean(str(payload.get("subject") or ""))
        self._questions = objects_of(payload.get("questions"))
        self._by_key: dict[str, Json] = {}
        for name, value in self.answers.items():
            self._by_key.setdefault(key_of(name), value)

    def author(self) -> Author:
        """The first valid address among the answers to email questions; without one, nobody can be answered."""
        email_questions = [str(q.get("name")) for q in self._questions if q.get("kind") == "email"]
        candidates = (_line(self._by_key.get(name)) for name in (*email_questions, *_EMAIL_NAMES))
        address = next((each for each in candidates if is_address(each)), "")
        return Author(address.lower(), address or None, self._name() or None)

    def _name(self) -> str:
        for name in _NAME_NAMES:
            if given := _line(self._by_key.get(name)):
                return given[:MAX_NAME]
        parts = (_line(self._by_key.get(name)) for name in ("first_name", "last_name"))
        return " ".join(part for part in parts if part)[:MAX_NAME]

    def subject(self, author: Author) -> str:
        if self._template:
            filled = _SLOT.sub(lambda slot: _line(self._by_key.get(key_of(slot[1])))[:100], self._template)
            if line := " ".join(filled.split()).strip(" :-–—"):
                return line[:MAX_SUBJECT]
        parts = (self.title, author.name or author.handle or "")
        return ": ".join(_line(part) for part in parts if part)[:MAX_SUBJECT] or "Form submission"

    def text(self) -> str:
        """The answers in question order, then any extra ones."""
        labels = {str(q.get("name")): str(q.get("label") or q.get("name")) for q in self._questions}
        answered = [(label, self._by_key.get(name)) for name, label in labels.items()]
        further = [(name, value) for name, value in self.answers.items() if key_of(name) not in labels]
        said = _as_text(answered)
        if extra := _as_text(further):
            said = f"{said}\n\n{_FURTHER}\n{extra}" if labels else extra
        return said[:MAX_TEXT]


def _as_text(pairs: list[tuple[str, Json]]) -> str:
    parts: list[str] = []
    for label, value in pairs:
        words = _words(value).strip()[:MAX_ANSWER]
        if not words:
            continue
        asked = _line(label)
        asked += "" if asked.endswith(("?", ":", ".", "!")) else ":"
        parts.append(f"\n{asked}\n{words}\n" if "\n" in words else f"{asked} {words}")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip()


def _words(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        return "; ".join(words for each in value if (words := _words(each)))
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return "" if value is None else str(value).replace("\r\n", "\n").replace("\r", "\n")


def _line(value: Json) -> str:
    """On one line without control characters, so a name or address can't inject a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in _words(value)).split())


def _cleaned(value: Json) -> Json:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {clean(str(name)): _cleaned(each) for name, each in value.items()}
    return value
