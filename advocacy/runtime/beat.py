"""Every schedule of the desk, in one place: task, seconds between two runs, and what would go wrong without it.

Most of them are sweeps: what they find was normally done at once, by a nudge. A run that could not start before the
next one is due is dropped (`advocacy.runtime.freshness`).
"""

from __future__ import annotations

from typing import Any

from advocacy.runtime.freshness import fresh_for

HOUR = 3600


def every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": fresh_for(max(seconds, 5))}


SCHEDULE: dict[str, dict[str, Any]] = {
    # Connections that are due are leased and polled, one task each. Without it nothing comes in.
    "poll": every(5, "channels.dispatch_polls"),
    # Threads in which somebody waits for an answer are read again. Answers that never name us are seen by this only.
    "followed threads": every(30, "channels.refetch_followed"),
    # Sends what a lost nudge, or a time that has come, has left in the outbox.
    "send": every(5, "channels.send_due"),
    # Items whose worker died while sending become uncertain, and uncertain ones are looked for on the platform.
    "recover the outbox": every(15, "channels.recover_outbox"),
    # Fetched items whose nudge was lost, or whose worker was killed, are made into tickets.
    "ingest": every(15, "mentions.sweep_inbox"),
    # Replies whose undo window is over go to the outbox. Nothing else sends them: this is their clock.
    "hand over": every(2, "mentions.hand_over_due"),
    # What became of replies (sent, uncertain, failed) is written on the ticket, where the nudge was lost.
    "deliveries": every(20, "mentions.apply_deliveries"),
    # Accounts that people have entered on their own page are tried, where the nudge to do so was lost.
    "personal accounts": every(60, "mentions.check_lost_personal"),
    # Tickets of advocates who have left without a word go back to their place.
    "claims": every(30, "mentions.expire_claims"),
    # Parked tickets whose time has come, or whose answer was seen, come back.
    "parked": every(30, "mentions.wake_parked"),
    # Threads with open tickets stay among those that are read again.
    "keep following": every(HOUR, "mentions.renew_followed"),
    # Solved tickets are closed for good when their days are over.
    "close": every(HOUR, "mentions.close_solved"),
    # The raw form of old items, and files of conversations long over, are not kept for ever.
    "retention": every(24 * HOUR, "mentions.remove_old"),
    # The search index's list of what is not yet sorted in would otherwise be emptied by some unlucky insert.
    "search index": every(300, "mentions.clean_search_index"),
    # Outreaches whose delivery or answer was missed.
    "outreaches": every(60, "experts.sweep"),
    # Says that beat and a worker are alive; /healthz reads it.
    "tick": every(10, "advocacy.tasks.tick"),
    # Items whose news got lost would wait in the inbox.
    "nudges": every(30, "channels.nudge_pending"),
    # Channels that are silent too long, credentials that are refused or run out: told in Slack and by mail.
    "alarms": every(300, "channels.sweep_alarms"),
    # Platforms that know when a token runs out are asked, so that the alarm comes days before.
    "expiry": every(24 * HOUR, "channels.ask_expiry"),
    # Slack hears of mentions that are due (digests too), and of what has become of those it was told.
    "notices": every(10, "mentions.post_notices"),
    # The same for what a lost nudge has left behind.
    "missed notices": every(600, "mentions.sweep_notices"),
    # Monday morning: the channels that somebody should look at.
    "checklist": every(HOUR, "mentions.remind_checklist"),
}
