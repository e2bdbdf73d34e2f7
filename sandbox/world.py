"""The cast: Acme, its people, accounts and tokens. Pure data; the demo fills the desk's settings from it.

Every secret here is fake and valid only in the sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "Acme"
DOMAIN = "acme.example"
HOSTED = "Acme.com"
PHRASES = ("acme",)
"""The phrases of a mention search, as whole words."""


@dataclass(frozen=True, slots=True)
class Handle:
    """One of the company's Twitter accounts, with the OAuth 1.0a token of its user context."""

    username: str
    user_id: str
    name: str
    access_token: str
    access_token_secret: str
    description: str


BEARER_TOKEN = "AAAAAAAAAAAAAAAAAAAAAsandboxbearer%3Dacme"  # noqa: S105
CONSUMER_KEY = "sandboxConsumerKeyAcme01"
CONSUMER_SECRET = "sandboxConsumerSecretOfAcmeThatOpensNothing0000001"  # noqa: S105

HANDLES: dict[str, Handle] = {
    h.username: h
    for h in (
        Handle(
            "acme",
            "210000000000000001",
            "Acme",
            "210000000000000001-sandboxTokenMain",
            "sandboxTokenSecretMain000000000000000001",
            "From idea to production in one place. Help: @acmesupport, incidents: @acmestatus",
        ),
        Handle(
            "movingtoacme",
            "210000000000000002",
            "Moving to Acme",
            "210000000000000002-sandboxTokenMoving",
            "sandboxTokenSecretMoving00000000000000002",
            "Stories of teams that moved to Acme. Yours?",
        ),
        Handle(
            "acmestatus",
            "210000000000000003",
            "Acme.com Status",
            "210000000000000003-sandboxTokenStatus",
            "sandboxTokenSecretStatus00000000000000003",
            "Availability of Acme.com. Details on https://status.acme.example",
        ),
        Handle(
            "acmesupport",
            "210000000000000004",
            "Acme Support",
            "210000000000000004-sandboxTokenSupport",
            "sandboxTokenSecretSupport0000000000000004",
            "Questions about your account or installation.",
        ),
    )
}
MAIN_HANDLE = "acme"
STATUS_HANDLE = "acmestatus"

MAILBOX_USER = f"desk@{DOMAIN}"
MAILBOX_PASSWORD = "sandbox-mailbox"  # noqa: S105
ALIASES: dict[str, str] = {
    "merch": "Acme Merch",
    "community": "Acme Community",
    "movingtoacme": "Moving to Acme",
    "education": "Acme for Education",
    "opensource": "Acme for Open Source",
    "startups": "Acme for Startups",
    "sam": "Sam Okafor",
}
"""Local part → the name in From. All are delivered to the one mailbox."""
CATCH_ALL = "community"
MX = f"mx.{DOMAIN}"


def address(alias: str) -> str:
    return f"{alias}@{DOMAIN}"


SLACK_TOKEN = "sandbox-slack-bot-token"  # noqa: S105
SLACK_SIGNING_SECRET = "sandbox-slack-signing-secret"  # noqa: S105
SLACK_TEAM = "T0ACME"
SLACK_BOT = "U0DESK"
SLACK_CHANNELS: dict[str, str] = {
    name: f"C{number:08d}"
    for number, name in enumerate(
        (
            "hn-mentions",
            "community-advocates",
            "community-relations",
            "community-involvement",
            "questions",
            "s_plan",
            "s_create",
            "s_verify",
            "s_package",
            "s_secure",
            "s_release",
            "s_configure",
            "s_monitor",
            "s_manage",
            "technical-marketing",
            "techevangelism",
            "cs-questions",
            "support_acme-com",
            "support_self-managed",
            "support_managers",
            "content",
            "docs",
            "social_media",
            "abuse",
            "ceo",
            "marketing",
            "product",
            "competition",
            "release-post",
            "mentions-of-acme",
            "keymonthlymarketingmeeting",
            "education-oss",
            "swag",
            "reddit",
            "devops-tools-comments",
            "docs-comments",
            "acme-forum",
            "support",
            "incident-management",
            "infrastructure-lounge",
        ),
        start=1,
    )
}
"""Channel name without # → id."""


@dataclass(frozen=True, slots=True)
class Member:
    """An Acme employee. Accounts are None if the person has none."""

    key: str
    name: str
    role: str
    is_advocate: bool
    twitter: str | None
    twitter_id: str | None
    hackernews: str | None
    slack_id: str
    topics: tuple[str, ...] = ()
    slack_channel: str = "questions"
    time_zone: str = "Europe/Berlin"
    prefers_drafts: bool = False

    @property
    def email(self) -> str:
        return address(self.key)


