"""A message's thread is found by an index that begins with the thread. One that began with the platform cost as much as
the unique one, for a planner without statistics, where an id was looked up: it read all messages of the platform. Made
and dropped while the desk works."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

from channels.db.concurrent_indexes import without_unfinished


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mentions", "0035_covered_indexes")]

    operations = [
        without_unfinished("message_by_thread"),
        AddIndexConcurrently("message", models.Index(fields=["thread_id", "namespace"], name="message_by_thread")),
        RemoveIndexConcurrently("message", "message_thread"),
    ]
