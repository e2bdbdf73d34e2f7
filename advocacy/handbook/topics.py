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
    ("support-managers", "Support managers", "#support_managers", "", ("escalation",)),
    ("support-com", "Support: hosted", "#support_$handle-com", "", ("hosted", "$handle.com", "account")),
    ("support-self-managed", "Support: self-managed", "#support_self-managed", "",
     ("self-hosted", "self-managed", "on-premises", "omnibus", "upgrade")),
    ("questions", "Everybody (not sure who to ask)", "#questions", "", ()),
    ("infrastructure", "Infrastructure", "#incident-management", "", ("outage", "incident", "downtime")),
    ("ceo", "CEO", "#ceo", "", ()),
    ("marketing", "Marketing", "#marketing", "", ("pricing", "campaign")),
    ("product", "Product", "#product", "", ("feature request", "roadmap")),
    ("competition", "Competition", "#competition", "", ("github", "bitbucket", "jenkins")),
)  # fmt: skip
"""(slug, name, Slack channel, Slack group, words)"""


PARENTS = {"support-com": "support-managers", "support-self-managed": "support-managers"}
UNSURE = "questions"
"""Where to ask if you are unsure about the channel: the fallback of every stage."""
BLOG = "content"
"""Helps with posts by outside authors."""


def rows() -> list[tuple[str, dict[str, Any]]]:
    """(slug, values) of each topic, in dependency order. Groups and categories come from the company's own list of
    people and topics; a stage's support counterparts are its experts with that role."""
    return [*(_team(*team) for team in TEAMS), *(_stage(name, words) for name, words in STAGES.items())]


def _team(slug: str, name: str, room: str, group: str, words: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    duty = {UNSURE: "unsure", BLOG: "blog"}.get(slug, "")
    shown = {"name": name, "kind": "team", "slack_channel": room, "slack_mention": group}
    return slug, shown | {"keywords": list(words), "parent": PARENTS.get(slug, ""), "fallback": "", "duty": duty}


def _stage(name: str, words: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    shown = {"name": name.capitalize(), "kind": "stage", "slack_channel": f"#s_{name}", "keywords": list(words)}
    return f"s-{name}", shown | {"parent": "", "fallback": UNSURE, "duty": ""}
