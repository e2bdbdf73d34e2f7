"""The reports by name, each with its charts and table. A new report is one entry here."""

from __future__ import annotations

from metrics.activity.report import ActivityReport
from metrics.advocates.report import AdvocatesReport
from metrics.by_channel.report import ChannelsReport
from metrics.first_reply.report import FirstReplyReport
from metrics.hours.report import HoursReport
from metrics.outcomes.report import OutcomesReport
from metrics.outreaches.report import ExpertsReport
from metrics.overview.report import OverviewReport
from metrics.reach.report import PlatformsReport
from metrics.release_days.report import ReleaseDayReport
from metrics.tags.report import TagsReport

Report = (
    OverviewReport
    | FirstReplyReport
    | ActivityReport
    | ChannelsReport
    | OutcomesReport
    | PlatformsReport
    | AdvocatesReport
    | ExpertsReport
    | HoursReport
    | ReleaseDayReport
    | TagsReport
)
REPORTS: dict[str, type[Report]] = {
    report.name: report
    for report in (
        OverviewReport,
        FirstReplyReport,
        ActivityReport,
        ChannelsReport,
        OutcomesReport,
        PlatformsReport,
        AdvocatesReport,
        ExpertsReport,
        HoursReport,
        ReleaseDayReport,
        TagsReport,
    )
}
