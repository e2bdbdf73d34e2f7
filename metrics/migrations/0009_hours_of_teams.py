"""A channel's team decides what is within target: the triggers note a changed team, and changed hours of a team only
for its channels."""

from django.db import migrations

TARGET = """
DROP TRIGGER metrics_target_changed ON channels_channel;
CREATE TRIGGER metrics_target_changed
AFTER UPDATE OF {columns} ON channels_channel FOR EACH ROW
WHEN (({old}) IS DISTINCT FROM ({new}))
EXECUTE FUNCTION metrics_target_changed();
"""
COVERAGE = """
CREATE OR REPLACE FUNCTION metrics_coverage_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM changed WHERE starts_at < clock_timestamp()) THEN
        INSERT INTO metrics_changedhour (channel_id, at)
        SELECT DISTINCT t.channel_id, date_trunc('hour', t.posted_at, 'UTC')
          FROM mentions_ticket t JOIN channels_channel c ON c.id = t.channel_id AND c.counts_coverage{of_teams};
    END IF;
    RETURN NULL;
END $$;
"""
OF_TEAMS = """
         WHERE coalesce(c.team_id, 0) IN (SELECT team FROM changed WHERE starts_at < clock_timestamp())"""
BEFORE = ["target_minutes", "skips_weekends", "counts_coverage"]


def target(columns: list[str]) -> str:
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return TARGET.format(columns=", ".join(columns), old=old, new=new)


class Migration(migrations.Migration):
    dependencies = [
        ("metrics", "0008_exact_durations"),
        ("channels", "0018_teams"),
        ("mentions", "0030_covered_by_team"),
    ]

    operations = [
        migrations.RunSQL(
            target([*BEFORE, "team_id"]) + COVERAGE.format(of_teams=OF_TEAMS),
            target(BEFORE) + COVERAGE.format(of_teams=""),
        )
    ]
