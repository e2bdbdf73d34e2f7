"""Roll-ups keep the durations themselves and the hours of the day. What was counted before has neither: its figures
come from the tickets until it is counted again (`metrics.rollups.reading.version`)."""

import django.contrib.postgres.fields
from django.db import migrations, models


def array(field: models.Field) -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(base_field=field, db_default=[], size=None)


class Migration(migrations.Migration):
    dependencies = [("metrics", "0007_reporting_views")]

    operations = [
        migrations.AddField("daycount", "mentions_hours", array(models.IntegerField())),
        migrations.AddField("daycount", "replied_hours", array(models.IntegerField())),
        migrations.AddField("daytimes", "seconds", array(models.FloatField())),
        # Slices are read out of them; compressed, a whole array would be unpacked for each.
        migrations.RunSQL(
            "ALTER TABLE metrics_daytimes ALTER COLUMN seconds SET STORAGE EXTERNAL", migrations.RunSQL.noop
        ),
    ]
