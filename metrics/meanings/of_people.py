"""What the figures about the team's workload mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.meanings.meaning import Meaning

OF_PEOPLE = (
    Meaning("worked_on", _("Worked on"), _("Tickets to which the person did anything then, each once.")),
    Meaning(
        "answered_by",
        _("Answered in public"),
        _("Tickets with a public message of the person posted then, from the desk or with an account of their own."),
    ),
    Meaning("solved_by", _("Solved by them"), _("Tickets that the person solved then, whether or not they are still.")),
    Meaning(
        "no_reply_by",
        _("Reason given"),
        _("Tickets for which the person said then why no reply is needed."),
    ),
    Meaning("requests_by", _("Experts asked"), _("Requests to experts that the person asked then.")),
    Meaning("assigned", _("Assigned now"), _("Tickets that are new or open and assigned to the person now.")),
    Meaning(
        "shift_hours",
        _("On shift"),
        _("Time of the person's shifts in the coverage calendar within the period, so far; without being on call."),
    ),
)
