"""Puts a comparison into sentences. Changes that chance explains are labelled so, and small numbers are not
compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.alerts.showing import words_of
from metrics.periods import Period
from metrics.summary import moves
from metrics.summary.comparing import Compared, Times
from metrics.tables import duration

MAX_NAMED = 5
"""Channels or tags in one list."""


def name_of(period: Period) -> str:
    """`October 2026` for a whole month, else `2 November 2026 to 8 November 2026`."""
    is_month = period.first.day == 1 and (period.last + timedelta(days=1)).day == 1
    if is_month and (period.last - period.first).days < 31:
        return formats.date_format(period.first, "F Y")
    first, last = (formats.date_format(day, "j F Y") for day in (period.first, period.last))
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def sentences(compared: Compared) -> list[str]:
    """Plain text, one or two sentences each; the first says what is compared."""
    return [*_sentences(compared)]


def _sentences(of: Compared) -> Iterator[str]:
    period = name_of(of.period)
    if not of.is_known:
        yield _("%(period)s: %(mentions)s. Nothing to compare with: the desk has no mentions from before then.") % {
            "period": period,
            "mentions": _mentions(of.mentions.now),
        }
        yield from _of_spikes(of)
        return
    yield _("%(period)s, compared with %(before)s.") % {"period": period, "before": name_of(of.before)}
    yield _counted(of.mentions, _mentions(of.mentions.now), _("came in"))
    yield from _named(of.channels, "")
    yield _counted(of.solved, _tickets(of.solved.now), _("solved"))
    yield _median(of.times)
    yield from (_median_of(each) for each in of.channel_times[:MAX_NAMED])
    yield from _within(of)
    yield from _named(of.tags, _("Tag"))
    yield from _of_spikes(of)
    yield _footnote(of)


def _mentions(count: int) -> str:
    return ngettext("%(count)s mention", "%(count)s mentions", count) % {"count": f"{count:,}"}


def _tickets(count: int) -> str:
    return ngettext("%(count)s ticket", "%(count)s tickets", count) % {"count": f"{count:,}"}


def _change(count: moves.Count) -> str:
    if not count.change:
        return _("as many as before")
    words = _("%(change)s more than before (%(before)s)") if count.change > 0 else _(
        "%(change)s fewer than before (%(before)s)"
    )  # fmt: skip
    return words % {"change": f"{abs(count.change):,}", "before": f"{count.before:,}"}


def _counted(count: moves.Count, what: str, done: str) -> str:
    sentence = _("%(what)s %(done)s, %(change)s.") % {"what": what, "done": done, "change": _change(count)}
    if not count.change or count.has_moved:
        return sentence
    return sentence + " " + _("That could be chance.")


def _named(moved: list[tuple[str, moves.Count]], kind: str) -> Iterator[str]:
    for name, count in moved[:MAX_NAMED]:
        where = f"{kind} {name}".strip()
        yield _("%(where)s: %(mentions)s, %(change)s.") % {
            "where": where, "mentions": _mentions(count.now), "change": _change(count)
        }  # fmt: skip
    if (more := len(moved) - MAX_NAMED) and more > 0:
        yield ngettext("%(count)d more changed.", "%(count)d more changed.", more) % {"count": more}


def _median(times: Times) -> str:
    now, before = times.now, times.before
    values = {"median": duration(now.median), "before": duration(before.median)}
    if not times.longer.is_comparable:
        sentence = _("Median first reply time: %(median)s (before: %(before)s).") % values
        return sentence + " " + _("Too few answers to compare: %(now)s and %(then)s.") % _answers(times)
    if not times.has_moved:
        return _("Median first reply time: %(median)s (before: %(before)s); the difference could be chance.") % values
    return _moved_median(_("Median first reply time"), times)


def _median_of(times: Times) -> str:
    return _moved_median(_("%(channel)s: median first reply time") % {"channel": times.name}, times)


def _moved_median(what: str, times: Times) -> str:
    longer = _("%(what)s: %(median)s, longer than before (%(before)s; %(now)s and %(then)s answers).")
    shorter = _("%(what)s: %(median)s, shorter than before (%(before)s; %(now)s and %(then)s answers).")
    medians = {"median": duration(times.now.median), "before": duration(times.before.median)}
    return (longer if times.is_longer else shorter) % {"what": what, **medians, **_answers(times)}


def _answers(times: Times) -> dict[str, str]:
    return {"now": f"{times.now.answered:,}", "then": f"{times.before.answered:,}"}


def _within(of: Compared) -> Iterator[str]:
    share = of.within
    if not share.is_comparable:
        return
    sentence = _(
        "Answered within target: %(percent)s %% (%(some)s of %(of)s), "
        "before %(then)s %% (%(some_then)s of %(of_then)s)."
    )
    words = sentence % {
        "percent": round(100 * share.some / share.of), "some": f"{share.some:,}", "of": f"{share.of:,}",
        "then": round(100 * share.some_before / share.of_before), "some_then": f"{share.some_before:,}",
        "of_then": f"{share.of_before:,}",
    }  # fmt: skip
    is_same = share.some * share.of_before == share.some_before * share.of
    yield words if share.has_moved or is_same else words + " " + _("That could be chance.")


def _of_spikes(of: Compared) -> Iterator[str]:
    for alert in of.spikes:
        day = formats.date_format(alert.began_at.astimezone(of.period.tz), "j F")
        yield _("%(day)s: %(words)s.") % {"day": day, "words": words_of(alert)}


def _footnote(of: Compared) -> str:
    nothing = not (of.channels or of.channel_times or of.tags)
    intro = _("No channel or tag changed by more than chance would explain.") + " " if nothing else ""
    return intro + _("Only changes of more than three standard deviations are named. Days are in %(zone)s.") % {
        "zone": of.period.tz
    }
