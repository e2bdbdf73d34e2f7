"""Indexes by which roll-ups find the messages of a day, and what brought a ticket back. They are made while the desk
works; an interrupted run leaves an unfinished index behind, which the next run replaces."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


def begun_anew(name: str) -> migrations.RunSQL:
    return migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mentions", "0031_indexes_of_outcomes")]

    operations = [
        begun_anew("message_times"),
        AddIndexConcurrently(
            "message",
            models.Index(fields=["posted_at"], include=["ticket", "direction"], name="message_times"),
        ),
        begun_anew("event_reopening"),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["ticket", "at"],
                include=["kind"],
                name="event_reopening",
                condition=Q(data__from__status="solved", data__to__status="open")
                | Q(data__from="solved", data__to="open"),
            ),
        ),
    ]
