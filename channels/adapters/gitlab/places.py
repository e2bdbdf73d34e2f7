"""Where on GitLab something is: one text that names an issue or a note, and says who may see it. Pure.

`5#17` is issue 17 of project 5, `5#17#note_99` a note on it. Numbers of issues and of notes are counted apart, so the
forms never collide. What not everybody may see stands apart, so that it can never join a public conversation:
`5#17!confidential` is a confidential issue, `5#17!internal` the internal notes on any issue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

CONFIDENTIAL = "confidential"
INTERNAL = "internal"
_FORM = re.compile(r"(?:(\d+)#)?(\d+)(?:!(confidential|internal))?(?:#note_(\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """`project` is a number as text; "" where only the issue's number is known. `closed`: who else may see it."""

    project: str
    iid: str
    closed: str = ""
    note: str = ""

    def __str__(self) -> str:
        return self.thread + (f"#note_{self.note}" if self.note else "")

    @property
    def thread(self) -> str:
        return f"{self.project}#{self.iid}" + (f"!{self.closed}" if self.closed else "")

    @property
    def issue(self) -> Place:
        return replace(self, note="")


def place_from(text: str) -> Place | None:
    """What `str(place)` wrote; also a bare issue number, whose project is then the connection's first."""
    found = _FORM.fullmatch(text)
    return Place(found[1] or "", found[2], found[3] or "", found[4] or "") if found else None
