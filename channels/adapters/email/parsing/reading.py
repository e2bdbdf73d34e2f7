"""Turns raw bytes into a Mention: the pure half of the adapter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from channels.adapters.email.mime.addresses import Address, first_address, read_addresses
from channels.adapters.email.mime.charsets import decode
from channels.adapters.email.mime.headers import Headers, read_date, without_blank_start
from channels.adapters.email.mime.mime import Part, read_mail
from channels.adapters.email.parsing import identity, references
from channels.adapters.email.parsing.automatic import automatic_reason
from channels.adapters.email.parsing.body import Content, read_content
from channels.adapters.email.parsing.bounces import Bounce, read_bounce
from channels.adapters.email.parsing.forwarded import original_sender
from channels.contract import Attachment, Author, Config, Item, Json, Mention
from channels.toolkit.text import html_links, html_to_text, text_links
from channels.toolkit.values import object_of

MAX_SUBJECT = 1000
MAX_NAME = 200
MAX_LINKS = 200
DEFAULT_ATTACHMENT_BYTES = 10 * 1024 * 1024
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_WRITTEN_TO = ("to", "cc", "resent-to", "resent-cc")


def read_item(item: Item, config: Config) -> Mention:
    """The mention in a stored mail. Never fails, however odd the mail."""
    payload = object_of(item.payload)
    raw = item.raw or b""
    if payload.get("body_only"):
        return _read_body(raw, bool(payload.get("html")))
    mail = read_mail(without_blank_start(raw))
    content = read_content(mail, int(config.setting("attachment_max_bytes", DEFAULT_ATTACHMENT_BYTES)))
    return _Reading(mail, content, payload, config).mention()


def _read_body(raw: bytes, is_html: bool) -> Mention:
    text = decode(raw).replace("\r\n", "\n").replace("\r", "\n")
    derived = references.derived_id("", text.strip().encode())
    return Mention(
        external_id=derived,
        thread_id=derived,
        author=Author(""),
        posted_at=None,
        text=html_to_text(text) if is_html else text.rstrip(),
        html=text.rstrip() if is_html else None,
        links=_links(text, text if is_html else None),
    )


class _Reading:
    """Builds a mention from one mail; each method answers one question about it."""

    def __init__(self, mail: Part, content: Content, payload: dict[str, Json], config: Config) -> None:
        self.mail, self.content, self.payload, self.config = mail, content, payload, config
        self.headers: Headers = mail.headers
        self.sender = first_address(self.headers.all("from")) or self._stand_in() or Address("", "")
        self._authenticated = identity.is_authenticated(self.headers, self.sender, self.config)
        self.subject = self.headers.text("subject")
        self.message_id = references.message_id_of(mail)

    def mention(self) -> Mention:
        replied, refs = references.replied_to(self.headers), references.references(self.headers)
        root = refs[0] if refs else replied[0] if replied else self.message_id
        to_us, written = self._addresses(_DELIVERED), self._addresses(_WRITTEN_TO)
        own, claims_own = self._ownership()
        our_id = identity.is_our_message_id(self.message_id, self.config)
        account = (self.sender.key or self.sender.name.lower()).partition("@")[0]
        bounce = read_bounce(self.mail, self.content.text, account)
        auto = automatic_reason(self.mail, account, own, our_id) or ("bounce" if bounce else None)
        requester = None if auto else self._requester()
        text = self.content.text
        return Mention(
            external_id=self.message_id,
            thread_id=root,
            author=_author(self.sender),
            posted_at=self._posted_at(),
            text=text,
            parent_id=replied[0] if replied else refs[-1] if refs else None,
            subject=self.subject[:MAX_SUBJECT] if self.subject is not None else None,
            html=self.content.html,
            url=self._archived_at(),
            is_auto=auto is not None,
            is_own=own and requester is None,
            links=_links(text, self.content.html),
            attachments=self._attachments(),
            language=self._language(),
            thread_keys=self._thread_keys(replied, refs, root, (*to_us, *written), bounce),
            # One group: some servers deliver a mail to two aliases only once, and then only its headers name the other.
            # To comes before Cc, and a blind copy's delivery address comes last.
            addressed=(everybody,) if (everybody := _with_bases((*written, *to_us))) else (),
            requester=requester,
            bounced_id=bounce.about if bounce and bounce.failed else None,
            extra=self._extra(auto, bounce, claims_own, our_id, refs, requester),
        )

    def _stand_in(self) -> Address | None:
        """Without a From header, falls back to Sender, then to the envelope."""
        return first_address(self.headers.all("sender")) or first_address(self.headers.all("return-path"))

    def _addresses(self, names: Iterable[str]) -> tuple[str, ...]:
        found = (each.key for name in names for value in self.headers.all(name) for each in read_addresses(value))
        return tuple(dict.fromkeys(found))

    def _ownership(self) -> tuple[bool, bool]:
        """(is ours, only claims to be)"""
        if self._in_sent_folder():
            return True, False
        if not identity.is_ours(self.sender.key, self.config):
            return False, False
        return self._authenticated, not self._authenticated

    def _in_sent_folder(self) -> bool:
        folder = self.payload.get("folder")
        return bool(folder) and folder == self.config.setting("sent_folder")

    def _requester(self) -> Author | None:
        """If `trusted_authserv` is set, only authenticated mail counts as a forward by a colleague."""
        if not identity.is_colleague(self.sender, self.config) or self._in_sent_folder():
            return None
        if self.config.setting("trusted_authserv") and not self._authenticated:
            return None
        original = original_sender(self.mail, self.subject or "", self.content.text)
        if original is None or identity.is_ours(original.key, self.config):
            return None
        return _author(original)

    def _posted_at(self) -> datetime | None:
        """INTERNALDATE if the server gave one; the Date header is the sender's claim, used only for recorded files."""
        if internal := self.payload.get("internal_date"):
            try:
                return datetime.fromisoformat(str(internal)).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        at = read_date(self.headers.first("date"))
        return at or read_date(self.headers.first("received").rpartition(";")[2])

    def _archived_at(self) -> str | None:
        """Public list archive URL of this mail (RFC 5064)."""
        url = self.headers.first("archived-at").strip("<> ")
        return url if url.startswith(("https://", "http://")) and " " not in url else None

    def _language(self) -> str | None:
        code = self.headers.first("content-language").partition(",")[0].strip()
        return code if 2 <= len(code) <= 12 and code.replace("-", "").isalnum() and code.isascii() else None

    def _thread_keys(
        self, replied: tuple[str, ...], refs: tuple[str, ...], root: str, to: tuple[str, ...], bounce: Bounce | None
    ) -> tuple[str, ...]:
        """Strongest first. A bounce belongs to the bounced mail, whatever else it refers to."""
        about = (bounce.about,) if bounce and bounce.about else ()
        keys = [*about, *replied, *reversed(refs)]
        own = frozenset(self.config.addresses) | self.config.own
        keys += references.markers(self.headers, to, own)
        if self.config.setting("reply_marker"):
            keys.append(references.marker_key(references.marker_for(root)))
        return tuple(dict.fromkeys(keys))

    def _attachments(self) -> tuple[Attachment, ...]:
        """For a mail too large to keep: the file list noted while it was complete, else what its beginning reveals,
        without bytes and hashes, as those would cover only part of a file."""
        noted = self.payload.get("attachments")
        if isinstance(noted, list):
            return tuple(Attachment(**each) for each in noted if isinstance(each, dict))
        if self.payload.get("truncated"):
            return tuple(replace(each, content=None, sha256="") for each in self.content.attachments)
        return self.content.attachments

    def _extra(
        self,
        auto: str | None,
        bounce: Bounce | None,
        claims_own: bool,
        our_id: bool,
        refs: tuple[str, ...],
        requester: Author | None,
    ) -> dict[str, Json]:
        extra: dict[str, Json] = {
            "to": list(self._addresses(("to",))),
            "cc": list(self._addresses(("cc",))),
            "reply_to": [] if requester else list(self._addresses(("reply-to",))),  # a forward's isn't the requester's
            "references": list(refs),
        }
        if auto:
            extra["auto_reason"] = auto
        if bounce:
            extra["bounce"] = bounce.facts()
        if self._authenticated:
            extra["authenticated"] = True
        if claims_own:
            extra["claims_own"] = True
        if our_id:
            extra["our_message_id"] = True
        if requester:
            extra["forwarded_by"] = self.sender.key
        if self.payload.get("truncated"):
            extra["truncated"] = True
            extra["size"] = self.payload.get("size")
        return extra


def _author(address: Address) -> Author:
    name = address.name.strip("\"' ")[:MAX_NAME]
    return Author(id=address.key[:254], handle=address.address[:254] or None, name=name or None)


def _with_bases(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Plus-addresses, each followed by its base address."""
    out: dict[str, None] = {}
    for address in addresses:
        out[address] = None
        local, plus, rest = address.partition("+")
        if plus:
            out[f"{local}@{rest.rpartition('@')[2]}"] = None
    return tuple(out)


def _links(text: str, html: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*text_links(text), *(html_links(html) if html else ()))))[:MAX_LINKS]
