"""Settings of the desk. Everything that differs between installations comes from the environment.

The full table is `advocacy.configuration.table`, documented in docs/settings.md. Errors in the environment are recorded
in GIVEN, not raised: `advocacy.checks` reports all of them, with remedies, and refuses the start.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _
from environ import Env
from kombu.entity import Queue

from advocacy.configuration import environment

BASE_DIR = Path(__file__).resolve().parent.parent
GIVEN = environment.read(os.environ)

DEBUG: bool = GIVEN["DESK_DEBUG"]
SECRET_KEY: str = GIVEN["DESK_SECRET_KEY"] or ""
ENCRYPTION_KEYS: list[str] = GIVEN["DESK_ENCRYPTION_KEYS"] or []
ALLOWED_HOSTS: list[str] = GIVEN["DESK_ALLOWED_HOSTS"]
BASE_URL: str = GIVEN["DESK_BASE_URL"].rstrip("/")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# --- data -----------------------------------------------------------------------------------------------------------

_database_url: str = GIVEN["DATABASE_URL"] or ""
DATABASES = {"default": Env.db_url_config(_database_url) if _database_url else {"ENGINE": "django.db.backends.dummy"}}
if _database_url:
    DATABASES["default"]["CONN_MAX_AGE"] = GIVEN["DESK_CONN_MAX_AGE"]
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    _options_of_address: Any = DATABASES["default"].get("OPTIONS", {})
    # The limits below are set by `channels.db.db_session` after connecting: a pooler would refuse them as `options`.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 30,  # a silently vanished server is noticed within a minute
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        **_options_of_address,
    }
WEB_STATEMENT_TIMEOUT_SECONDS: int = GIVEN["DESK_WEB_STATEMENT_TIMEOUT_SECONDS"]
WORKER_STATEMENT_TIMEOUT_SECONDS: int = GIVEN["DESK_WORKER_STATEMENT_TIMEOUT_SECONDS"]
LOCK_TIMEOUT_SECONDS: int = GIVEN["DESK_LOCK_TIMEOUT_SECONDS"]
REDIS_URL: str = GIVEN["REDIS_URL"] or ""
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "advocacy.runtime.cache.ForgivingRedisCache",
            "LOCATION": GIVEN["DESK_CACHE_URL"] or REDIS_URL,
            "KEY_PREFIX": "desk",  # the broker uses the same Redis, unless DESK_CACHE_URL says otherwise
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }

# --- apps and middleware --------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "advocacy.apps.AdvocacyConfig",
    "metrics.apps.MetricsConfig",
    "experts.apps.ExpertsConfig",
    "team.apps.TeamConfig",
    "mentions.apps.MentionsConfig",
    "channels.apps.ChannelsConfig",
    "audit.apps.AuditConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "advocacy.apps.DeskAdminConfig",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "advocacy.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "advocacy.monitoring.health_pages.HealthMiddleware",  # before anything that needs a session or a known host
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "advocacy.middleware.bodies.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "advocacy.identity.sessions.SessionLimitsMiddleware",
    "advocacy.identity.second_factor.SecondFactorMiddleware",
    "mentions.views.middleware.ViewerMiddleware",
]
ROOT_URLCONF = "advocacy.urls"
WSGI_APPLICATION = "advocacy.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mentions.views.context.desk",
                "advocacy.monitoring.standing.standing",
                "team.page_notes.notes",
            ]
        },
    }
]

# --- people ---------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["mentions.people.current.TeamBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "advocacy.identity.accounts.TeamAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody can make the desk write to strangers
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "advocacy.identity.accounts.TeamLoginForm",
    "reset_password": "advocacy.identity.accounts.VerifiedResetPasswordForm",
}
ACCOUNT_CHANGE_EMAIL = True  # a new address replaces the old one once verified
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Passwords have separate limits (`advocacy.identity.attempts`); this one is for codes, after the password.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key"}
MFA_ADAPTER = "advocacy.identity.second_factor.TeamMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # no public sign-up: an admin knows the account's owner
SECOND_FACTOR_ROLES: list[str] = GIVEN["DESK_SECOND_FACTOR_ROLES"]
OIDC_ISSUER: str = GIVEN["DESK_OIDC_ISSUER"]
OIDC_NAME: str = GIVEN["DESK_OIDC_NAME"]
OIDC_SECOND_FACTOR: bool = GIVEN["DESK_OIDC_SECOND_FACTOR"]
OIDC_ROLE_CLAIM: str = GIVEN["DESK_OIDC_ROLE_CLAIM"]
OIDC_ROLES: list[str] = GIVEN["DESK_OIDC_ROLES"]
SOCIALACCOUNT_ADAPTER = "advocacy.identity.oidc.accounts.TeamSocialAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form may not lead to another host (CSP), and the state is bound to the session
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"  # the provider says whether it has verified an address
_oidc_app = {
    "provider_id": "company",
    "name": OIDC_NAME,
    "client_id": GIVEN["DESK_OIDC_CLIENT_ID"],
    "secret": GIVEN["DESK_OIDC_CLIENT_SECRET"],
    "settings": {"server_url": OIDC_ISSUER.rstrip("/"), "oauth_pkce_enabled": True},
}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "provider_class": "advocacy.identity.oidc.provider.DeskOIDCProvider",
        "APPS": [_oidc_app] if OIDC_ISSUER else [],
    }
}
SESSION_HOURS: int = GIVEN["DESK_SESSION_HOURS"]
SESSION_IDLE_MINUTES: int = GIVEN["DESK_SESSION_IDLE_MINUTES"]
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
X_FRAME_OPTIONS = "DENY"
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^healthz$"]
if GIVEN["DESK_BEHIND_PROXY"]:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # else all login attempts would come from one address, the proxy's
# Explained in docs/settings.md: other hosts of the domain are not ours to decide about, and without a proxy that
# reports the original scheme a redirect to https would loop.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]

# --- pages ----------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# If set, `collectstatic` fills it and names carry a hash. If not, files are served from the source folders (demo,
# tests).
STATIC_ROOT = GIVEN["DESK_STATIC_ROOT"] or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
_static_storage = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if STATIC_ROOT
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_CONFIG = Env.email_url_config(GIVEN["DESK_EMAIL_URL"])
vars().update(EMAIL_CONFIG)
_host = BASE_URL.partition("://")[2].partition("/")[0].partition(":")[0] or "localhost"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = GIVEN["DESK_EMAIL_FROM"] or f"desk@{_host}"
DEFAULT_EXCEPTION_REPORTER_FILTER = "advocacy.runtime.error_reports.Filter"

# --- the desk -------------------------------------------------------------------------------------------------------

COMPANY_NAME: str = GIVEN["DESK_COMPANY"]
TRAINING_URL: str = GIVEN["DESK_TRAINING_URL"]
GUIDELINES_URL: str = GIVEN["DESK_GUIDELINES_URL"]
HOLD_SENDING: bool = GIVEN["DESK_HOLD_SENDING"]
UNDO_SECONDS: int = GIVEN["DESK_UNDO_SECONDS"]
CLAIM_LEASE_SECONDS: int = GIVEN["DESK_CLAIM_LEASE_SECONDS"]
DUE_SOON_MINUTES: int = GIVEN["DESK_DUE_SOON_MINUTES"]
GROWTH_TICKETS: int = GIVEN["DESK_GROWTH_TICKETS"]
GROWTH_HOURS: int = GIVEN["DESK_GROWTH_HOURS"]
SPIKE_MENTIONS: int = GIVEN["DESK_SPIKE_MENTIONS"]
CLOSE_SOLVED_AFTER_DAYS: int = GIVEN["DESK_CLOSE_SOLVED_AFTER_DAYS"]
ATTACHMENT_MAX_BYTES: int = GIVEN["DESK_ATTACHMENT_MAX_BYTES"]
RAW_RETENTION_DAYS: int = GIVEN["DESK_RAW_RETENTION_DAYS"]
FILE_RETENTION_DAYS: int = GIVEN["DESK_FILE_RETENTION_DAYS"]
MAILS_PER_ADDRESS_PER_DAY: int = GIVEN["DESK_MAILS_PER_ADDRESS_PER_DAY"]
PARSE_SECONDS: int = GIVEN["DESK_PARSE_SECONDS"]
PARSE_MEMORY_MB: int = GIVEN["DESK_PARSE_MEMORY_MB"]
ALLOWED_PRIVATE_HOSTS: list[str] = GIVEN["DESK_ALLOWED_PRIVATE_HOSTS"]
HTTP_USER_AGENT: str = GIVEN["DESK_HTTP_USER_AGENT"]
HTTP_PROXY: str = GIVEN["DESK_HTTP_PROXY"]
READ_TIMEOUT_SECONDS: int = GIVEN["DESK_READ_TIMEOUT_SECONDS"]
POLL_LEASE_SECONDS: int = GIVEN["DESK_POLL_LEASE_SECONDS"]
SLACK_API_BASE: str = GIVEN["DESK_SLACK_API_BASE"]
SLACK_TOKEN: str = GIVEN["DESK_SLACK_TOKEN"]
SLACK_SIGNING_SECRET: str = GIVEN["DESK_SLACK_SIGNING_SECRET"]
CRM_WEBHOOK_URL: str = GIVEN["DESK_CRM_WEBHOOK_URL"]
CRM_WEBHOOK_SECRET: str = GIVEN["DESK_CRM_WEBHOOK_SECRET"]
MARKS_WEBHOOK_SECRET: str = GIVEN["DESK_MARKS_WEBHOOK_SECRET"]
TEAM_SLACK_CHANNEL: str = GIVEN["DESK_TEAM_SLACK_CHANNEL"]
INCIDENT_SLACK_CHANNEL: str = GIVEN["DESK_INCIDENT_SLACK_CHANNEL"]
PACKAGE_SLACK_CHANNEL: str = GIVEN["DESK_PACKAGE_SLACK_CHANNEL"]
ADVOCATES_SLACK_GROUP = GIVEN["DESK_ADVOCATES_SLACK_GROUP"]
RAPID_RESPONSE_SLACK_CHANNEL = GIVEN["DESK_RAPID_RESPONSE_SLACK_CHANNEL"]
URGENT_ESCALATE_MINUTES = GIVEN["DESK_URGENT_ESCALATE_MINUTES"]
URGENT_TAKEN_MINUTES = GIVEN["DESK_URGENT_TAKEN_MINUTES"]
PAGER_WEBHOOK_URL = GIVEN["DESK_PAGER_WEBHOOK_URL"]
PAGER_WEBHOOK_SECRET = GIVEN["DESK_PAGER_WEBHOOK_SECRET"]
ALARM_MAILS: list[str] = GIVEN["DESK_ALARM_MAILS"]
AUDIT_RETENTION_DAYS: int = GIVEN["DESK_AUDIT_RETENTION_DAYS"]

# --- tasks ----------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "redis://unset/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Separate queues, so nothing waits behind slow work: replies behind anything, mentions behind polls, or a person behind
# a page read for somebody else. A worker takes from all of them in turn, or from those in its `-Q`.
CELERY_TASK_DEFAULT_QUEUE = "desk"
_QUEUES: dict[str, tuple[str, ...]] = {
    # Outgoing: the undo window's clock, the outbox, and delivery results.
    "replies": (
        "mentions.hand_over_due",
        "channels.send_due",
        "channels.recover_outbox",
        "mentions.apply_deliveries",
    ),
    # Incoming. Each item has a budget; the first attempt has a small one.
    "ingest": ("mentions.ingest", "mentions.sweep_inbox"),
    # Work that waits for other servers, and retries of items that took too long.
    "polls": (
        "channels.poll",
        "channels.refetch_followed",
        "channels.refetch_thread",
        "channels.ask_expiry",
        "mentions.retry_suspects",
        "experts.read_threads",
        "experts.read_post_authors",
        "experts.read_team_pages",
        "mentions.read_issues",
        "mentions.read_questions",
    ),
    # Work that one person waits for, from a possibly slow server; limited per person.
    "pages": (
        "channels.read_page",
        "channels.find",
        "channels.try_connection",
        "mentions.check_personal",
        "mentions.check_lost_personal",
        "metrics.build_package",
    ),
}
CELERY_TASK_QUEUES = [Queue(name) for name in (CELERY_TASK_DEFAULT_QUEUE, *_QUEUES)]  # type: ignore[no-untyped-call]
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {task: {"queue": queue} for queue, tasks in _QUEUES.items() for task in tasks}
CELERY_TASK_ANNOTATIONS = {task: {"soft_time_limit": 60, "time_limit": 90} for task in _QUEUES["pages"]}
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    # Publishing must not block while Redis is away: sweeps find the work of lost nudges.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
    "socket_connect_timeout": 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # retry forever: a worker that gives up is not restarted
# A poll that continues while Redis is away is still stored; only its message is redelivered.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

CELERY_WORKER_HIJACK_ROOT_LOGGER = False
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "advocacy.runtime.logs.OneLineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "advocacy.runtime.logs.FoldingHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": GIVEN["DESK_LOG_LEVEL"]},
    # Django sets a level on its own logger, which would override the root's.
    "loggers": {"django": {"level": GIVEN["DESK_LOG_LEVEL"], "handlers": [], "propagate": True}},
}
