"""The index by which ingest finds a thread's messages that have no ticket. It is made while the desk works; an
interrupted run leaves an unfinished index behind, which the next run replaces."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mentions", "0033_plain_labels")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS message_loose", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "message",
            models.Index(
                fields=["namespace", "thread_id"],
                name="message_loose",
                condition=Q(ticket_id__isnull=True),
            ),
        ),
    ]
