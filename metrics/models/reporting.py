"""Alerts (`metrics.alerts`), the monthly packages (`metrics.package`), what is sent of the numbers (`metrics.mailing`),
and exports (`metrics.exports`)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Alert(models.Model):
    """Something unusual in the numbers, for as long as it lasts."""

    class Kind(models.TextChoices):
        GROWTH = "growth", _("the queue grows")
        SPIKE = "spike", _("unusually many mentions")

    kind = models.CharField(max_length=6, choices=Kind.choices)
    channel = models.ForeignKey("channels.Channel", null=True, on_delete=models.CASCADE, related_name="+")
    """Null if it is about all of them."""
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    at = models.DateTimeField()
    """The moment of its figures: the latest for a growing queue, the peak for a spike."""
    figures = models.JSONField(default=dict)
    """{"arrived", "worked", "hours"} or {"count", "usual", "weeks"}."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "channel"],
                condition=models.Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="alert_once_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["-ended_at"], name="alert_ended")]

    def __str__(self) -> str:
        return f"{self.kind} {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def is_running(self) -> bool:
        return self.ended_at is None


class Package(models.Model):
    """One month as files: slides, pictures, tables and a summary. Built step by step, by any worker."""

    class State(models.TextChoices):
        BUILDING = "building", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    """Of the request: a double click makes one package."""
    month = models.DateField()
    """Its first day."""
    zone = models.CharField(max_length=60)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Who requested it, over what they may see. Null: the scheduled one, over what everybody may see."""
    asked_at = models.DateTimeField()
    channel_ids = ArrayField(models.BigIntegerField())
    """The channels it may count; people who may not see one of them may not see the package."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.BUILDING)
    done = models.SmallIntegerField(default=0)
    """Steps (`metrics.package.steps`)."""
    attempts = models.SmallIntegerField(default=0)
    """Of the present step."""
    leased_until = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    summary = models.JSONField(default=list)
    """Its sentences."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["month"], condition=models.Q(user__isnull=True), name="package_once_per_month"
            )
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="package_building", condition=models.Q(state="building")),
            models.Index(fields=["user", "-asked_at"], name="package_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class PackageFile(models.Model):
    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=120)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["package", "name"], name="package_file_once")]

    def __str__(self) -> str:
        return self.name


class ReportMessage(models.Model):
    """A package or weekly digest for one person, by email or in Slack; sent once."""

    class Way(models.TextChoices):
        MAIL = "mail", _("mail")
        SLACK = "slack", _("Slack")

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    way = models.CharField(max_length=5, choices=Way.choices)
    package = models.ForeignKey(Package, null=True, blank=True, on_delete=models.CASCADE, related_name="messages")
    week = models.DateField(null=True, blank=True)
    """Its Monday, of a digest."""
    due_at = models.DateTimeField(null=True)
    """When it is sent or retried; null: it was sent, or never will be."""
    tries = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "way", "package"], name="report_message_once_per_package"),
            models.UniqueConstraint(fields=["user", "way", "week"], name="report_message_once_per_week"),
        ]
        indexes = [models.Index(fields=["due_at"], name="report_message_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.user_id} {self.way} {self.package_id or self.week}"


class ExportRun(models.Model):
    """The progress of one data export. The desk keeps no copy of the file."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12)
    form = models.CharField(max_length=5)
    first = models.DateField(null=True, blank=True)
    last = models.DateField(null=True, blank=True)
    rows_total = models.IntegerField()
    """Counted before the first row."""
    rows_done = models.IntegerField(default=0)
    begun_at = models.DateTimeField()
    last_at = models.DateTimeField()
    """When it last read a row."""
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        default_permissions = ("add",)
        indexes = [models.Index(fields=["user", "-begun_at"], name="export_of_user")]

    def __str__(self) -> str:
        return f"{self.kind} {self.begun_at:%Y-%m-%d}"
