"""Decodes bytes whatever charset the mail claims. Never raises, never yields NUL or a lone surrogate."""

from __future__ import annotations

from functools import lru_cache

from channels.adapters.email.mime.charset_guess import decodes, guess

_ALIASES = {
    # Western mailers label Windows text as ISO-8859-1 or ASCII, so browsers read both as windows-1252:
    # https://encoding.spec.whatwg.org/#names-and-labels
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "x-sjis-jp": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-6-i": "iso8859_6",
    "windows-874": "cp874",
    "unicode-1-1-utf-7": "utf_7",
    "utf8mb4": "utf-8",
    "x-utf-8": "utf-8",
}
# Python codecs that aren't character sets, or take quadratic time.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_NOT_ASCII_BASED = (
    "utf_7",
    "utf-7",
    "utf_16",
    "utf-16",
    "utf_32",
    "utf-32",
    "iso2022",
    "iso-2022",
    "hz",
    "cp037",
    "cp500",
)


@lru_cache(maxsize=256)
def codec_for(charset: str) -> str | None:
    """Python's name for a charset label; None if unknown."""
    label = charset.strip().strip("\"'").rstrip(";").lower()
    name = _ALIASES.get(label, label)
    if not name.isascii() or name.replace("-", "_") in _REFUSED:
        return None
    try:
        b"a".decode(name, "replace")
    except (LookupError, ValueError, TypeError):
        return None
    return name


def decode(data: bytes, charset: str | None = None, guessed: str = "") -> str:
    """Decodes bytes labelled `charset`; if the label is wrong or missing, as UTF-8, else as `guessed`, else guesses."""
    codec = codec_for(charset) if charset else None
    if data.isascii() and not (codec and codec.startswith(_NOT_ASCII_BASED)):
        if b"\x1b$" not in data:
            return _clean(data.decode("ascii"))
        codec = "iso2022_jp_ext"
    for candidate in (codec, "utf-8"):
        if candidate:
            try:
                return _clean(data.decode(candidate))
            except ValueError:
                continue
    if codec in _MEANS_NOTHING:
        codec = "utf-8" if _is_damaged_utf8(data) else guessed or guess(data)
    return _clean(data.decode(codec or "cp1252", "replace"))


def _is_damaged_utf8(data: bytes) -> bool:
    """UTF-8 truncated within a character rather than an 8-bit charset: most of it still decodes."""
    text = data.decode("utf-8", "replace")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text.count("\ufffd") * 2 < beyond_ascii


def _clean(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:  # UTF-7 can encode half a surrogate pair, which neither JSON nor SQL can store
        return text.encode("utf-8", "replace").decode()
    return text


def says_little(charset: str | None) -> bool:
    """True for labels that mailers use by default, whatever the text's real charset."""
    codec = codec_for(charset) if charset else None
    return codec in _MEANS_NOTHING or codec == "cp1252"


def is_declared(charset: str | None) -> bool:
    """False if 8-bit text with this label, if it isn't UTF-8, has to be guessed."""
    return bool(charset) and codec_for(charset or "") not in _MEANS_NOTHING


def guess_charset(data: bytes, declared: str = "", beside: bytes = b"") -> str:
    """Charset of unlabelled 8-bit bytes: UTF-8, else the charset declared for the body if the bytes decode as that,
    else a guess from them and the undeclared bytes of the same mail `beside` them."""
    label = codec_for(declared) if declared and not says_little(declared) else None
    together = data + b"\n" + beside if beside and not decodes(beside, "utf-8") else data
    for codec in ("utf-8", label, None if _is_damaged_utf8(data) else guess(together)):
        if codec and decodes(data, codec):
            return codec
    return "utf-8" if _is_damaged_utf8(data) else guess(data)


_MEANS_NOTHING = (None, "utf-8", "utf8", "utf_8", "ascii", "us-ascii")
