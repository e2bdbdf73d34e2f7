"""Splits an uploaded CSV file into lines, with cells named by the heading. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mentions.text.cells import BadFile, decoded, rows_of


@dataclass(frozen=True, slots=True)
class CsvLine:
    number: int
    cells: Mapping[str, str]
    """By column; only columns that the file has."""
    problems: Sequence[str] = ()


def lines_of(content: bytes, columns: Sequence[str], needed: Sequence[str]) -> list[CsvLine]:
    """The lines below the heading. Raises BadFile for an empty file, and if the heading lacks one of `needed`, repeats
    a column or has one that isn't in `columns`."""
    rows = rows_of(decoded(content).replace("\0", ""))
    if not rows:
        raise BadFile(_("The file is empty. Choose another one."))
    heading = [cell.lower().replace(" ", "_") for cell in rows[0][1]]
    _check(heading, columns, needed)
    return [_line(number, cells, heading) for number, cells in rows[1:]]


def _check(heading: Sequence[str], columns: Sequence[str], needed: Sequence[str]) -> None:
    if missing := [name for name in needed if name not in heading]:
        words = {"column": missing[0]}
        raise BadFile(_("The first line must name the columns; “%(column)s” is missing.") % words)
    if unknown := [name for name in heading if name and name not in columns]:
        words = {"column": unknown[0], "known": ", ".join(columns)}
        raise BadFile(_("There is no column “%(column)s”. The columns are: %(known)s.") % words)
    if twice := [name for name in heading if name and heading.count(name) > 1]:
        raise BadFile(_("There are two columns “%(column)s”.") % {"column": twice[0]})


def _line(number: int, cells: Sequence[str], heading: Sequence[str]) -> CsvLine:
    named = {name: cell for name, cell in zip(heading, cells, strict=False) if name}
    return CsvLine(number, named, [_("there are more cells than columns")] if any(cells[len(heading) :]) else [])
