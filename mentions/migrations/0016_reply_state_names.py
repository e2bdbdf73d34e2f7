"""The states of a reply that waits get the names that the rest of the desk uses. Only replies on their way have them, so
it takes a moment; `upgrade` runs it while no process does."""

from django.db import migrations

RENAME = "UPDATE mentions_reply SET state = '{new}' WHERE state = '{old}'"
NAMES = (("resting", "scheduled"), ("handed", "queued"))


class Migration(migrations.Migration):
    dependencies = [("mentions", "0015_labels")]

    operations = [
        migrations.RunSQL(RENAME.format(old=old, new=new), RENAME.format(old=new, new=old)) for old, new in NAMES
    ]
