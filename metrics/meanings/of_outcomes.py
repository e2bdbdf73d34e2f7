"""What the figures about how mentions ended mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.meanings.meaning import Meaning

OF_OUTCOMES = (
    Meaning(
        "next_replies",
        _("Next replies"),
        _(
            "Finished waits for a reply that began in the period: each from the oldest unanswered message to us until "
            "our next public message. A ticket may have several; the one for its first reply is one of them."
        ),
    ),
    Meaning(
        "next_median",
        _("Median time to next reply"),
        _("Half of these waits ended within this time. Waits that are still running don't count."),
    ),
    Meaning("next_p75", _("Next reply, 75 % within"), _("Three quarters of these waits ended within this time.")),
    Meaning("next_p90", _("Next reply, 90 % within"), _("Nine in ten of these waits ended within this time.")),
    Meaning(
        "next_waiting",
        _("Still waiting"),
        _("Open tickets with a message to us from the period that nobody has answered since."),
    ),
    Meaning(
        "resolved",
        _("Resolved"),
        _("Tickets that needed a reply and are solved or closed now, by the last day on which they were solved."),
    ),
    Meaning(
        "resolution_median",
        _("Median resolution time"),
        _("Half of the resolved tickets were last solved within this time of being posted."),
    ),
    Meaning(
        "resolution_p75",
        _("Resolution, 75 % within"),
        _("Three quarters of the resolved tickets were last solved within this time."),
    ),
    Meaning(
        "resolution_p90",
        _("Resolution, 90 % within"),
        _("Nine in ten resolved tickets were last solved within this time."),
    ),
    Meaning(
        "one_touch",
        _("One touch"),
        _("Resolved tickets with exactly one public message of ours that were never reopened."),
    ),
    Meaning("one_touch_share", _("Share of one touch"), _("One touch, as a share of the resolved tickets.")),
    Meaning(
        "no_reply_share",
        _("Share of no reply needed"),
        _("Mentions that needed no reply, as a share of all mentions."),
    ),
    Meaning(
        "answered_outside",
        _("Answered outside"),
        _("Tickets that we answered in public in the period on the platform itself, not from the desk."),
    ),
    Meaning(
        "reopened",
        _("Reopened"),
        _("Solved tickets that were reopened in the period, whoever or whatever reopened them."),
    ),
    Meaning(
        "undelivered",
        _("Not delivered"),
        _("Tickets with a reply written in the period that failed, bounced, or may not have been posted."),
    ),
    Meaning("outcome_now", _("In this period"), _("The figure in the chosen period.")),
    Meaning("outcome_before", _("Figure compared with"), _("The figure in the period that this one is compared with.")),
    Meaning("outcome_change", _("Difference"), _("How much more or less than in the period compared with.")),
)
