"""The outcomes as a report: by channel, each beside another period, and why no reply was needed."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mentions.models import Ticket
from metrics.by_channel.channel_counts import begins
from metrics.definitions import Filters, Tickets
from metrics.drawing import bars, charts
from metrics.drawing.charts import Spec
from metrics.figures import against
from metrics.figures.parts import NO_PART, Part
from metrics.meanings import MEANINGS
from metrics.outcomes import outcome_counts, rolled
from metrics.outcomes.outcome_counts import ALL, Outcomes, Times
from metrics.periods import Period
from metrics.rollups import access
from metrics.tables import Cell, Chart, Table, change, duration

MAX_DRAWN = 15
OF_CHANNELS = (
    *("mentions", "next_replies", "next_median", "next_p75", "next_p90", "next_waiting"),
    *("resolved", "resolution_median", "resolution_p75", "resolution_p90", "one_touch", "one_touch_share"),
    *("no_reply", "no_reply_share", "answered_outside", "reopened", "undelivered"),
)
COMPARED = (
    *("mentions", "next_replies", "resolved", "one_touch", "no_reply"),
    *("answered_outside", "reopened", "undelivered"),
)
TIMES = {
    **{f"next_{name}": ("next_reply", name, "next_replies") for name in ("median", "p75", "p90")},
    **{f"resolution_{name}": ("resolution", name, "resolved") for name in ("median", "p75", "p90")},
}
"""Figure → (times of what, which of them, the figure that they belong to)."""
SHARES = {"one_touch_share": ("one_touch", "resolved"), "no_reply_share": ("no_reply", "mentions")}
OF_ALL = ("outcome_now", "outcome_before", "outcome_change")
OF_REASONS = ("no_reply", "no_reply_share", "outcome_before", "outcome_change")


class OutcomesReport:
    name = "outcomes"
    title = gettext_lazy("Outcomes")
    has_no_clock = True
    compares = True
    leaves_out = True

    def __init__(self, tickets: Tickets, filters: Filters, now: datetime, user: Any = None) -> None:
        self.tickets, self.filters, self.now = tickets, filters, now
        self.is_rolled = access.may_answer(user, filters, str(filters.period.tz))

    @property
    def note(self) -> str:
        return _("Times run from posting, in all hours. Figures count on the day of the question, solving or event.")

    @cached_property
    def found(self) -> Outcomes:
        if self.is_rolled:
            return outcome_counts.named(rolled.outcomes(self.filters, is_before=False))
        return outcome_counts.outcomes(self.tickets, self.filters, self.now)

    @cached_property
    def before(self) -> Outcomes | None:
        """None if the desk didn't exist for all of these days: unknown, not zero."""
        earlier = self.filters.earlier
        if not begins(self.filters.narrow(self.tickets), earlier):
            return None
        over = self.filters.over(earlier)
        if self.is_rolled:
            return rolled.outcomes(over, is_before=True)
        return outcome_counts.outcomes(self.tickets, over, self.now, is_before=True)

    @property
    def reasons(self) -> list[str]:
        """With a mention in one of the periods, the most frequent first."""
        found, before = self.found.reasons, self.before.reasons if self.before else {}
        return sorted({*found, *before}, key=lambda reason: (-found[reason], reason))

    @property
    def charts(self) -> list[Chart]:
        rows = self._beside_rows()
        return [
            Chart(
                "outcomes", self._titled(_("Outcomes")), self._outcomes, not any(now or ago for _n, now, ago in rows)
            ),
            Chart("reasons", self._titled(_("No reply needed, by reason")), self._reasons, not self.reasons),
            self._times_chart("next_reply", "next-reply", _("Median time to next reply by channel")),
            self._times_chart("resolution", "resolution", _("Median resolution time by channel")),
        ]

    def _titled(self, title: str) -> str:
        return against.titled(title, self.filters.earlier)

    def _beside_rows(self) -> list[tuple[str, int, int | None]]:
        return [(_label(name), self.found.count(name), self._ago(name)) for name in COMPARED if name != "mentions"]

    def _ago(self, name: str) -> int | None:
        return None if self.before is None else self.before.count(name)

    def _reason_ago(self, reason: str) -> int | None:
        return None if self.before is None else self.before.reasons[reason]

    def _outcomes(self, theme: str) -> Spec:
        return bars.beside(
            self._beside_rows(), _("outcome"), _("number"), theme, against.period_in_words(self.filters.earlier)
        )

    def _reasons(self, theme: str) -> Spec:
        rows = [(_reason(each), self.found.reasons[each], self._reason_ago(each)) for each in self.reasons]
        return bars.beside(rows, _("reason"), _("mentions"), theme, against.period_in_words(self.filters.earlier))

    def _times_chart(self, which: str, slug: str, title: str) -> Chart:
        """A chart of the channels with most to count, slowest first."""
        times = {key: each for key, each in getattr(self.found, which).items() if key in self.found.channels}
        most = sorted(times, key=lambda key: (-times[key].count, self.found.channels[key][0]))[:MAX_DRAWN]
        rows = [(self.found.channels[key][0], charts.hours(times[key].median), None) for key in most]
        rows.sort(key=lambda row: -row[1])

        def spec(theme: str) -> Spec:
            return bars.beside(rows, _("channel"), _("median hours"), theme)

        return Chart(slug, title, spec, not rows)

    @property
    def tables(self) -> list[Table]:
        found, earlier = self.found, self.filters.earlier
        keys: list[int | None] = [ALL, *found.channels]
        reasons = [self._by_reason(reason) for reason in self.reasons]
        return [
            Table(_("Channel"), OF_CHANNELS, [self._channel(key) for key in keys], "channels", _("By channel")),
            Table(_("Outcome"), OF_ALL, self._beside(), "beside", _("Overall"), against=earlier),
            Table(_("Reason"), OF_REASONS, reasons, "reasons", _("No reply needed, by reason"), against=earlier),
        ]

    def _channel(self, key: int | None) -> list[Cell]:
        label, platform = (_("All channels"), "") if key is ALL else self.found.channels[key]
        first = Cell(label, label, platform=platform, pinned=key is ALL)
        return [first, *(self._cell(self.found, name, key) for name in OF_CHANNELS)]

    def _cell(self, found: Outcomes, name: str, key: int | None = ALL, period: Period | None = None) -> Cell:
        if name in TIMES:
            which, share, behind = TIMES[name]
            return _time(getattr(getattr(found, which).get(key, Times()), share), behind, key, period)
        if name in SHARES:
            return _share(found.share(*SHARES[name], key), SHARES[name][0], key)
        value = found.count(name, key)
        state = "bad" if name == "undelivered" and value and period is None else ""
        return Cell(f"{value:,}", value, name, key, period=period, state=state)

    def _beside(self) -> list[list[Cell]]:
        """Counts and medians of all channels, compared with the other period."""
        return [self._compared(name) for name in (*COMPARED, *TIMES)]

    def _compared(self, name: str) -> list[Cell]:
        now, earlier = self._cell(self.found, name), self.filters.earlier
        ago = Cell("—", None) if self.before is None else self._cell(self.before, name, period=earlier)
        return [Cell(_label(name), _label(name)), now, ago, change(now, ago, is_time=name in TIMES)]

    def _by_reason(self, reason: str) -> list[Cell]:
        part, value, then = Part(reason=reason), self.found.reasons[reason], self._reason_ago(reason)
        now, ago = Cell(f"{value:,}", value, "no_reply", part=part), Cell("—", None)
        if then is not None:
            ago = Cell(f"{then:,}", then, "no_reply", part=part, period=self.filters.earlier)
        mentions = self.found.count("mentions")
        share = _share(100 * value / mentions if mentions else None, "no_reply", None, part)
        return [Cell(_reason(reason), _reason(reason)), now, share, ago, change(now, ago)]


def _label(name: str) -> str:
    return str(MEANINGS[name].label)


def _reason(reason: str) -> str:
    return str(Ticket.NoReply(reason).label) if reason in Ticket.NoReply.values else reason


def _time(span: timedelta | None, behind: str, key: int | None, period: Period | None) -> Cell:
    return Cell(duration(span), None if span is None else charts.hours(span), behind, key, period=period)


def _share(share: float | None, behind: str, key: int | None, part: Part = NO_PART) -> Cell:
    return Cell("—" if share is None else f"{share:.0f} %", share, behind, key, part=part)
