"""Who sees a ticket is kept by the database itself, whichever way a message comes to it."""

import django.db.models.deletion
from django.db import migrations, models

# Written when a ticket is merged, also where nothing is restricted yet: the channel may become so.
MERGED = """
CREATE FUNCTION mentions_audience_merged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mentions_audiencelimit (ticket_id, channel_id)
    SELECT NEW.merged_into_id, limits.channel_id
      FROM (SELECT NEW.channel_id UNION SELECT channel_id FROM mentions_audiencelimit WHERE ticket_id = NEW.id)
           AS limits (channel_id)
      JOIN mentions_ticket target ON target.id = NEW.merged_into_id AND target.channel_id <> limits.channel_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER mentions_audience_merged AFTER UPDATE OF merged_into_id ON mentions_ticket FOR EACH ROW
WHEN (NEW.merged_into_id IS NOT NULL AND NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id)
EXECUTE FUNCTION mentions_audience_merged();
"""
# Once per statement: a batch of ingest asks once whether any of its messages came through a restricted channel.
PLACED = """
CREATE FUNCTION mentions_audience_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mentions_audiencelimit (ticket_id, channel_id)
    SELECT DISTINCT placed.ticket_id, placed.channel_id
      FROM placed
      JOIN channels_channel c ON c.id = placed.channel_id AND c.visible_to <> '{}'
      JOIN mentions_ticket t ON t.id = placed.ticket_id AND t.channel_id <> placed.channel_id
     WHERE placed.direction <> 'team'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER mentions_audience_inserted AFTER INSERT ON mentions_message REFERENCING NEW TABLE AS placed
FOR EACH STATEMENT EXECUTE FUNCTION mentions_audience_placed();
CREATE TRIGGER mentions_audience_moved AFTER UPDATE ON mentions_message REFERENCING NEW TABLE AS placed
FOR EACH STATEMENT EXECUTE FUNCTION mentions_audience_placed();
"""
RESTRICTED = """
CREATE FUNCTION mentions_audience_restricted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mentions_audiencelimit (ticket_id, channel_id)
    SELECT DISTINCT m.ticket_id, NEW.id
      FROM mentions_message m JOIN mentions_ticket t ON t.id = m.ticket_id AND t.channel_id <> NEW.id
     WHERE m.channel_id = NEW.id AND m.direction <> 'team'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER mentions_audience_restricted AFTER UPDATE OF visible_to ON channels_channel FOR EACH ROW
WHEN (NEW.visible_to <> '{}' AND OLD.visible_to = '{}') EXECUTE FUNCTION mentions_audience_restricted();
"""
GONE = """
DROP TRIGGER mentions_audience_restricted ON channels_channel;
DROP TRIGGER mentions_audience_moved ON mentions_message;
DROP TRIGGER mentions_audience_inserted ON mentions_message;
DROP TRIGGER mentions_audience_merged ON mentions_ticket;
DROP FUNCTION mentions_audience_restricted();
DROP FUNCTION mentions_audience_placed();
DROP FUNCTION mentions_audience_merged();
"""
# What was merged or came before. A chain of merges leads to its end.
BEFORE = """
WITH RECURSIVE went (ticket_id, channel_id) AS (
    SELECT merged_into_id, channel_id FROM mentions_ticket WHERE merged_into_id IS NOT NULL
    UNION
    SELECT t.merged_into_id, went.channel_id FROM went JOIN mentions_ticket t ON t.id = went.ticket_id
     WHERE t.merged_into_id IS NOT NULL
)
INSERT INTO mentions_audiencelimit (ticket_id, channel_id)
SELECT went.ticket_id, went.channel_id FROM went JOIN mentions_ticket t ON t.id = went.ticket_id
 WHERE t.channel_id <> went.channel_id
UNION
SELECT m.ticket_id, m.channel_id FROM mentions_message m
  JOIN channels_channel c ON c.id = m.channel_id AND c.visible_to <> '{}'
  JOIN mentions_ticket t ON t.id = m.ticket_id AND t.channel_id <> m.channel_id
 WHERE m.direction <> 'team';
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED
"""


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0003_visible_to_from_settings"),
        ("mentions", "0009_verified_addresses"),
    ]

    operations = [
        migrations.CreateModel(
            name="AudienceLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="channels.channel"
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audience_limits",
                        to="mentions.ticket",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("ticket", "channel"), name="audience_limit_once"),
                ],
            },
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(MERGED + PLACED + RESTRICTED, GONE),
    ]
