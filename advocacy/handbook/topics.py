"""Expert topics: product stages with their Slack channels, and teams across stages."""

from __future__ import annotations

from typing import Any

STAGES: dict[str, tuple[str, ...]] = {
    "manage": ("groups", "permissions", "audit", "import", "sso", "saml"),
    "plan": ("issues", "boards", "epics", "roadmap", "milestones"),
    "create": ("repository", "merge request", "code review", "editor", "wiki", "snippets"),
    "verify": ("ci", "pipeline", "pipelines", "runner", "runners", "artifacts", "cache"),
    "package": ("registry", "container registry", "npm", "maven", "packages"),
    "secure": ("sast", "dast", "dependency scanning", "vulnerability", "vulnerabilities", "secret detection"),
    "release": ("pages", "deploy", "releases", "environments", "feature flags"),
    "configure": ("kubernetes", "helm", "terraform", "serverless", "auto devops"),
    "monitor": ("metrics", "tracing", "alerts", "incidents", "prometheus"),
}
"""Stage → words that indicate it."""

TEAMS: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("techevangelism", "Technical evangelists", "#techevangelism", "@techevangelism",
     ("devops", "ecosystem", "trend", "trends", "competitor", "comparison", "industry")),
    ("technical-marketing", "Technical marketing", "#technical-marketing", "",
     ("demo", "how does it work", "training", "tutorial")),
    ("cs-questions", "Customer success", "#cs-questions", "", ("best practice", "best practices", "migration")),
    ("content", "Content team", "#content", "", ("blog", "article", "blog post")),
    ("docs", "Technical writers", "#docs", "", ("docs", "documentation")),
    ("support-com", "Support: hosted", "#support_$handle-com", "", ("hosted", "$handle.com", "account")),
    ("support-self-managed", "Support: self-managed", "#support_self-managed", "",
     ("self-hosted", "self-managed", "on-premises", "omnibus", "upgrade")),
    ("support-managers", "Support managers", "#support_managers", "", ("escalation",)),
    ("questions", "Everybody (not sure who to ask)", "#questions", "", ()),
    ("ceo", "CEO", "#ceo", "", ()),
    ("marketing", "Marketing", "#marketing", "", ("pricing", "campaign")),
    ("product", "Product", "#product", "", ("feature request", "roadmap")),
    ("competition", "Competition", "#competition", "", ("github", "bitbucket", "jenkins")),
)  # fmt: skip
"""(slug, name, Slack channel, Slack group, words)"""


def rows() -> list[tuple[str, dict[str, Any]]]:
    """(slug, values) of each topic."""
    stages = [
        (
            f"s-{name}",
            {"name": name.capitalize(), "kind": "stage", "slack_channel": f"#s_{name}", "keywords": list(words)},
        )
        for name, words in STAGES.items()
    ]
    teams = [
        (slug, {"name": name, "kind": "team", "slack_channel": room, "slack_mention": group, "keywords": list(words)})
        for slug, name, room, group, words in TEAMS
    ]
    return [*stages, *teams]
