"""Plans of what a list would change, line by line: previewed, and applied only if nothing has changed since."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Change:
    """One field: its name, and both values as text."""

    field: str
    before: str
    after: str


class Step(Protocol):
    """One line and its effect."""

    @property
    def entry(self) -> object: ...
    @property
    def changes(self) -> Sequence[Change]: ...
    @property
    def problems(self) -> Sequence[str]: ...
    @property
    def deed(self) -> str: ...


S = TypeVar("S", bound=Step)


@dataclass(frozen=True)
class Plan(Generic[S]):
    DEEDS: ClassVar[Sequence[str]] = ("add", "update", "same", "wrong")
    steps: Sequence[S]

    @property
    def is_sound(self) -> bool:
        return not any(step.problems for step in self.steps)

    @property
    def counts(self) -> Mapping[str, int]:
        found = Counter(step.deed for step in self.steps)
        return {deed: found[deed] for deed in self.DEEDS}

    @property
    def digest(self) -> str:
        """Identifies the list and its changes."""
        planned = repr([(step.entry, step.deed, step.changes, step.problems) for step in self.steps])
        return hashlib.sha256(planned.encode()).hexdigest()

    def check_as_previewed(self, digest: str) -> None:
        """Raises NotAsPreviewed."""
        if not self.is_sound or self.digest != digest:
            raise NotAsPreviewed(self)


class NotAsPreviewed(Exception):
    """The data has changed since the preview, or a line is invalid. Nothing was changed."""

    def __init__(self, plan: Plan[Any]) -> None:
        self.plan = plan
        super().__init__(_("Something has changed since this preview. Check the changes again."))
