"""Whether a mention lies within coverage hours is counted with the tickets now, not with their messages, so changed
hours are noted for that. What is still noted is counted again in both ways."""

from django.db import migrations

SIDES = """
CREATE OR REPLACE FUNCTION metrics_sides_changed(teams bigint[], since timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO metrics_changedhour (channel_id, at{column})
    SELECT DISTINCT t.channel_id, date_trunc('hour', times.at, 'UTC'){value}
      FROM channels_channel c JOIN mentions_ticket t ON t.channel_id = c.id
      CROSS JOIN LATERAL (VALUES (t.posted_at), (t.first_reply_at)) times (at)
     WHERE coalesce(c.team_id, 0) = ANY(teams) AND times.at >= since
$$;
"""
NOTED = "UPDATE metrics_changedhour SET of_ticket = true WHERE NOT of_ticket;"


class Migration(migrations.Migration):
    dependencies = [("metrics", "0010_tallies")]

    operations = [
        migrations.RunSQL(
            SIDES.format(column="", value="") + NOTED, SIDES.format(column=", of_ticket", value=", false")
        ),
    ]
