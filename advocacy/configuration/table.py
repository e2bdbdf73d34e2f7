"""The table of all settings. A new one is a row here, a line in `advocacy.settings` and a row in docs/settings.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from advocacy.configuration.kinds import (
    Address,
    Choice,
    EncryptionKey,
    Flag,
    Folder,
    Host,
    Kind,
    Listing,
    Mail,
    SigningKey,
    Text,
    Whole,
)
from advocacy.configuration.service_kinds import DatabaseAddress, MailServer, RedisAddress

NEEDED: Any = object()
"""Default of a required setting: the desk doesn't start without it."""


@dataclass(frozen=True)
class Setting:
    """One row. `default`: as `kind.read` would return it. `secret`: its text is never shown, logged or reported."""

    name: str
    kind: Kind
    default: Any
    secret: bool = False
    remedy: str = ""
    """Overrides the kind's own remedy."""

    @property
    def is_needed(self) -> bool:
        return self.default is NEEDED

    @property
    def help(self) -> str:
        return self.remedy or self.kind.remedy

    @property
    def documented_default(self) -> str:
        """As written in the table of docs/settings.md."""
        if self.is_needed:
            return "required"
        if self.default in ("", []):
            return "empty"
        return f"`{','.join(self.default) if isinstance(self.default, list) else self.default}`"


_SLACK_CHANNEL = Text(80, r"#?[^\s#,]{1,79}", "Use the name or id of one channel, such as #community-advocates.")

