"""Roll-ups of what messages, replies and events say of a day. Whoever changes one of them, the database notes the ticket, and
the hour in which something is gone or was done. What was counted before lacks them: its figures come from the tickets
until it is counted again (`metrics.rollups.reading.version`)."""

import django.db.models.deletion
from django.db import migrations, models

# The hours of everything that was said of a ticket and of those merged into it: in the channel where it is counted now,
# and in the one noted, where it was counted before.
PLACES = """
CREATE FUNCTION metrics_root(ticket bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(p.merged_into_id, o.merged_into_id, o.id)
      FROM mentions_ticket o LEFT JOIN mentions_ticket p ON p.id = o.merged_into_id WHERE o.id = ticket
$$;
CREATE FUNCTION metrics_hours_said(ticket bigint) RETURNS SETOF timestamptz LANGUAGE sql STABLE AS $$
    WITH family AS (
        SELECT ticket AS id
        UNION ALL SELECT k.id FROM mentions_ticket k WHERE k.merged_into_id = ticket
        UNION ALL SELECT g.id FROM mentions_ticket k JOIN mentions_ticket g ON g.merged_into_id = k.id
                   WHERE k.merged_into_id = ticket)
    SELECT DISTINCT date_trunc('hour', at, 'UTC') FROM (
        SELECT unnest(ARRAY[t.posted_at, t.first_reply_at, t.solved_at])
          FROM mentions_ticket t WHERE t.id IN (SELECT id FROM family)
        UNION ALL SELECT posted_at FROM mentions_message WHERE ticket_id IN (SELECT id FROM family)
        UNION ALL SELECT created_at FROM mentions_reply WHERE ticket_id IN (SELECT id FROM family)
        UNION ALL SELECT at FROM mentions_event WHERE ticket_id IN (SELECT id FROM family)
    ) times (at) WHERE at IS NOT NULL
$$;
CREATE FUNCTION metrics_hours_of_ticket(ticket bigint, noted bigint)
RETURNS TABLE (channel_id bigint, at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT t.channel_id, metrics_hours_said(t.id) FROM mentions_ticket t WHERE t.id = metrics_root(ticket)
    UNION SELECT noted, metrics_hours_said(ticket) WHERE noted IS NOT NULL
$$;
"""
TICKETS = """
CREATE FUNCTION metrics_ticket_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedticket (ticket_id, channel_id)
    VALUES (OLD.id, OLD.channel_id), (NEW.id, NEW.channel_id);
    INSERT INTO metrics_changedticket (ticket_id)
    SELECT id FROM unnest(ARRAY[OLD.merged_into_id, NEW.merged_into_id]) id
     WHERE id IS NOT NULL AND OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_ticket_told
AFTER UPDATE OF channel_id, priority, status, posted_at, first_reply_at, no_reply_reason, merged_into_id
ON mentions_ticket FOR EACH ROW
WHEN ((OLD.channel_id, OLD.priority >= 30, OLD.status IN ('new', 'open'), OLD.posted_at, OLD.no_reply_reason,
       OLD.no_reply_reason <> '' AND OLD.first_reply_at IS NULL, OLD.merged_into_id) IS DISTINCT FROM
      (NEW.channel_id, NEW.priority >= 30, NEW.status IN ('new', 'open'), NEW.posted_at, NEW.no_reply_reason,
       NEW.no_reply_reason <> '' AND NEW.first_reply_at IS NULL, NEW.merged_into_id))
EXECUTE FUNCTION metrics_ticket_told();
"""
# `{time}`: the column that says when.
GONE_OR_MOVED = """
CREATE FUNCTION metrics_{what}_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (channel_id, at, of_ticket)
    SELECT DISTINCT t.channel_id, date_trunc('hour', c.{time}, 'UTC'), false
      FROM changed c JOIN mentions_ticket t ON t.id = metrics_root(c.ticket_id);
    INSERT INTO metrics_changedticket (ticket_id) SELECT DISTINCT ticket_id FROM changed WHERE ticket_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_{what}_removed AFTER DELETE ON mentions_{what} REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_{what}_gone();
CREATE FUNCTION metrics_{what}_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (channel_id, at, of_ticket)
    SELECT t.channel_id, date_trunc('hour', OLD.{time}, 'UTC'), false
      FROM mentions_ticket t WHERE t.id = metrics_root(OLD.ticket_id);
    INSERT INTO metrics_changedticket (ticket_id)
    SELECT DISTINCT id FROM unnest(ARRAY[OLD.ticket_id, NEW.ticket_id]) id WHERE id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_{what}_changed AFTER UPDATE OF {columns} ON mentions_{what} FOR EACH ROW
WHEN (({old}) IS DISTINCT FROM ({new}))
EXECUTE FUNCTION metrics_{what}_told();
"""
MESSAGES = """
CREATE FUNCTION metrics_message_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedticket (ticket_id)
    SELECT DISTINCT ticket_id FROM changed WHERE ticket_id IS NOT NULL AND direction IN ('in', 'team');
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_message_added AFTER INSERT ON mentions_message REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_message_said();
"""
# A reply counts once its message is there, or once it is lost.
REPLIES = """
CREATE FUNCTION metrics_reply_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedticket (ticket_id) VALUES (NEW.ticket_id);
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_reply_added AFTER INSERT ON mentions_reply FOR EACH ROW
WHEN (NEW.message_id IS NOT NULL OR NEW.state IN ('failed', 'uncertain', 'deleted'))
EXECUTE FUNCTION metrics_reply_said();
"""
# What is done now concerns its own day. What comes in late, the days after it too; and what brings a ticket back, the day
# on which that is solved.
EVENTS = """
CREATE FUNCTION metrics_event_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (channel_id, at, of_ticket)
    SELECT DISTINCT t.channel_id, date_trunc('hour', e.at, 'UTC'), false
      FROM changed e JOIN mentions_ticket t ON t.id = e.ticket_id
     WHERE e.actor_id IS NOT NULL AND t.merged_into_id IS NULL;
    INSERT INTO metrics_changedticket (ticket_id)
    SELECT DISTINCT e.ticket_id FROM changed e
     WHERE {came_back} OR EXISTS (SELECT 1 FROM mentions_event l WHERE l.ticket_id = e.ticket_id AND l.at > e.at);
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_event_added AFTER INSERT ON mentions_event REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_event_said();
""".replace(
    "{came_back}",
    """e.data #> '{from,status}' = '"solved"' AND e.data #> '{to,status}' = '"open"'
        OR e.data -> 'from' = '"solved"' AND e.data -> 'to' = '"open"'""",
)
# Who an account belongs to decides who answered with it.
ACCOUNTS = """
CREATE FUNCTION metrics_account_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedticket (ticket_id)
    SELECT DISTINCT m.ticket_id FROM mentions_message m
     WHERE m.author_id = NEW.id AND m.direction = 'team' AND m.ticket_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_account_moved AFTER UPDATE OF person_id ON mentions_author FOR EACH ROW
WHEN (OLD.person_id IS DISTINCT FROM NEW.person_id) EXECUTE FUNCTION metrics_account_moved();
CREATE FUNCTION metrics_person_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedticket (ticket_id)
    SELECT DISTINCT m.ticket_id FROM mentions_message m JOIN mentions_author a ON a.id = m.author_id
     WHERE a.person_id = NEW.id AND m.direction = 'team' AND m.ticket_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_person_moved AFTER UPDATE OF user_id ON mentions_person FOR EACH ROW
WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id) EXECUTE FUNCTION metrics_person_moved();
"""
# What lies within coverage hours: with the first changed span, what is before all of them may change for everything later.
COVERAGE = """
CREATE FUNCTION metrics_sides_changed(teams bigint[], since timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO metrics_changedhour (channel_id, at, of_ticket)
    SELECT DISTINCT t.channel_id, date_trunc('hour', times.at, 'UTC'), false
      FROM channels_channel c JOIN mentions_ticket t ON t.channel_id = c.id
      CROSS JOIN LATERAL (VALUES (t.posted_at), (t.first_reply_at)) times (at)
     WHERE coalesce(c.team_id, 0) = ANY(teams) AND times.at >= since
$$;
CREATE FUNCTION metrics_spans_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM changed WHERE starts_at < clock_timestamp()) THEN
        PERFORM metrics_sides_changed(array_agg(DISTINCT team::bigint), min(starts_at)) FROM changed;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_spans_added AFTER INSERT ON mentions_coveredspan REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_spans_changed();
CREATE TRIGGER metrics_spans_removed AFTER DELETE ON mentions_coveredspan REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_spans_changed();
CREATE FUNCTION metrics_team_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM metrics_sides_changed(ARRAY[coalesce(NEW.team_id, 0)], '-infinity');
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_team_changed AFTER UPDATE OF team_id ON channels_channel FOR EACH ROW
WHEN (OLD.team_id IS DISTINCT FROM NEW.team_id) EXECUTE FUNCTION metrics_team_changed();
"""
GONE = """
DROP TRIGGER metrics_team_changed ON channels_channel;
DROP TRIGGER metrics_spans_added ON mentions_coveredspan;
DROP TRIGGER metrics_spans_removed ON mentions_coveredspan;
DROP FUNCTION metrics_team_changed();
DROP FUNCTION metrics_spans_changed();
DROP FUNCTION metrics_sides_changed(bigint[], timestamptz);
DROP TRIGGER metrics_person_moved ON mentions_person;
DROP TRIGGER metrics_account_moved ON mentions_author;
DROP TRIGGER metrics_event_added ON mentions_event;
DROP TRIGGER metrics_event_changed ON mentions_event;
DROP TRIGGER metrics_event_removed ON mentions_event;
DROP TRIGGER metrics_reply_added ON mentions_reply;
DROP TRIGGER metrics_reply_changed ON mentions_reply;
DROP TRIGGER metrics_reply_removed ON mentions_reply;
DROP TRIGGER metrics_message_added ON mentions_message;
DROP TRIGGER metrics_message_changed ON mentions_message;
DROP TRIGGER metrics_message_removed ON mentions_message;
DROP TRIGGER metrics_ticket_told ON mentions_ticket;
DROP FUNCTION metrics_person_moved();
DROP FUNCTION metrics_account_moved();
DROP FUNCTION metrics_event_said();
DROP FUNCTION metrics_event_told();
DROP FUNCTION metrics_event_gone();
DROP FUNCTION metrics_reply_said();
DROP FUNCTION metrics_reply_told();
DROP FUNCTION metrics_reply_gone();
DROP FUNCTION metrics_message_said();
DROP FUNCTION metrics_message_told();
DROP FUNCTION metrics_message_gone();
DROP FUNCTION metrics_ticket_told();
DROP FUNCTION metrics_hours_of_ticket(bigint, bigint);
DROP FUNCTION metrics_hours_said(bigint);
DROP FUNCTION metrics_root(bigint);
"""


