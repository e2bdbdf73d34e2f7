"""The position of a post in its thread relative to a ticket: below it, beside it, above it, apart, or unknown. A person
who was asked about one comment in a long discussion may well answer another one. Flat threads (no parents) and
the first level below the thread's own post are *beside*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mentions.models import Message, ThreadPost, Ticket

LEVELS = 200


class Place(StrEnum):
    BELOW = "below"
    BESIDE = "beside"
    ABOVE = "above"
    """It replies to the same post as the ticket."""
    APART = "apart"
    UNKNOWN = "unknown"
    """Below a post that the desk hasn't read."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A thread: each known post with the one it answers ("" for none)."""

    thread_id: str
    parents: Mapping[str, str]

    def place(self, parent: str, ticket: frozenset[str]) -> Place:
        """The position of a post that replies to `parent`, relative to a ticket with these posts. Pure."""
        if parent in ticket:
            return Place.BELOW
        if self._is_top(parent):
            return Place.BESIDE
        above = {each for post in ticket for each in self._chain(self.parents.get(post, ""))}
        for each in self._chain(parent):
            if each in ticket:
                return Place.BELOW
            if each in above:
                return Place.ABOVE
            if each not in self.parents:
                return Place.UNKNOWN
        return Place.APART

    def _is_top(self, post: str) -> bool:
        return post in ("", self.thread_id)

    def _chain(self, post: str) -> list[str]:
        """The post and those above it, without the thread's root; stops if a thread claims to be circular."""
        chain: list[str] = []
        while not self._is_top(post) and post not in chain and len(chain) < LEVELS:
            chain.append(post)
            post = self.parents.get(post, "")
        return chain


def tree_of(namespace: str, thread_id: str) -> Tree:
    """Two queries."""
    where = {"namespace": namespace, "thread_id": thread_id}
    parents: dict[str, str] = {}
    for model in (ThreadPost, Message):
        parents.update(model.objects.filter(**where).values_list("external_id", "parent_external_id"))
    return Tree(thread_id, parents)


def posts_of(ticket: Ticket) -> frozenset[str]:
    return frozenset(ticket.messages.values_list("external_id", flat=True))
