"""Indexes that the report on outcomes counts from. They are made while the desk works: a table of millions of messages
stays writable meanwhile. One of them has all of the older one and takes its place. An interrupted run leaves an unfinished
index behind, which the next run replaces."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


def begun_anew(name: str) -> migrations.RunSQL:
    return migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mentions", "0030_covered_by_team")]

    operations = [
        begun_anew("message_said"),
        AddIndexConcurrently(
            "message",
            models.Index(
                fields=["ticket", "posted_at", "id"],
                include=["direction", "is_auto", "is_deleted", "is_bounced"],
                name="message_said",
            ),
        ),
        begun_anew("message_answers"),
        AddIndexConcurrently(
            "message",
            models.Index(
                fields=["posted_at"],
                include=["ticket", "id"],
                name="message_answers",
                condition=Q(direction="team", is_auto=False, is_deleted=False, is_bounced=False),
            ),
        ),
        begun_anew("event_came_back"),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["at"],
                include=["ticket", "kind"],
                name="event_came_back",
                condition=Q(data__from__status="solved", data__to__status="open")
                | Q(data__from="solved", data__to="open"),
            ),
        ),
        RemoveIndexConcurrently("message", "message_ticket_order"),
    ]
