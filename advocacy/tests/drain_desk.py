"""`python -m advocacy.tests.drain_desk`: lets hours pass on the desk within seconds, with its own verbs, until nothing
changes any more. Run it while no worker is alive: whatever the desk waits for (leases, index lags, pauses after
failures) is moved into the past, while past events keep their times. Prints what was done as one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime, timedelta
from typing import Any

import django
import requests

STEP = timedelta(minutes=11)
MAX_ROUNDS = 60
PAUSE_S = 2.0
"""After a round that has settled nothing. A post that a platform doesn't show counts as absent only once the attempt
is long enough ago by the machine's clock, so more rounds meanwhile would only repeat the last one."""
WAITED_FOR = {
    "channels_outbounditem": ("not_before", "sending_until"),
    "channels_connection": ("lease_until",),
    "channels_inbounditem": ("lease_until",),
    "channels_followed": ("next_at",),
    "mentions_reply": ("send_at",),
    "mentions_ticket": ("claim_expires_at",),
    "mentions_notice": ("due_at",),
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=0, help="exactly so many; 0: until nothing moves")
    parser.add_argument("--sandbox", required=True, help="its address: what it grants in some minutes is granted anew")
    wanted = parser.parse_args()
    django.setup()
    from django.utils import timezone

    done: dict[str, Any] = {"rounds": 0, "polled": 0, "ingested": 0, "sent": 0, "looked": 0}
    moves = True
    while done["rounds"] < (wanted.rounds or MAX_ROUNDS) and (moves or wanted.rounds):
        let_pass(STEP)
        requests.post(f"{wanted.sandbox}/control/quotas/renew", json={}, timeout=20).raise_for_status()
        before = settled(done)
        moves = one_round(timezone.now(), done)
        if moves and not wanted.rounds and settled(done) == before:
            time.sleep(PAUSE_S)
        done["rounds"] += 1
        sys.stderr.write(f"{done['rounds']}: {done['troubled']} {done['left']} {done['unsent']}\n")
    sys.stdout.write(json.dumps(done) + "\n")
    return 1 if moves and not wanted.rounds else 0


def settled(done: dict[str, Any]) -> list[Any]:
    """What a round changes, unless it only waits."""
    return [done.get(name) for name in ("ingested", "sent", "troubled", "left")]


def let_pass(passed: timedelta) -> None:
    """The machine's clock is unchanged, since posts are looked up by their creation time. The cache, which holds the
    platforms' reported rate limits, is cleared."""
    from django.core.cache import cache
    from django.db import connection

    cache.clear()
    with connection.cursor() as cursor:
        for table, columns in WAITED_FOR.items():
            moved = ", ".join(f"{column} = {column} - %(passed)s" for column in columns)
            cursor.execute(f"UPDATE {table} SET {moved}", {"passed": passed})


def one_round(now: datetime, done: dict[str, Any]) -> bool:
    """Whether anything is still in flight."""
    from channels.models import Connection, InboundItem, OutboundItem
    from channels.outbox import outbox
    from channels.polling import polling
    from mentions.ingest.batch import ingest_pending, retry_suspect, set_aside
    from mentions.models import Reply
    from mentions.notifications import notices
    from mentions.queue import claim_expiry
    from mentions.replies import deliveries, dispatch_replies

    troubled = []
    for pk in Connection.objects.filter(is_active=True).values_list("pk", flat=True):
        polled = polling.poll(pk, now)
        done["polled"] += 1
        if polled.error or polled.more or polled.items or not polled.leased:
            troubled.append([pk, repr(polled)])
    while taken := ingest_pending(200).taken + retry_suspect().taken + set_aside():
        done["ingested"] += taken
    dispatch_replies.hand_over_due(now)
    notices.note(None, now)
    notices.post_due(now)
    notices.refresh(now, timedelta(days=1))
    done["sent"] += outbox.send_due(now)
    done["looked"] += outbox.recover(now)
    deliveries.apply_changed(now)
    claim_expiry.expire_claims(now)
    # A mail with an unknown outcome waits for a person, and later ones in its conversation wait behind it.
    state = OutboundItem.State
    uncertain = OutboundItem.objects.filter(state=state.UNCERTAIN, connection__platform="email")
    left = OutboundItem.objects.filter(state__in=(state.QUEUED, state.RETRYING, state.SENDING, state.UNCERTAIN))
    left = left.exclude(conversation__in=uncertain.values("conversation"))
    scheduled = Reply.objects.filter(state=Reply.State.SCHEDULED)
    pending = InboundItem.objects.filter(state=InboundItem.State.PENDING)
    done["troubled"] = troubled
    done["left"] = [len(troubled), left.count(), scheduled.count(), pending.count()]
    columns = ("pk", "connection__platform", "state", "attempts", "checks", "error", "not_before")
    done["unsent"] = [[str(each) for each in item] for item in left.values_list(*columns)[:10]]
    return any(done["left"])


if __name__ == "__main__":
    sys.exit(main())
