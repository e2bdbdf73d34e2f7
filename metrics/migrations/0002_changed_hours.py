"""Whoever changes a ticket, the database notes the hours whose figures that changes."""

from django.db import migrations

# An hour for each of a ticket's times that a figure counts by. Appended without a key, so nobody waits for anybody.
HOURS = """
CREATE FUNCTION metrics_hours(posted timestamptz, replied timestamptz, solved timestamptz)
RETURNS SETOF timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT date_trunc('hour', at, 'UTC') FROM unnest(ARRAY[posted, replied, solved]) at WHERE at IS NOT NULL
$$;
"""
# Once per statement: a batch of ingest leaves one row for each channel and hour in it.
MANY = """
CREATE FUNCTION metrics_many_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (channel_id, at)
    SELECT DISTINCT t.channel_id, hours.at
      FROM changed t, metrics_hours(t.posted_at, t.first_reply_at, t.solved_at) hours (at);
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_ticket_added AFTER INSERT ON mentions_ticket REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_many_changed();
CREATE TRIGGER metrics_ticket_removed AFTER DELETE ON mentions_ticket REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_many_changed();
"""
# Per row, so that claims and other updates without consequence for a figure cost a comparison only.
ONE = """
CREATE FUNCTION metrics_one_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (channel_id, at)
    SELECT OLD.channel_id, at FROM metrics_hours(OLD.posted_at, OLD.first_reply_at, OLD.solved_at) at
    UNION
    SELECT NEW.channel_id, at FROM metrics_hours(NEW.posted_at, NEW.first_reply_at, NEW.solved_at) at;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_ticket_changed
AFTER UPDATE OF channel_id, priority, status, posted_at, created_at, first_reply_at, no_reply_reason, solved_at,
    merged_into_id ON mentions_ticket FOR EACH ROW
WHEN ((OLD.channel_id, OLD.priority >= 30, OLD.status IN ('new', 'open'), OLD.posted_at, OLD.created_at,
       OLD.first_reply_at, OLD.no_reply_reason, OLD.solved_at, OLD.merged_into_id) IS DISTINCT FROM
      (NEW.channel_id, NEW.priority >= 30, NEW.status IN ('new', 'open'), NEW.posted_at, NEW.created_at,
       NEW.first_reply_at, NEW.no_reply_reason, NEW.solved_at, NEW.merged_into_id))
EXECUTE FUNCTION metrics_one_changed();
"""
# What counts as within target has changed for everything in the channel.
TARGETS = """
CREATE FUNCTION metrics_target_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_changedhour (channel_id, at)
    SELECT DISTINCT NEW.id, date_trunc('hour', posted_at, 'UTC') FROM mentions_ticket WHERE channel_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_target_changed
AFTER UPDATE OF target_minutes, skips_weekends, counts_coverage ON channels_channel FOR EACH ROW
WHEN ((OLD.target_minutes, OLD.skips_weekends, OLD.counts_coverage) IS DISTINCT FROM
      (NEW.target_minutes, NEW.skips_weekends, NEW.counts_coverage))
EXECUTE FUNCTION metrics_target_changed();
"""
# Coverage hours of the future change no figure yet.
COVERAGE = """
CREATE FUNCTION metrics_coverage_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM changed WHERE starts_at < clock_timestamp()) THEN
        INSERT INTO metrics_changedhour (channel_id, at)
        SELECT DISTINCT t.channel_id, date_trunc('hour', t.posted_at, 'UTC')
          FROM mentions_ticket t JOIN channels_channel c ON c.id = t.channel_id AND c.counts_coverage;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER metrics_coverage_added AFTER INSERT ON mentions_coveredspan REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_coverage_changed();
CREATE TRIGGER metrics_coverage_removed AFTER DELETE ON mentions_coveredspan REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION metrics_coverage_changed();
"""
GONE = """
DROP TRIGGER metrics_coverage_removed ON mentions_coveredspan;
DROP TRIGGER metrics_coverage_added ON mentions_coveredspan;
DROP TRIGGER metrics_target_changed ON channels_channel;
DROP TRIGGER metrics_ticket_changed ON mentions_ticket;
DROP TRIGGER metrics_ticket_removed ON mentions_ticket;
DROP TRIGGER metrics_ticket_added ON mentions_ticket;
DROP FUNCTION metrics_coverage_changed();
DROP FUNCTION metrics_target_changed();
DROP FUNCTION metrics_one_changed();
DROP FUNCTION metrics_many_changed();
DROP FUNCTION metrics_hours(timestamptz, timestamptz, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("metrics", "0001_rollups"),
        ("mentions", "0023_ticket_reply_days"),
        ("channels", "0015_coverage_clock"),
    ]

    operations = [migrations.RunSQL(HOURS + MANY + ONE + TARGETS + COVERAGE, GONE)]
