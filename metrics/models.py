"""Roll-ups: the figures of each day and channel, counted in advance (`metrics.rollups`); and alerts (`metrics.alerts`).

They hold numbers only, no person's data; whatever they say can be counted again from the tickets.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Cell(models.Model):
    """One day of one time zone, in one channel: over all tickets, or over those of high priority."""

    zone = models.CharField(max_length=60)
    day = models.DateField()
    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+")
    high = models.BooleanField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.day} {self.zone} {self.channel_id}{' high' if self.high else ''}"


class DayCount(Cell):
    """How many tickets. The names are those of the figures in `metrics.definitions`; a share is one over another.
    `open` are the unanswered ones, whether or not they are overdue by now."""

    mentions = models.IntegerField(default=0)
    answered = models.IntegerField(default=0)
    within = models.IntegerField(default=0)
    open = models.IntegerField(default=0)
    unsettled = models.IntegerField(default=0)
    no_reply = models.IntegerField(default=0)
    replied = models.IntegerField(default=0)
    solved = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["zone", "high", "day", "channel"], name="day_count_once"),
        ]


class DayTimes(Cell):
    """How long it took, over the tickets posted on the day. `median_s`, `p75_s`, `p90_s` are exact. `buckets` and
    `counts` are a histogram that can be added to others (`metrics.rollups.sketch`)."""

    class Measure(models.IntegerChoices):
        POSTED = 0
        """First reply, from posting."""
        INGESTED = 1
        """First reply, from arrival at the desk."""
        LAG = 2
        """From posting to arrival at the desk."""

    measure = models.SmallIntegerField(choices=Measure.choices)
    median_s = models.FloatField()
    p75_s = models.FloatField()
    p90_s = models.FloatField()
    buckets = ArrayField(models.SmallIntegerField())
    counts = ArrayField(models.IntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["zone", "measure", "high", "day", "channel"], name="day_times_once"),
        ]


class ChangedHour(models.Model):
    """A ticket of this channel has changed a figure of this hour. Database triggers write the rows, whoever changes the
    ticket (migration 0002); a refresh takes them."""

    channel_id = models.BigIntegerField()
    at = models.DateTimeField()
    """The start of an hour (UTC)."""

    def __str__(self) -> str:
        return f"{self.channel_id} {self.at}"


class RolledZone(models.Model):
    """A time zone whose days are counted in advance."""

    zone = models.CharField(max_length=60, primary_key=True)
    built_at = models.DateTimeField(null=True)
    """Null while it is being built, or has to be built again: its figures come from the tickets."""
    built_to = models.DateField(null=True)
    """The last day that the build has counted; the next step goes on from there."""
    version = models.BigIntegerField(default=0)
    """Rises with every change of its figures."""
    checked_at = models.DateTimeField(null=True)
    differences = models.IntegerField(default=0)
    """Cells that the last check found to differ from the tickets."""

    def __str__(self) -> str:
        return self.zone


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
    """The moment of its figures: the latest of a growing queue, the highest of a spike."""
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
