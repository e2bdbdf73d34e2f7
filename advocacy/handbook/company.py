"""The company's names, used to fill in the preset's texts and URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from string import Template
from typing import Any

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_LOCAL = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


class BadName(ValueError):
    """A name the preset can't use; the text says why."""


@dataclass(frozen=True, slots=True)
class Company:
    """`handle` as on Twitter, without @; `domain` of its mail and its website; `person`: local part of the personal
    inbox tracked as tickets, or several with commas."""

    name: str = "Acme"
    handle: str = "acme"
    domain: str = "acme.example"
    person: str = "sam"

    def __post_init__(self) -> None:
        """Raises BadName."""
        if not self.name.strip() or len(self.name) > 60:
            raise BadName("The company name must have 1 to 60 characters.")
        if not _HANDLE.fullmatch(self.handle):
            raise BadName(f"{self.handle!r} is not a handle: use up to 15 letters, digits and _, without @.")
        if not _DOMAIN.fullmatch(self.domain):
            raise BadName(f"{self.domain!r} is not a domain such as acme.example.")
        for person in self.people:
            if not _LOCAL.fullmatch(person):
                raise BadName(f"{person!r} is not the local part of an email address (before the @).")

    @property
    def people(self) -> list[str]:
        """The people with a personal inbox, without duplicates; at least one."""
        return list(dict.fromkeys(person.strip() for person in self.person.split(",")))

    def fill(self, value: Any) -> Any:
        """Fills in the names in every text of a value; other values stay unchanged. A list entry that names `$person`
        is repeated for each of them."""
        if isinstance(value, str):
            names = {"company": self.name, "handle": self.handle.lower(), "domain": self.domain}
            names |= {"person": self.people[0], "Person": self.people[0].capitalize()}
            return Template(value).safe_substitute(names)
        if isinstance(value, dict):
            return {self.fill(key): self.fill(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [filled for entry in value for filled in self._entries(entry)]
        return value

    def _entries(self, entry: Any) -> list[Any]:
        if isinstance(entry, str) and "$person" in entry:
            return [replace(self, person=person).fill(entry) for person in self.people]
        return [self.fill(entry)]
