"""The desk's Celery tasks: thin and idempotent; each only calls a verb with the current time. Schedules are in
`advocacy.runtime.beat`."""

from __future__ import annotations

import time
from datetime import timedelta

from celery import shared_task
from django.contrib.auth import get_user_model
from django.db import connection

from channels import sweeps
from channels.clocks import desk_now
from channels.dispatch import send_task
from channels.models import InboundItem
from mentions.ingest.batch import ingest_pending, retry_suspect, set_aside
from mentions.ingest.unreadable import acknowledge_solved
from mentions.ingest.writing import following
from mentions.marks import swag
from mentions.models import Author
from mentions.notifications import checklist, delivery_news, due_warnings, notices
from mentions.people import linked_accounts
from mentions.personal_data import erasing, retention
from mentions.personal_data import scope as scopes
from mentions.programs import applications
from mentions.questions import asking, reading
from mentions.queue import claim_expiry
from mentions.replies import deliveries, dispatch_replies
from mentions.security_reports import closing, disclosures
from mentions.tickets import lifecycle
from mentions.trackers import closing as closed_issues
from mentions.trackers import following as issues_followed
from mentions.trackers import opening

INGEST_TASK = "mentions.ingest"
RETRY_TASK = "mentions.retry_suspects"
RETRY_FOR_S = 20.0
BATCH = 100
MAX_BATCHES = 50


@shared_task(name=INGEST_TASK)  # type: ignore[untyped-decorator]
def ingest(connection_id: int | None = None) -> int:
    """Ingest everything pending, batch by batch; a very long queue continues in another task. Returns items taken."""
    taken, lost = 0, 0
    for _ in range(MAX_BATCHES):
        batch = ingest_pending(BATCH, connection_id)
        taken, lost = taken + batch.taken, lost + batch.lost
        if batch.taken < BATCH and not batch.left:
            break
    else:
        send_task(INGEST_TASK, connection_id)
    if lost:
        send_task(RETRY_TASK)
    return taken


@shared_task(name=RETRY_TASK)  # type: ignore[untyped-decorator]
def retry_suspects() -> int:
    """Retry items that never finished their first attempt, one at a time, off the main path; return how many. A long
    queue continues in another task, so this worker's other work gets its turn."""
    tried, until = 0, time.monotonic() + RETRY_FOR_S
    set_aside()
    while retry_suspect().taken:
        tried += 1
        if time.monotonic() > until:
            send_task(RETRY_TASK)
            break
    return tried


@shared_task(name="mentions.sweep_inbox")  # type: ignore[untyped-decorator]
def sweep_inbox() -> int:
    """Items left behind by a lost nudge or a killed worker."""
    acknowledge_solved(desk_now())
    waiting = InboundItem.objects.filter(state=InboundItem.State.PENDING)
    if waiting.filter(attempts__gt=0).exists():
        send_task(RETRY_TASK)
    if not waiting.filter(attempts=0).exists():
        return 0
    return int(ingest())