SETTINGS: tuple[Setting, ...] = (
    # --- services
    Setting("DATABASE_URL", DatabaseAddress(), NEEDED, secret=True),
    Setting("REDIS_URL", RedisAddress(), NEEDED, secret=True),
    Setting("DESK_CACHE_URL", RedisAddress(), "", secret=True),
    Setting("DESK_CONN_MAX_AGE", Whole(0, 86_400, "seconds"), 600),
    Setting("DESK_WEB_STATEMENT_TIMEOUT_SECONDS", Whole(1, 300, "seconds"), 15),
    Setting("DESK_WORKER_STATEMENT_TIMEOUT_SECONDS", Whole(5, 900, "seconds"), 60),
    Setting("DESK_LOCK_TIMEOUT_SECONDS", Whole(1, 60, "seconds"), 10),
    # --- keys and addresses
    Setting("DESK_SECRET_KEY", SigningKey(), NEEDED, secret=True),
    Setting("DESK_ENCRYPTION_KEYS", Listing(EncryptionKey()), NEEDED, secret=True, remedy=EncryptionKey.remedy),
    Setting("DESK_ALLOWED_HOSTS", Listing(Host(with_any=True)), ["localhost", "127.0.0.1"]),
    Setting("DESK_BASE_URL", Address(bare=True), "http://localhost:8000"),
    Setting("DESK_BEHIND_PROXY", Flag(), False),
    Setting("DESK_STATIC_ROOT", Folder(), ""),
    # --- the desk's own mail, alarms, Slack
    Setting("DESK_EMAIL_URL", MailServer(), "consolemail://", secret=True),
    Setting("DESK_EMAIL_FROM", Mail(with_name=True), ""),
    Setting("DESK_SLACK_API_BASE", Address(example="https://slack.com/api/"), "https://slack.com/api/"),
    Setting(
        "DESK_SLACK_TOKEN",
        Text(400, r"[A-Za-z0-9_-]{10,}", "Use the bot token of the Slack app; it starts with xoxb-."),
        "",
        secret=True,
    ),
    Setting(
        "DESK_SLACK_SIGNING_SECRET",
        Text(200, r"[A-Za-z0-9_-]{16,}", "Use the signing secret of the Slack app (Basic Information)."),
        "",
        secret=True,
    ),
    # --- the CRM that is notified of applications
    Setting("DESK_CRM_WEBHOOK_URL", Address(example="https://crm.example.com/hooks/desk"), ""),
    Setting(
        "DESK_CRM_WEBHOOK_SECRET",
        Text(200, r"[A-Za-z0-9_-]{16,}", "Use a long random word, the same as in the CRM."),
        "",
        secret=True,
    ),
    # --- the webhook for contributors' marks
    Setting(
        "DESK_MARKS_WEBHOOK_SECRET",
        Text(200, r"[A-Za-z0-9_-]{16,}", "Use a long random word, the same as in the calling system."),
        "",
        secret=True,
    ),
    Setting("DESK_TEAM_SLACK_CHANNEL", _SLACK_CHANNEL, ""),
    Setting("DESK_INCIDENT_SLACK_CHANNEL", _SLACK_CHANNEL, ""),
    Setting("DESK_PACKAGE_SLACK_CHANNEL", _SLACK_CHANNEL, ""),
    # --- urgent tickets
    Setting(
        "DESK_ADVOCATES_SLACK_GROUP",
        Text(40, r"S[A-Z0-9]{7,}", "Use the id of the Slack user group; it starts with S."),
        "",
    ),
    Setting("DESK_RAPID_RESPONSE_SLACK_CHANNEL", _SLACK_CHANNEL, ""),
    Setting("DESK_URGENT_ESCALATE_MINUTES", Whole(1, 1440, "minutes"), 15),
    Setting("DESK_URGENT_TAKEN_MINUTES", Whole(5, 1440, "minutes"), 60),
    Setting("DESK_PAGER_WEBHOOK_URL", Address(example="https://pager.example.com/hooks/desk"), ""),
    Setting(
        "DESK_PAGER_WEBHOOK_SECRET",
        Text(200, r"[A-Za-z0-9_-]{16,}", "Use a long random word, the same as in the pager."),
        "",
        secret=True,
    ),
    Setting("DESK_ALARM_MAILS", Listing(Mail()), []),
    # --- behaviour
    Setting("DESK_COMPANY", Text(80), "Acme"),
    Setting("DESK_TRAINING_URL", Address(example="https://handbook.acme.example/answering"), ""),
    Setting("DESK_GUIDELINES_URL", Address(example="https://handbook.acme.example/social-media"), ""),
    Setting("DESK_UNDO_SECONDS", Whole(0, 300, "seconds"), 10),
    Setting("DESK_HOLD_SENDING", Flag(), False),
    Setting("DESK_CLAIM_LEASE_SECONDS", Whole(30, 3600, "seconds"), 180),
    Setting("DESK_DUE_SOON_MINUTES", Whole(0, 20_160, "minutes"), 60),
    Setting("DESK_GROWTH_TICKETS", Whole(0, 100_000, "tickets"), 20),
    Setting("DESK_GROWTH_HOURS", Whole(1, 72, "hours"), 4),
    Setting("DESK_SPIKE_MENTIONS", Whole(0, 100_000, "mentions"), 10),
    Setting("DESK_CLOSE_SOLVED_AFTER_DAYS", Whole(1, 3650, "days"), 14),
    Setting("DESK_ATTACHMENT_MAX_BYTES", Whole(1024, 100 * 1024 * 1024, "bytes"), 10 * 1024 * 1024),
    Setting("DESK_RAW_RETENTION_DAYS", Whole(0, 36_500, "days"), 180),
    Setting("DESK_FILE_RETENTION_DAYS", Whole(0, 36_500, "days"), 730),
    Setting("DESK_MAILS_PER_ADDRESS_PER_DAY", Whole(1, 10_000, "mails"), 20),
    Setting("DESK_PARSE_SECONDS", Whole(1, 60, "seconds"), 10),
    Setting("DESK_PARSE_MEMORY_MB", Whole(64, 2048, "megabytes"), 256),
    # --- people
    Setting("DESK_SESSION_IDLE_MINUTES", Whole(5, 10_080, "minutes"), 480),
    Setting("DESK_SESSION_HOURS", Whole(1, 720, "hours"), 168),
    Setting("DESK_SECOND_FACTOR_ROLES", Listing(Text(150)), ["manager", "admin"]),
    Setting("DESK_OIDC_ISSUER", Address(example="https://login.example.com/realms/acme"), ""),
    Setting("DESK_OIDC_CLIENT_ID", Text(200), ""),
    Setting("DESK_OIDC_CLIENT_SECRET", Text(400), "", secret=True),
    Setting("DESK_OIDC_NAME", Text(80), "single sign-on"),
    Setting("DESK_OIDC_ROLE_CLAIM", Text(100), "groups"),
    Setting(
        "DESK_OIDC_ROLES",
        Listing(Text(300, r".+=[^=]+", "Map a claim value to a role of the desk, such as support=advocate.")),
        [],
    ),
    Setting("DESK_OIDC_SECOND_FACTOR", Flag(), False),
    Setting("DESK_AUDIT_RETENTION_DAYS", Whole(0, 36_500, "days"), 0),
    # --- reaching the platforms
    Setting("DESK_ALLOWED_PRIVATE_HOSTS", Listing(Host(with_port=True)), []),
    Setting("DESK_HTTP_USER_AGENT", Text(200, r"[\x20-\x7e]+", "Use one line of plain ASCII."), "mention-desk/1.0"),
    Setting("DESK_HTTP_PROXY", Address(example="http://proxy.internal:3128"), "", secret=True),
    Setting("DESK_READ_TIMEOUT_SECONDS", Whole(1, 30, "seconds"), 20),
    Setting("DESK_POLL_LEASE_SECONDS", Whole(7, 600, "seconds"), 90),
    # --- diagnostics
    Setting("DESK_LOG_LEVEL", Choice(("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")), "INFO"),
    Setting("DESK_DEBUG", Flag(), False),
)

OTHER_PREFIXES = ("DESK_CHANNEL_", "DESK_TEST_", "DESK_BENCH_")
"""Secrets referred to by connections, and variables for tests and benchmarks only."""
OTHER_NAMES = ("DESK_CHROMIUM",)
