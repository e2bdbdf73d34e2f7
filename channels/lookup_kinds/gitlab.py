"""Issues of GitLab projects, by title and description: https://docs.gitlab.com/api/issues/#list-project-issues

Confidential issues are requested only if an admin has switched that on.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, zip_longest
from urllib.parse import urlsplit

from channels.adapters.gitlab.client import Tracker, encoded, listed
from channels.contract import MAX_HITS, Config, Field, FieldKind, Hit, Json, LookupKind, Purpose
from channels.errors import Rejected
from channels.http.api_client import Signature
from channels.toolkit.values import object_of, text_of, time_of


class PublicTracker(Tracker):
    """Public projects can be searched without a token."""

    def sign(self, config: Config, speaker: str) -> Signature:
        return super().sign(config, speaker) if config.secret("token") else Signature()


api = PublicTracker()


class GitLabIssues(LookupKind):
    name = "gitlab"
    label = "Issue tracker (GitLab)"
    purpose = Purpose.TRACKER
    platform = "gitlab"
    fields = (
        Field("projects", "Projects", "Such as acme/community, one per line.", FieldKind.LIST),
        Field(
            "with_confidential",
            "Confidential issues too",
            "Everybody who sees this lookup sees their titles.",
            FieldKind.BOOLEAN,
            default=False,
        ),
        Field("token", "Access token", "Scope read_api. Public projects need none.", FieldKind.SECRET),
    )

    def home(self, config: Config) -> str:
        """The first project's issues; GitLab's API and pages share their host."""
        parts = urlsplit(api.address(config).removesuffix("/api/v4"))
        project = next(iter(config.entries("projects")), "")
        return f"{parts.geturl()}/{project}/-/issues" if project else ""

    def find(self, config: Config, words: Sequence[str]) -> list[Hit]:
        """The latest issue of each project in turn."""
        projects = config.entries("projects")
        if not projects:
            raise Rejected("No project is entered. Enter the projects to search in this lookup.")
        rounds = zip_longest(*(self._issues(config, project, words) for project in projects))
        return list(islice((hit for hits in rounds for hit in hits if hit), MAX_HITS))

    def _issues(self, config: Config, project: str, words: Sequence[str]) -> list[Hit]:
        asked: dict[str, str | int] = {
            "search": " ".join(words), "in": "title,description", "order_by": "updated_at", "sort": "desc",
            "per_page": MAX_HITS,
        }  # fmt: skip
        if config.setting("with_confidential") is not True:
            asked["confidential"] = "false"
        found = listed(api.get(config, f"projects/{encoded(project)}/issues", asked), "issues")
        return [_hit(issue, project) for issue in found]


def _hit(issue: dict[str, Json], project: str) -> Hit:
    full = text_of(object_of(issue.get("references")).get("full")) or f"{project}#{issue.get('iid')}"
    return Hit(
        text_of(issue.get("title")),
        text_of(issue.get("web_url")),
        where=full,
        state=text_of(issue.get("state")),
        updated_at=time_of(issue.get("updated_at")),
        is_internal=issue.get("confidential") is True,
    )
