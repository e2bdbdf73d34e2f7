"""Connection (what is polled) and Channel (what people see)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.clocks import desk_now
from channels.models.team import Team
from channels.secrets.sealing import SealedField

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Connection(models.Model):
    """One polled source: an app login, a mailbox, a search. Holds credentials, lease, cursor, quota, health."""

    class Trouble(models.TextChoices):
        """Kind of the last failure: health doesn't depend on the error's text."""

        TRANSIENT = "transient", _("no valid response")
        QUOTA = "quota", _("rate limited")
        AUTH = "auth", _("credentials refused")
        SETTINGS = "settings", _("incomplete settings")
        REFUSED = "refused", _("request refused")
        MALFORMED = "malformed", _("unknown response format")
        BUG = "bug", _("internal error")

    platform = models.CharField(_("platform"), max_length=40, help_text=_("The adapter to use."))
    name = models.CharField(_("name"), max_length=120, unique=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = SealedField(_("secrets"), default=dict, blank=True, editable=False)
    """Name → ciphertext, or `env:DESK_CHANNEL_…`; read through `channels.secrets.vault` only."""
    hook_id = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    """The webhook's URL is `/hooks/<hook_id>/`. Not a secret; the signature authenticates."""
    is_active = models.BooleanField(_("active"), default=True)
    paused_reason = models.CharField(_("why paused"), max_length=200, blank=True)

    cursor = models.JSONField(null=True, blank=True, editable=False)
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    lease_holder = models.CharField(max_length=255, default="", db_default="", blank=True, editable=False)
    """The worker that polls it; empty while the poll is only dispatched."""
    next_poll_at = models.DateTimeField(_("next poll"), null=True, editable=False)
    interval_s = models.PositiveIntegerField(_("seconds between polls"), default=60, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    quota_left = models.IntegerField(_("quota left"), null=True, editable=False)
    quota_resets_at = models.DateTimeField(null=True, editable=False)
    token_expires_at = models.DateTimeField(_("token expires"), null=True, blank=True)
    last_success_at = models.DateTimeField(_("last success"), null=True, editable=False)
    last_item_at = models.DateTimeField(_("last item"), null=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    last_error_at = models.DateTimeField(null=True, editable=False)
    trouble = models.CharField(max_length=10, choices=Trouble.choices, blank=True, editable=False)
    """Empty if the last poll succeeded."""
    created_at = models.DateTimeField(default=desk_now, editable=False)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name"]
        permissions = [("poll_connection", "Can poll and test a connection")]
        indexes = [
            # The dispatcher looks for due active connections every few seconds.
            models.Index(fields=["next_poll_at"], name="connection_due", condition=Q(is_active=True)),
        ]

    def __str__(self) -> str:
        return self.name


class Priority(models.IntegerChoices):
    LOW = 10, _("low")
    NORMAL = 20, _("normal")
    HIGH = 30, _("high")
    URGENT = 40, _("urgent")


class SlackMode(models.TextChoices):
    """When a channel's mentions are posted to Slack."""

    AT_ONCE = "at_once", _("each at once, grouped in a rush")
    HOURLY = "hourly", _("as a digest every hour")
    DAILY = "daily", _("as a digest every day")


def roles_field(name: _StrPromise, help_text: _StrPromise) -> ArrayField[list[str], list[str]]:
    """A field for names of groups (`mentions.people.roles`)."""
    return ArrayField(
        models.CharField(max_length=150), verbose_name=name, default=list, blank=True, help_text=help_text
    )


class Channel(models.Model):
    """One place where people write to us: a handle, an alias, a forum. If several see a message, the lowest rank is its
    primary."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="channels")
    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    address = models.CharField(
        _("address"), max_length=254, blank=True, help_text=_("Handle without @, or mail alias. Empty: everything.")
    )
    rank = models.PositiveIntegerField(
        _("rank"), default=100, help_text=_("The lowest rank is the primary one when several channels see a message.")
    )
    is_default = models.BooleanField(
        _("default"),
        default=False,
        help_text=_("Takes mentions that match no other channel (BCC, keyword search)."),
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = SealedField(_("secrets"), default=dict, blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    to_queue = models.BooleanField(_("makes tickets"), default=True)
    query = models.TextField(
        _("query"), blank=True, help_text=_("What counts as a mention; empty: everything. See the tester.")
    )
    draft_query = models.TextField(_("query to test"), blank=True)
    """Edited in the query tester; takes effect when it is activated (copied to `query`)."""
    slack_channels = models.JSONField(_("Slack channels"), default=list, blank=True)
    slack_mode = models.CharField(
        _("in Slack"), max_length=7, choices=SlackMode.choices, default=SlackMode.AT_ONCE, blank=False
    )
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    target_minutes = models.PositiveIntegerField(
        _("first reply target (minutes)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_(
            "This channel's own target, for any priority. Empty: the default goals, 420 minutes (7 hours), or 300 "
            "(5 hours) for high priority."
        ),
    )
    skips_weekends = models.BooleanField(
        _("target in business days"),
        default=False,
        help_text=_("Saturdays and Sundays (UTC) do not count: 1440 minutes are one business day."),
    )
    counts_coverage = models.BooleanField(
        _("target in coverage hours"),
        default=False,
        db_default=False,
        help_text=_("Only the team's coverage hours count, without holidays. Business days then make no difference."),
    )
    team = models.ForeignKey(
        Team,
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="channels",
        help_text=_("Whose coverage hours count. Empty: the desk's."),
    )
    due_soon_minutes = models.PositiveIntegerField(
        _("due soon (minutes before)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(20_160)],
        help_text=_(
            "How long before its target a mention is marked as due soon and announced in Slack. It counts business "
            "days or coverage hours as the target does. Empty: the desk's setting; 0: never."
        ),
    )
    expected_silence_minutes = models.PositiveIntegerField(
        _("longest normal silence (minutes)"), null=True, blank=True, help_text=_("Empty: as the platform declares.")
    )
    is_internal = models.BooleanField(
        _("internal"),
        null=True,
        blank=True,
        help_text=_("Questions from team members: excluded from reports unless included. Unknown: only in Slack."),
    )
    may_reply = models.BooleanField(_("may be answered from"), default=True)
    visible_to = roles_field(_("visible to"), _("Roles; empty: everybody who may see tickets."))
    reply_roles = roles_field(_("may reply as it"), _("Roles; empty: everybody who may answer tickets."))
    post_roles = roles_field(_("may post as it"), _("Roles that may publish new posts. Empty: nobody."))
    answers_from = ArrayField(
        models.SlugField(max_length=60),
        verbose_name=_("answered from"),
        default=list,
        blank=True,
        help_text=_("Slugs of the channels that its mentions are answered from; empty: all of the connection."),
    )
    source = models.CharField(_("source"), max_length=200, blank=True, help_text=_("Describes the source."))
    web_url = models.CharField(_("web page"), max_length=500, blank=True, help_text=_("Where to open it in a browser."))
    is_checked_weekly = models.BooleanField(
        _("on the weekly checklist"),
        default=False,
        help_text=_("Checked by a person every week, because little or nothing comes in automatically."),
    )
    workflow = models.TextField(_("workflow"), blank=True, help_text=_("Markdown: how to handle its mentions."))
    guidelines = models.TextField(_("guidelines"), blank=True, help_text=_("Markdown, shown next to the composer."))
    tool_links = models.JSONField(_("tool links"), default=list, blank=True)
    """[{"label", "url"}]; {handle}, {email}, {name} are replaced with the requester's data."""
    last_item_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["rank", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "address"], condition=~Q(address=""), name="channel_address_once_per_connection"
            ),
            models.UniqueConstraint(
                fields=["connection"], condition=Q(is_default=True), name="channel_one_default_per_connection"
            ),
        ]

    def __str__(self) -> str:
        return self.name
