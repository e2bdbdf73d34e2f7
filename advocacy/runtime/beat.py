"""Every schedule of the desk: task, seconds between runs, and the consequence if it doesn't run.

Most are sweeps: their work was normally done at once, by a nudge. A run that could not start before the next one is due
is dropped (`advocacy.runtime.freshness`).
"""

from __future__ import annotations

from typing import Any

from advocacy.runtime.freshness import fresh_for

HOUR = 3600


def every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": fresh_for(max(seconds, 5))}


SCHEDULE: dict[str, dict[str, Any]] = {
    # Leases and polls connections that are due, one task each. Without it nothing comes in.
    "poll": every(5, "channels.dispatch_polls"),
    # Rereads threads where somebody waits for an answer. The only way to see answers that never name us.
    "followed threads": every(30, "channels.refetch_followed"),
    # Sends outbox items that are due, or whose nudge was lost.
    "send": every(5, "channels.send_due"),
    # Marks items as uncertain if their worker died while sending, and searches the platform for uncertain ones.
    "recover the outbox": every(5, "channels.recover_outbox"),
    # Ingests fetched items after a lost nudge or a killed worker.
    "ingest": every(15, "mentions.sweep_inbox"),
    # Queues replies past their undo window in the outbox. Nothing else sends them: this is their clock.
    "hand over": every(2, "mentions.hand_over_due"),
    # Records delivery results (sent, uncertain, failed) on the ticket after a lost nudge.
    "deliveries": every(20, "mentions.apply_deliveries"),
    # Verifies personal accounts after a lost nudge.
    "personal accounts": every(60, "mentions.check_lost_personal"),
    # Returns tickets of advocates who left without releasing them.
    "claims": every(30, "mentions.expire_claims"),
    # Wakes parked tickets that are due, were answered, or whose conversation has moved on.
    "parked": every(30, "mentions.wake_parked"),
    # Handles security reports closed on their platform, or about to be published, after a lost nudge or by time.
    "reports": every(60, "mentions.follow_reports"),
    # Asks trackers about linked issues. The only way to see one closed whose project nobody polls.
    "issues": every(60, "mentions.read_issues"),
    # Reads the Slack threads of questions that parked tickets wait for. The only way to see their answers.
    "questions": every(60, "mentions.read_questions"),
    # Records opened or refused issues, and notified requesters, after a lost nudge.
    "issue deliveries": every(30, "mentions.sweep_issues"),
    # Updates applications to programs, also on applicants' answers, after a lost nudge.
    "applications": every(60, "mentions.follow_applications"),
    # Suggests swag by rule. Nothing else checks who has contributed or helped.
    "swag": every(300, "mentions.suggest_swag"),
    # Keeps following threads with open tickets.
    "keep following": every(HOUR, "mentions.renew_followed"),
    # Closes tickets solved long enough ago.
    "close": every(HOUR, "mentions.close_solved"),
    # Deletes the raw form of old items, and files of old conversations.
    "retention": every(24 * HOUR, "mentions.remove_old"),
    # Flushes the search index's pending list; otherwise some insert would have to.
    "search index": every(300, "mentions.clean_search_index"),
    # Updates outreaches with a missed delivery or answer.
    "outreaches": every(60, "experts.sweep"),
    # Reads the Slack threads of running outreaches. The only way to see drafts and redirects typed there.
    "outreach threads": every(60, "experts.read_threads"),
    # Reads the authors of posts that people comment on. Without it no author is suggested.
    "post authors": every(60, "experts.read_post_authors"),
    # Escalates urgent tickets that nobody takes, ends them, sends their emails. Nothing else does.
    "urgent": every(15, "team.follow_urgent"),
    # Applies the urgency rules after a lost nudge.
    "urgent rules": every(300, "team.mark_urgent"),
    # Opens and ends incidents with the status page, announces them to the team, posts reports. Nothing else does.
    "incidents": every(15, "team.follow_incidents"),
    # Submits planned bulk replies, and takes back undone ones, after a lost nudge or a killed worker.
    "incident replies": every(15, "team.send_incident_replies"),
    # Reminds people at the end of their day of their open work.
    "hand-over": every(300, "team.remind_hand_over"),
    # After an outage of the scheduler: reports to the team how long it was, and what was skipped.
    "pauses": every(60, "team.note_pause"),
    # From noon, once a day: reminds the team of the next day's open hours.
    "gaps": every(HOUR, "team.announce_gaps"),
    # Gives the reply clocks the coverage hours of the coming year, and changed ones after a lost nudge.
    "coverage hours": every(HOUR, "team.publish_coverage"),
    # Reads the team's calendars that are due. Nothing else does.
    "calendars": every(60, "team.read_calendars"),
    # Plans the next release days, and reminds the team a week ahead, on the day and after it.
    "releases": every(60, "team.follow_releases"),
    # Reads the Slack channel of a release on its day, and reminds its owner. Nothing else reads that channel.
    "release channels": every(60, "team.read_release_rooms"),
    # Rotates expertises: announces the change a week ahead, and makes it on the day.
    "expertises": every(60, "team.rotate_expertises"),
    # Tells the team ahead of absences whose roles need somebody, hands roles to stand-ins and back. Nothing else does.
    "stand-ins": every(60, "team.follow_stand_ins"),
    # Plans who does the monthly slides, and prompts them in time.
    "meetings": every(60, "team.prompt_meetings"),
    # Gives volunteers their rights on their day, takes them back, welcomes and thanks them, sends their emails.
    "volunteers": every(60, "team.follow_volunteers"),
    # Posts each topic's weekly digest of feedback. Nothing else does.
    "feedback": every(60, "experts.post_feedback"),
    # Reads team pages that are due, daily or by button. Nothing else does.
    "team pages": every(60, "experts.read_team_pages"),
    # Recounts days whose figures have changed. Without it, the reports get stale.
    "roll-ups": every(30, "metrics.refresh"),
    # Compares the roll-ups of the reports with the tickets. A difference is an alarm.
    "check of the roll-ups": every(24 * HOUR, "metrics.check"),
    # Alerts the team when the queue is growing, or a channel has unusually many mentions.
    "alerts of the numbers": every(300, "metrics.watch"),
    # Starts the month's package, resumes those with a dead worker, and sends packages and weekly digests. Nothing
    # else sends them.
    "packages": every(60, "metrics.follow_packages"),
    # Deletes old packages.
    "old packages": every(24 * HOUR, "metrics.prune_packages"),
    # Marks beat and a worker as alive; /healthz reads it.
    "tick": every(10, "advocacy.tasks.tick"),
    # Repeats lost nudges for items waiting in the inbox.
    "nudges": every(30, "channels.nudge_pending"),
    # Alarms in Slack and by email: silent channels, refused or expiring credentials.
    "alarms": every(300, "channels.sweep_alarms"),
    # Asks platforms when tokens expire, so the alarm is raised days before.
    "expiry": every(24 * HOUR, "channels.ask_expiry"),
    # Posts due notices to Slack (digests too), and updates posted ones.
    "notices": every(10, "mentions.post_notices"),
    # The same after a lost nudge.
    "missed notices": every(600, "mentions.sweep_notices"),
    # Posts the mentions that are due soon to Slack. Nothing else does.
    "due soon": every(60, "mentions.warn_due_soon"),
    # Monday morning: reminds the team of the channels to check.
    "checklist": every(HOUR, "mentions.remind_checklist"),
}
