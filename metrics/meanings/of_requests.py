"""What the figures about requests to experts mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.meanings.meaning import Meaning

OF_REQUESTS = (
    Meaning(
        "requests", _("Requests"), _("Requests sent to experts in the period. One that Slack refused doesn't count.")
    ),
    Meaning(
        "requests_before",
        _("Requests before"),
        _("Requests sent in the period this one is compared with."),
    ),
    Meaning(
        "requests_change",
        _("Change in requests"),
        _("How many more or fewer requests than in the month before, or than in the period compared with."),
    ),
    Meaning(
        "requests_answered",
        _("Requests answered"),
        _("Requests sent in the period that have an answer, whenever it came."),
    ),
    Meaning(
        "requests_open", _("Requests waiting"), _("Requests sent in the period that are still waiting for an answer.")
    ),
    Meaning(
        "requests_over",
        _("Requests ended unanswered"),
        _(
            "Requests sent in the period that ended without one: declined, handed on, no longer needed, or never "
            "answered."
        ),
    ),
    Meaning(
        "took",
        _("Median time to answer"),
        _("Half of the answered requests had an answer within this time of being sent."),
    ),
    Meaning(
        "took_p75",
        _("Answer, 75 % within"),
        _("Three quarters of the answered requests had an answer within this time of being sent."),
    ),
    Meaning(
        "took_p90",
        _("Answer, 90 % within"),
        _("Nine in ten answered requests had an answer within this time of being sent."),
    ),
    Meaning("expert_answers", _("Expert answers"), _("Answers posted in the period, whenever the request was sent.")),
    Meaning(
        "answers_change",
        _("Change in answers"),
        _("How many more or fewer expert answers than in the month before."),
    ),
    Meaning(
        "expert_responded",
        _("Mentions that experts answered"),
        _("Mentions with the tag expert-responded, by the day on which they were posted."),
    ),
    Meaning(
        "responded_change",
        _("Change in these mentions"),
        _("How many more or fewer mentions experts answered than in the month before."),
    ),
)