def _member(number: int, key: str, name: str, role: str, **more: object) -> Member:
    twitter, hackernews = more.pop("twitter", None), more.pop("hackernews", None)
    return Member(
        key=key,
        name=name,
        role=role,
        is_advocate=bool(more.pop("is_advocate", False)),
        twitter=twitter,  # type: ignore[arg-type]
        twitter_id=f"2200000000000000{number:02d}" if twitter else None,
        hackernews=hackernews,  # type: ignore[arg-type]
        slack_id=f"U00000{number:03d}",
        **more,  # type: ignore[arg-type]
    )


TEAM: tuple[Member, ...] = (
    _member(1, "sam", "Sam Okafor", "Community Advocate", is_advocate=True, twitter="sam_acme", hackernews="samokafor",
            topics=("community",), slack_channel="community-advocates", time_zone="Europe/London"),
    _member(2, "maria", "Maria Lindqvist", "Community Advocate", is_advocate=True, twitter="maria_acme",
            hackernews="marialq", topics=("community",), slack_channel="community-advocates",
            time_zone="Europe/Stockholm"),
    _member(3, "lee", "Lee Tanaka", "Community Advocate", is_advocate=True, twitter="lee_acme", hackernews="leetanaka",
            topics=("community",), slack_channel="community-advocates", time_zone="America/Los_Angeles"),
    _member(4, "nadia", "Nadia Petrova", "Engineering Manager, Verify", twitter="nadia_builds", hackernews="npetrova",
            topics=("ci", "runner"), slack_channel="s_verify", time_zone="Europe/Prague"),
    _member(5, "tom", "Tom Brennan", "Staff Engineer, Package", twitter="tbrennan_dev", hackernews="tbrennan",
            topics=("registry",), slack_channel="s_package", time_zone="Europe/Dublin"),
    _member(6, "aisha", "Aisha Rahman", "Product Manager, Secure", twitter="aisha_sec", hackernews="arahman",
            topics=("security",), slack_channel="s_secure", time_zone="America/New_York"),
    _member(7, "diego", "Diego Fuentes", "Senior Engineer, Plan", twitter="dfuentes", hackernews="dfuentes",
            topics=("boards",), slack_channel="s_plan", time_zone="America/Bogota"),
    _member(8, "hannah", "Hannah Weiss", "Engineering Manager, Create", twitter="hweiss_code", hackernews="hweiss",
            topics=("review", "editor"), slack_channel="s_create", time_zone="Europe/Vienna"),
    _member(9, "raj", "Raj Iyer", "Distinguished Engineer, Infrastructure", twitter="rajiyer_sre", hackernews="rajiyer",
            topics=("availability", "selfhosted"), slack_channel="support_self-managed", time_zone="Asia/Kolkata"),
    _member(10, "claire", "Claire Dubois", "Technical Marketing Manager", twitter="claire_db", hackernews="cdubois",
            topics=("comparison",), slack_channel="technical-marketing", time_zone="Europe/Paris"),
    _member(11, "jonas", "Jonas Meyer", "Developer Evangelist", twitter="jonasm_dev", hackernews="jonasmeyer",
            topics=("ecosystem", "trends"), slack_channel="techevangelism"),
    _member(12, "grace", "Grace Adeyemi", "Customer Success Manager", twitter=None, hackernews=None,
            topics=("pricing", "licence"), slack_channel="cs-questions", time_zone="Africa/Lagos",
            prefers_drafts=True),
    _member(13, "victor", "Victor Hale", "CEO", twitter="vhale", hackernews="vhale", topics=("company",),
            slack_channel="ceo", time_zone="America/Denver"),
    _member(14, "yuki", "Yuki Sato", "Technical Writer", twitter="yukiwrites", hackernews="yukisato",
            topics=("docs",), slack_channel="docs", time_zone="Asia/Tokyo"),
)  # fmt: skip
ADVOCATES = tuple(m for m in TEAM if m.is_advocate)
EXPERTS = tuple(m for m in TEAM if not m.is_advocate)
SLACK_GROUPS: dict[str, str] = {
    name: f"S{number:08d}" for number, name in enumerate(sorted({m.slack_channel for m in EXPERTS}), start=1)
} | {"advocates": "S00000100"}
"""User group without @ → id. Its members are the experts of the channel with the same name."""
OWN_TWITTER = frozenset(HANDLES) | {m.twitter for m in TEAM if m.twitter}
OWN_HACKERNEWS = frozenset(m.hackernews for m in TEAM if m.hackernews)


def member(account: str) -> Member | None:
    """The team member with this key or account on any platform (no @, any case)."""
    wanted = account.lstrip("@").lower()
    for m in TEAM:
        if wanted in {m.key, (m.twitter or "").lower(), (m.hackernews or "").lower(), m.email, m.slack_id.lower()}:
            return m
    return None
