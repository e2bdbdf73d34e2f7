"""Roll-ups: the figures of each day and channel, counted in advance (`metrics.rollups`).

They hold numbers only, no personal data; everything can be recounted from the tickets.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


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
    mentions_hours = ArrayField(models.IntegerField(), db_default=[])
    replied_hours = ArrayField(models.IntegerField(), db_default=[])
    """Of `mentions` and `replied`, for each hour of the day, from 0."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["zone", "high", "day", "channel"], name="day_count_once"),
        ]


class DayTimes(Cell):
    """How long it took, over the tickets posted on the day. `median_s`, `p75_s`, `p90_s` are exact. `buckets` and
    `counts` are a histogram that can be added to others (`metrics.rollups.sketch`); it says where in `seconds`, all
    durations from the shortest on, an exact percentile of several rows lies (`metrics.rollups.exact`)."""

    class Measure(models.IntegerChoices):
        POSTED = 0
        """First reply, from posting."""
        INGESTED = 1
        """First reply, from arrival at the desk."""
        LAG = 2
        """From posting to arrival at the desk."""
        NEXT_REPLY = 3
        """Waits that ended, by the day on which they began."""
        RESOLUTION = 4
        """From posting to the last solving, by the day of that."""
        POSTED_COVERED = 5
        """As POSTED, of mentions posted within coverage hours."""
        POSTED_AWAY = 6
        INGESTED_COVERED = 7
        INGESTED_AWAY = 8

    measure = models.SmallIntegerField(choices=Measure.choices)
    median_s = models.FloatField()
    p75_s = models.FloatField()
    p90_s = models.FloatField()
    buckets = ArrayField(models.SmallIntegerField())
    counts = ArrayField(models.IntegerField())
    seconds = ArrayField(models.FloatField(), db_default=[])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["zone", "measure", "high", "day", "channel"], name="day_times_once"),
        ]


class DayTally(Cell):
    """What messages, replies and events say of a day (`metrics.rollups.tally_statements`)."""

    class Name(models.TextChoices):
        """The figures, by their names in the reports."""

        NO_REPLY = "no_reply"
        ONE_TOUCH = "one_touch"
        WAITING = "next_waiting"
        REOPENED = "reopened"
        OUTSIDE = "answered_outside"
        UNDELIVERED = "undelivered"
        WORKED_ON = "worked_on"
        ANSWERED_BY = "answered_by"
        SOLVED_BY = "solved_by"
        NO_REPLY_BY = "no_reply_by"
        SIDE_MENTIONS = "side_mentions"
        """Of a side, within coverage hours or outside."""
        SIDE_ANSWERED = "side_answered"
        SIDE_WITHIN = "side_within"
        SIDE_OPEN = "side_open"
        SIDE_REPLIED = "side_replied"
        VIEWS = "views"
        LIKES = "likes"
        SHARES = "shares"
        COMMENTS = "comments"

    name = models.CharField(max_length=16)
    of = models.CharField(max_length=20)
    """The reason, the id of the person, or the side (`covered`, `away`); empty for figures that have none."""
    before = models.DateField()
    """The last day before on which the same happened to the same tickets, 1-1-1 if on none: over any days, a ticket
    counts on the first of them only."""
    number = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "name", "day", "channel", "high", "of", "before"], name="day_tally_once"
            ),
        ]


class ChangedHour(models.Model):
    """A ticket of this channel has changed a figure of this hour. Database triggers write the rows, whoever changes the
    ticket (migration 0002); a refresh takes them."""

    channel_id = models.BigIntegerField()
    at = models.DateTimeField()
    """The start of an hour (UTC)."""
    of_ticket = models.BooleanField(db_default=True)
    """False: only what messages, replies and events say."""

    def __str__(self) -> str:
        return f"{self.channel_id} {self.at}"


class ChangedTicket(models.Model):
    """Something about this ticket has changed what its messages, replies and events say of the days on which they were.
    Written and taken like changed hours (migration 0010)."""

    ticket_id = models.BigIntegerField()
    channel_id = models.BigIntegerField(null=True)
    """Where it was counted before, if that may be another one than now."""

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.channel_id}"


class RolledZone(models.Model):
    """A time zone whose days are counted in advance."""

    zone = models.CharField(max_length=60, primary_key=True)
    built_at = models.DateTimeField(null=True)
    """Null while it is being built or has to be rebuilt: its figures then come from the tickets."""
    built_to = models.DateField(null=True)
    """The last day counted by the build; the next step continues from there."""
    version = models.BigIntegerField(default=0)
    """Rises with every change of its figures."""
    checked_at = models.DateTimeField(null=True)
    differences = models.IntegerField(default=0)
    """Cells that the last check found to differ from the tickets."""

    def __str__(self) -> str:
        return self.zone
