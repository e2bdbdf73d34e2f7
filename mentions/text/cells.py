"""Reads and writes the CSV of real spreadsheets: encodings, delimiters, and text that a spreadsheet would evaluate.
Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DELIMITERS = (",", ";", "\t")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
MAX_LINES = 5_000


class BadFile(ValueError):
    """The file can't be read; the message says why."""


def decoded(content: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else UTF-8, else Windows-1252, in which Excel saves in Western Europe. Raises
    BadFile."""
    marked = [name for bom, name in _BOMS if content.startswith(bom)]
    for name in marked or ["utf-8", "cp1252"]:
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    raise BadFile(_("This is not a text file. Save the spreadsheet as CSV (UTF-8)."))


def rows_of(text: str) -> list[tuple[int, list[str]]]:
    """(line number, cells) of each row that isn't empty, the heading first. Raises BadFile."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # a browser that sends the text back uses its own line ends
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, [unescaped(cell.strip()) for cell in row]))
            if len(rows) > MAX_LINES:
                raise BadFile(_("The file has more than %(count)d lines.") % {"count": MAX_LINES})
    except csv.Error as error:
        line = {"line": reader.line_num, "error": error}
        raise BadFile(_("Line %(line)d cannot be read: %(error)s") % line) from error
    return rows


def _delimiter(text: str) -> str:
    """The delimiter that is most frequent in the heading."""
    heading = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=heading.count)


def written(rows: Iterable[Sequence[str]]) -> str:
    """CSV text, every cell safe to open in a spreadsheet."""
    out = io.StringIO()
    csv.writer(out).writerows([escaped(cell) for cell in row] for row in rows)
    return out.getvalue()


def escaped(cell: str) -> str:
    """Prefixes an apostrophe to text that a spreadsheet would evaluate; `unescaped` takes it off again.

    Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{cell}" if cell.lstrip("'").startswith(_FORMULA) else cell


def unescaped(cell: str) -> str:
    is_escaped = cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA)
    return cell[1:] if is_escaped else cell