def gone_or_moved(what: str, time: str, columns: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    trigger = GONE_OR_MOVED.format(what=what, time=time, columns=", ".join(columns), old=old, new=new)
    for row in ("OLD", "NEW"):  # from scheduled to sent, a reply is the same to every figure
        trigger = trigger.replace(f"{row}.state", f"{row}.state IN ('failed', 'uncertain', 'deleted')")
    return trigger


OF_MESSAGE = ("ticket_id", "direction", "is_auto", "is_deleted", "is_bounced", "posted_at", "author_id", "extra")
OF_REPLY = ("ticket_id", "state", "message_id", "author_id", "created_at")
OF_EVENT = ("ticket_id", "at", "actor_id", "kind", "data")
TRIGGERS = [
    TICKETS,
    gone_or_moved("message", "posted_at", OF_MESSAGE) + MESSAGES,
    gone_or_moved("reply", "created_at", OF_REPLY) + REPLIES,
    gone_or_moved("event", "at", OF_EVENT) + EVENTS,
    ACCOUNTS,
    COVERAGE,
]


class Migration(migrations.Migration):
    dependencies = [
        ("metrics", "0009_hours_of_teams"),
        ("mentions", "0032_indexes_of_tallies"),
        ("channels", "0018_teams"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangedTicket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ticket_id", models.BigIntegerField()),
                ("channel_id", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DayTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("zone", models.CharField(max_length=60)),
                ("day", models.DateField()),
                ("high", models.BooleanField()),
                ("name", models.CharField(max_length=16)),
                ("of", models.CharField(max_length=20)),
                ("before", models.DateField()),
                ("number", models.BigIntegerField()),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="channels.channel"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["zone", "name", "day", "channel", "high", "of", "before"], name="day_tally_once"
                    )
                ],
            },
        ),
        migrations.AlterField(
            "daytimes",
            "measure",
            models.SmallIntegerField(
                choices=[
                    (0, "Posted"),
                    (1, "Ingested"),
                    (2, "Lag"),
                    (3, "Next Reply"),
                    (4, "Resolution"),
                    (5, "Posted Covered"),
                    (6, "Posted Away"),
                    (7, "Ingested Covered"),
                    (8, "Ingested Away"),
                ]
            ),
        ),
        migrations.AddField("changedhour", "of_ticket", models.BooleanField(db_default=True)),
        migrations.RunSQL(PLACES + "".join(TRIGGERS), GONE),
    ]
