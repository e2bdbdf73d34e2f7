"""A mail's content: text, HTML and attachments from the part tree."""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, field
from mimetypes import guess_extension

from channels.adapters.email.mime.flowed import unflow
from channels.adapters.email.mime.headers import plain, read_headers
from channels.adapters.email.mime.mime import Part, uuencoded
from channels.contract import Attachment
from channels.toolkit.text import html_to_text

_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f]+")
_MAX_NAME = 255
_EXTENSIONS = {  # types for which the standard library has no extension, or an odd one
    "text/plain": ".txt",
    "text/calendar": ".ics",
    "text/rfc822-headers": ".txt",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/octet-stream": ".bin",
    "image/jpeg": ".jpg",
}


@dataclass(slots=True)
class Content:
    """`text` is always set; `html` only if the mail has some, unmodified."""

    text: str
    html: str | None
    attachments: tuple[Attachment, ...]


@dataclass(slots=True)
class _Collected:
    blocks: list[tuple[str | None, str | None]] = field(default_factory=list)
    """(text, html) of each section of the body in order; an alternative is one section with both."""
    files: list[tuple[str, str, bytes, str | None]] = field(default_factory=list)
    """(name, type, content, content id)"""

    def add_file(self, part: Part, content: bytes | None = None) -> None:
        data = part.content() if content is None else content
        self.files.append((_name_of(part, data, len(self.files) + 1), part.type, data, part.content_id()))


def read_content(mail: Part, attachment_max_bytes: int) -> Content:
    """All content of a mail. Attachments above the cap keep name, type, size and hash, but not their bytes."""
    collected = _Collected()
    _collect(mail, collected, is_root=True)
    blocks = collected.blocks or _named_text(mail)
    text = "\n\n".join(piece for piece in (_text_of(block) for block in blocks) if piece)
    has_html = any(block[1] for block in blocks)
    return Content(
        text=text,
        html="\n".join(block[1] or _as_html(block[0] or "") for block in blocks) if has_html else None,
        attachments=tuple(_attachment(*file, attachment_max_bytes) for file in collected.files),
    )


def _named_text(mail: Part) -> list[tuple[str | None, str | None]]:
    """For a mail without a body: named text parts displayed inline count as text too. They also stay files."""
    for part in mail.walk():
        if part.type in ("text/plain", "text/html") and part.disposition()[0] != "attachment":
            return [(_plain_text(part, _Collected()), None) if part.type == "text/plain" else (None, _html(part))]
    return []


def _collect(part: Part, out: _Collected, is_root: bool = False, in_alternative: bool = False) -> None:
    if part.children:
        if part.type == "multipart/alternative":
            _collect_alternative(part, out)
        elif part.type == "multipart/related":
            _collect_related(part, out, in_alternative)
        else:
            for child in part.children:
                _collect(child, out)
        return
    if part.type.startswith("multipart/") and not is_root:
        if part.body.strip():
            out.blocks.append((_plain_text(part, out), None))
        return
    if _is_body(part, is_root or in_alternative, bool(out.blocks)):
        is_html = part.type == "text/html"
        out.blocks.append((None, _html(part)) if is_html else (_plain_text(part, out), None))
    else:
        out.add_file(part)


def _collect_alternative(part: Part, out: _Collected) -> None:
    """The same content in several forms: the first text and the first HTML are one section, the rest (a calendar entry,
    a picture next to the HTML) are files. A second HTML (AMP, watch) is just another rendering and is left out."""
    inner = _Collected()
    for child in part.children:
        _collect(child, inner, in_alternative=True)
    text = next((block[0] for block in inner.blocks if block[0] is not None), None)
    markup = next((block[1] for block in inner.blocks if block[1] is not None), None)
    if text is not None or markup is not None:
        out.blocks.append((text, markup))
    out.files.extend(inner.files)


def _collect_related(part: Part, out: _Collected, in_alternative: bool) -> None:
    """RFC 2387: the root is the part named by `start`, else the first part of the given `type`; the others are its
    resources."""
    start, kind = part.params.get("start", "").strip("<> "), part.params.get("type", "").lower()
    named = [child for child in part.children if start and child.content_id() == start]
    root = (named or [child for child in part.children if child.type == kind] or part.children)[0]
    _collect(root, out, in_alternative=in_alternative or root.type in ("text/html", "text/plain"))
    for child in part.children:
        if child is root:
            continue
        if child.children:
            _collect(child, out)
        else:
            out.add_file(child)


def _is_body(part: Part, is_main: bool, have_body: bool) -> bool:
    if not (part.type.startswith("text/") or part.type.startswith("multipart/")):
        return False
    disposition, params = part.disposition()
    if disposition == "attachment":
        return False
    if part.type in ("text/plain", "text/html") or part.type.startswith("multipart/"):
        return is_main or not (params.get("filename") or part.params.get("name"))
    if part.type in ("text/calendar", "text/vcard", "text/x-vcard", "text/rfc822-headers", "text/csv"):
        return False
    return not part.filename() and not have_body and not (is_main and part.type == "text/x-amp-html")


def _plain_text(part: Part, out: _Collected) -> str:
    if b"\nbegin " in part.body or part.body.startswith(b"begin "):
        raw = part.content()
        files = uuencoded(raw)
        pieces: list[bytes] = []
        at = 0
        for number, file in enumerate(files, start=len(out.files) + 1):
            pieces.append(raw[at : file.start])
            at = file.end
            name = _safe_name(file.name) or f"attachment-{number}.bin"
            out.files.append((name, "application/octet-stream", file.content, None))
        text = part.decoded(b"".join((*pieces, raw[at:]))).replace("\r\n", "\n").replace("\r", "\n")
    else:
        text = part.text()
    if part.params.get("format", "").lower() == "flowed":
        text = unflow(text, delete_space=part.params.get("delsp", "").lower() == "yes")
    return text.rstrip()


def _html(part: Part) -> str:
    return part.text().rstrip()


def _text_of(block: tuple[str | None, str | None]) -> str:
    text, markup = block
    if text and text.strip():
        return text
    return html_to_text(markup) if markup else ""


def _as_html(text: str) -> str:
    return "<p>" + html.escape(text, quote=False).replace("\n", "<br>\n") + "</p>" if text else ""


def _name_of(part: Part, data: bytes, number: int) -> str:
    name = _safe_name(part.filename())
    if name:
        return name
    extension = _EXTENSIONS.get(part.type) or guess_extension(part.type) or ".bin"
    if part.type == "message/rfc822":
        subject = _safe_name((read_headers(data.lstrip(b"\r\n"))[0].text("subject") or "").replace("/", "-"))
        return (subject or f"message-{number}")[: _MAX_NAME - 4] + ".eml"
    location = _safe_name(plain(part.headers.first("content-location")).partition("?")[0])
    if "." in location:
        return location
    return f"attachment-{number}{extension}"


def _safe_name(name: str) -> str:
    """A file name without directories and control characters, so it can't overwrite anything."""
    name = _UNSAFE_IN_NAME.sub(" ", name).replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
    if name in (".", ".."):
        return ""
    if len(name) <= _MAX_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:_MAX_NAME]
    return f"{stem[: _MAX_NAME - len(extension) - 1]}.{extension}"


def _attachment(name: str, kind: str, data: bytes, content_id: str | None, max_bytes: int) -> Attachment:
    return Attachment(
        name=name,
        type=kind,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        content=data if len(data) <= max_bytes else None,
        content_id=content_id,
    )
