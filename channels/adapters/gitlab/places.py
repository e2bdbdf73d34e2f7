"""Text references to a GitLab issue or note that include its visibility. Pure.

`5#17` is issue 17 of project 5, `5#17#note_99` a note on it. Issue and note numbers are separate sequences, so the two
forms never collide. Anything not public has a distinct form, so it can never join a public conversation:
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
    """`project` is a number as text, "" if only the issue's number is known. `closed`: the restricted audience."""

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
    """Parses `str(place)`; also accepts a bare issue number, which refers to the connection's first project."""
    found = _FORM.fullmatch(text)
    return Place(found[1] or "", found[2], found[3] or "", found[4] or "") if found else None