@shared_task(name="mentions.clean_search_index")  # type: ignore[untyped-decorator]
def clean_search_index() -> int:
    """Flush the search index's pending list into the index, so that no insert has to; returns pages cleaned."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('message_search'::regclass)")
        return int(cursor.fetchone()[0])


@shared_task(name="mentions.renew_followed")  # type: ignore[untyped-decorator]
def renew_followed() -> int:
    """Keep following threads with open tickets; others expire."""
    return following.renew(desk_now())


@shared_task(name="mentions.hand_over_due")  # type: ignore[untyped-decorator]
def hand_over_due() -> int:
    """Queue replies past their undo window in the outbox."""
    return dispatch_replies.hand_over_due(desk_now())


@shared_task(name="mentions.apply_deliveries")  # type: ignore[untyped-decorator]
def apply_deliveries() -> int:
    """Apply deliveries that lost their nudge, and report failures."""
    now = desk_now()
    return deliveries.apply_changed(now) + delivery_news.tell(now)


@shared_task(name="mentions.expire_claims")  # type: ignore[untyped-decorator]
def expire_claims() -> int:
    return claim_expiry.expire_claims(desk_now())


@shared_task(name="mentions.wake_parked")  # type: ignore[untyped-decorator]
def wake_parked() -> int:
    """Wake parked tickets that are due, those with an answer, and those whose conversation has moved on."""
    now = desk_now()
    return lifecycle.settle_seen(now) + lifecycle.wake_due(now) + lifecycle.wake_moved(now)


@shared_task(name="mentions.close_solved")  # type: ignore[untyped-decorator]
def close_solved() -> int:
    """In portions, to keep transactions short."""
    total = 0
    while closed := lifecycle.close_solved(desk_now()):
        total += closed
    return total


@shared_task(name="mentions.check_personal")  # type: ignore[untyped-decorator]
def check_personal(account_id: int) -> bool:
    """Verify the owner of a personal account entered on the settings page."""
    return linked_accounts.check(account_id, desk_now())


@shared_task(name="mentions.check_lost_personal")  # type: ignore[untyped-decorator]
def check_lost_personal() -> int:
    """Accounts with a check that never reached a worker."""
    return linked_accounts.check_lost(desk_now())


@shared_task(name="mentions.remind_checklist")  # type: ignore[untyped-decorator]
def remind_checklist() -> bool:
    """Remind the team on Monday morning of the channels to check."""
    return checklist.remind(desk_now())


@shared_task(name="mentions.warn_due_soon")  # type: ignore[untyped-decorator]
def warn_due_soon() -> int:
    """Tell Slack which mentions are due soon."""
    return due_warnings.tell(desk_now())


@shared_task(name="mentions.post_notices")  # type: ignore[untyped-decorator]
def post_notices() -> int:
    """Post due notices to Slack and update posted ones."""
    now = desk_now()
    posted = notices.post_due(now)
    return posted + notices.refresh(now, timedelta(minutes=15))


@shared_task(name="mentions.sweep_notices")  # type: ignore[untyped-decorator]
def sweep_notices() -> int:
    """Mentions with a lost nudge, and Slack messages with a lost edit."""
    now = desk_now()
    return notices.note(None, now) + notices.refresh(now, timedelta(days=3))


@shared_task(name="mentions.remove_old", soft_time_limit=1800, time_limit=1860)  # type: ignore[untyped-decorator]
def remove_old() -> str:
    """Nightly: remove data past its retention period."""
    removed = retention.remove_old(desk_now())
    return f"{removed.raw} raw items, {removed.files} files"


@shared_task(name="mentions.erase_person", soft_time_limit=1800, time_limit=1860)  # type: ignore[untyped-decorator]
def erase_person(author_id: int, actor_id: int) -> dict[str, int]:
    """Erase a person, as confirmed by an admin on an account's page; a second run finds nothing."""
    author = Author.objects.select_related("person").get(pk=author_id)
    actor = get_user_model().objects.get(pk=actor_id)
    return erasing.erase(scopes.of_author(author), now=desk_now(), actor=actor)


@shared_task(name="mentions.follow_reports")  # type: ignore[untyped-decorator]
def follow_reports() -> int:
    """Closed and reopened reports and publications after a lost nudge, and publications that are due."""
    now = desk_now()
    return closing.settle(now) + disclosures.note(None, now) + disclosures.remind(now)


@shared_task(name="mentions.read_issues")  # type: ignore[untyped-decorator]
def read_issues() -> int:
    """Ask trackers about linked issues that are due; return how many."""
    return issues_followed.read_due(desk_now())


@shared_task(name="mentions.sweep_issues")  # type: ignore[untyped-decorator]
def sweep_issues() -> int:
    """Issues after a lost nudge of their delivery, and requesters who have been told."""
    now = desk_now()
    applied = sweeps.each("issues", opening.unsettled(), lambda pk: opening.apply_delivery(pk, now))
    return applied + closed_issues.mark_notified(now)


@shared_task(name="mentions.read_questions")  # type: ignore[untyped-decorator]
def read_questions() -> int:
    """Questions in Slack: posts after a lost nudge, finished tickets, and replies in the threads."""
    now = desk_now()
    sweeps.each("questions", asking.unsettled(), lambda pk: asking.apply_delivery(pk, now))
    asking.end_needless(now)
    return reading.read_due(now)


@shared_task(name="mentions.suggest_swag")  # type: ignore[untyped-decorator]
def suggest_swag() -> int:
    """New swag suggestions, and swag given in the meantime."""
    return swag.suggest(desk_now())


@shared_task(name="mentions.follow_applications")  # type: ignore[untyped-decorator]
def follow_applications() -> int:
    """New applications to programs, and applicants who answered."""
    now = desk_now()
    return applications.receive(now) + applications.note_answers(now)
