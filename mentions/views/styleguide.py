"""Every component in every state, for development and for screenshots when a style changes."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from mentions.models import Reply, Ticket
from mentions.queue.rows import Row, words_in
from mentions.text import times

COLOURS = (
    *("ground", "surface", "raised", "line", "edge", "text", "muted", "accent", "accent-strong", "on-accent"),
    *("accent-soft", "danger", "danger-soft", "warn", "warn-soft", "ok", "ok-soft", "mark", "note"),
)


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    now = desk_now()
    soon = now + timedelta(hours=1)
    due = [now + timedelta(hours=4, minutes=50), now + timedelta(minutes=20), now - timedelta(minutes=20)]
    rows = [
        Row(
            id=number,
            who=who,
            where="@acme",
            platform="twitter",
            subject=subject,
            said="Does the new runner work behind a proxy? The docs only say “supported”, and ours wants NTLM.",
            status=status,
            status_word="" if status in ("new", "open") else status,
            priority=priority,
            priority_word=priority,
            waiting=waiting,
            tags=["ci", "runner"] if number == 2 else [],
            marks=["contributor"] if number == 1 else [],
            holder="maria is on it" if number == 3 else "",
            clock=times.due_tag(due[number % 3], now, now if due[number % 3] < soon else None),
            posted=times.ago_tag(now - timedelta(hours=number), now),
            words=words_in(get_language()),
            fields={},
        )
        for number, (who, subject, status, priority, waiting) in enumerate(
            [
                ("Jane D.", "", "new", "", ""),
                ("Ruth Adler", "Licences for a school", "new", "high", ""),
                ("tux42", "", "open", "urgent", ""),
                ("Boris K", "Talk in Sofia", "open", "", "waiting for an expert, in 3 h"),
                ("Ana Pereira", "", "solved", "", ""),
            ],
            start=1,
        )
    ]
    context = {
        "colours": COLOURS,
        "rows": rows,
        "clocks": [times.due_tag(at, now, now if at < soon else None) for at in due],
        "statuses": Ticket.Status.choices,
        "states": Reply.State.choices,
        "keep": "",
        "is_first": True,
        "next": "",
    }
    return render(request, "mentions/styleguide.html", context)
