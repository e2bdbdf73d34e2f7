"""The results of a lookup beside the composer, and the base class of its kinds. Pure data and one class, like
adapters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from channels.contract.config import Config, Field


class Purpose(StrEnum):
    """What a lookup is for: macros name it to fill their fields."""

    STATUS_PAGE = "status_page"
    TRACKER = "tracker"
    FORUM = "forum"
    SUPPORT = "support"
    DOCS = "docs"


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. `state` as the system calls it (`opened`); `where`: project, category; `updated_at` is aware UTC.

    `is_internal`: only the team can open it, so its link is never offered for a reply. `links`: pages anybody can open
    that are named in it.
    """

    title: str
    url: str
    where: str = ""
    state: str = ""
    updated_at: datetime | None = None
    is_internal: bool = False
    links: tuple[str, ...] = ()


class LookupKind(ABC):
    """One system that can be searched. A module in `channels/lookup_kinds/`, found by scanning; instances are stateless
    and used by several threads."""

    name: ClassVar[str]
    label: ClassVar[str]
    purpose: ClassVar[Purpose]
    fields: ClassVar[tuple[Field, ...]] = ()
    """Settings and secrets (kind SECRET); its address is `api_base`, which every lookup has."""
    platform: ClassVar[str] = ""
    """A platform whose connections it can use, with their address, settings and credentials."""
    takes_words: ClassVar[bool] = True
    """False if its results don't depend on words, so that nothing from the ticket is sent."""

    @abstractmethod
    def find(self, config: Config, words: Sequence[str]) -> list[Hit]:
        """Hits for all the words together, best first, at most MAX_HITS. Raises as `channels.http.client.get_json`."""

    def home(self, config: Config) -> str:
        """Its public page; "" if unknown."""
        return ""


MAX_HITS = 5
