"""What the figures counted from tickets mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.meanings.meaning import Meaning

OF_TICKETS = (
    Meaning(
        "mentions",
        _("Mentions"),
        _("Tickets whose first message to us was posted in the period. Merged tickets count once."),
    ),
    Meaning("answered", _("Answered"), _("Mentions that needed a reply and have one, whenever it was sent.")),
    Meaning(
        "median",
        _("Median First Reply Time"),
        _("Half of the answered mentions got their first reply within this time. Unanswered mentions don't count."),
    ),
    Meaning(
        "p75", _("75 % within"), _("Three quarters of the answered mentions got their first reply within this time.")
    ),
    Meaning("p90", _("90 % within"), _("Nine in ten answered mentions got their first reply within this time.")),
    Meaning("goal", _("Goal"), _("7 h over all channels, 5 h over high priority; for a channel, its own target.")),
    Meaning(
        "within",
        _("Within target"),
        _(
            "The share of answered mentions that were answered before they were due: by the channel's own target, else "
            "within 5 h for high priority and 7 h for the rest."
        ),
    ),
    Meaning("late", _("After target"), _("Mentions that were answered after they were due.")),
    Meaning("overdue", _("Overdue, unanswered"), _("Open mentions without an answer that are past their target now.")),
    Meaning("in_time", _("Unanswered, within target"), _("Open mentions without an answer that are not due yet.")),
    Meaning(
        "no_reply",
        _("No reply needed"),
        _(
            "Mentions that somebody gave a reason for, or left to an expert or the community. They are outside all "
            "reply times."
        ),
    ),
    Meaning(
        "unsettled",
        _("Solved, no reply or reason"),
        _(
            "Mentions that are done without an answer or a reason: a reply is on its way, or no reason was "
            "required yet."
        ),
    ),
    Meaning(
        "lag",
        _("Median detection lag"),
        _("Half of the mentions reached the desk within this time of being posted."),
    ),
    Meaning(
        "replied",
        _("First replies"),
        _("Mentions that needed a reply, by the day on which their first reply was posted."),
    ),
    Meaning(
        "queued", _("In the queue"), _("Tickets that are new or open and not parked: somebody has to look at them.")
    ),
    Meaning(
        "overdue_now", _("Overdue"), _("Open mentions without an answer that are past their target, whenever posted.")
    ),
    Meaning(
        "due_soon",
        _("Due soon"),
        _("Open mentions without an answer that are due within their channel's lead time."),
    ),
    Meaning("parked", _("Parked"), _("Open tickets outside the queue, waiting for somebody or for a time.")),
    Meaning("backlog", _("Backlog"), _("Tickets that are new or open, parked ones included.")),
    Meaning("age_4h", _("Under 4 hours"), _("Backlog posted less than 4 hours ago.")),
    Meaning("age_1d", _("4 to 24 hours"), _("Backlog posted 4 to 24 hours ago.")),
    Meaning("age_3d", _("1 to 3 days"), _("Backlog posted 1 to 3 days ago.")),
    Meaning("age_7d", _("3 to 7 days"), _("Backlog posted 3 to 7 days ago.")),
    Meaning("age_older", _("Over 7 days"), _("Backlog posted more than 7 days ago.")),
    Meaning(
        "arrived",
        _("Came in"),
        _("Mentions that reached the desk in the hours before. Those already solved or older than a day are left out."),
    ),
    Meaning(
        "worked",
        _("Worked"),
        _("Mentions that were solved in the hours before, or answered and left to their requester."),
    ),
    Meaning(
        "before",
        _("Compared with"),
        _("Mentions in the period this one is compared with: unless chosen, the same number of days before it."),
    ),
    Meaning("change", _("Change"), _("How many more or fewer mentions than in the period compared with.")),
    Meaning(
        "median_before",
        _("Median before"),
        _("Median First Reply Time of the mentions in the period compared with."),
    ),
    Meaning(
        "median_change",
        _("Change in median"),
        _("How much longer or shorter the median is than in the period compared with."),
    ),
    Meaning(
        "within_before",
        _("Within target before"),
        _("Within target, of the mentions in the period compared with."),
    ),
    Meaning(
        "rising",
        _("Rising"),
        _("At least 5 mentions, and more than in the period compared with, by more than chance would explain."),
    ),
    Meaning("last_hour", _("Within the hour"), _("Mentions posted in the hour before.")),
    Meaning("solved", _("Solved"), _("Tickets that are solved or closed now, by the last day on which that happened.")),
)
