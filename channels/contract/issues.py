"""Issues that the desk opens, links and follows on a tracker. Pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NewIssue:
    """An issue to be opened. `key` is the desk's id for it (a UUID string): each key is opened at most once."""

    key: str
    project: str
    """As `Adapter.issue_projects` lists it."""
    title: str
    text: str
    is_confidential: bool = False
    assignees: tuple[str, ...] = ()
    """Account names on the tracker, without @."""


@dataclass(frozen=True, slots=True)
class IssueNow:
    """An issue as it is now. `external_id` as polling returns it; `state` as the tracker names it."""

    external_id: str
    url: str
    title: str
    state: str
    is_over: bool
    is_confidential: bool = False
    assignees: tuple[str, ...] = ()
