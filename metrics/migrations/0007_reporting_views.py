"""The schema `reporting`: views for other tools, of what everybody on the desk may see, without texts and authors.

A view runs with its owner's rights, so whoever reads it needs none on the tables. `security_barrier` keeps a condition
of the reader's from seeing rows that the view leaves out. The role is the database's own, so that two desks on one
server do not share it. Without the rights to do this, nothing happens: `manage.py reporting_role` does it later.
"""

from django.db import migrations

OPEN_CHANNEL = "(SELECT c.id FROM public.channels_channel c WHERE c.visible_to = '{}')"
OPEN_TICKET = f"""t.channel_id IN {OPEN_CHANNEL} AND NOT EXISTS (
        SELECT 1 FROM public.mentions_audiencelimit l
        WHERE l.ticket_id = t.id AND l.channel_id NOT IN {OPEN_CHANNEL})"""

VIEWS = {
    "channels": """
    SELECT c.id AS channel_id, c.name, c.slug, n.platform, c.is_active, c.is_internal, c.priority, c.target_minutes
    FROM public.channels_channel c JOIN public.channels_connection n ON n.id = c.connection_id
    WHERE c.visible_to = '{}'""",
    "tickets": f"""
    SELECT t.id AS ticket_id, t.channel_id, t.status, t.priority, t.language, u.username AS assignee, t.posted_at,
        t.created_at AS arrived_at, t.first_reply_at, t.due_at, t.solved_at, t.no_reply_reason,
        extract(epoch FROM greatest(t.first_reply_at - t.posted_at, interval '0'))::bigint AS first_reply_seconds,
        t.merged_into_id IS NOT NULL AS is_merged
    FROM public.mentions_ticket t LEFT JOIN public.auth_user u ON u.id = t.assignee_id
    WHERE {OPEN_TICKET}""",
    "ticket_tags": f"""
    SELECT tt.ticket_id, g.name AS tag
    FROM public.mentions_ticket_tags tt JOIN public.mentions_tag g ON g.id = tt.tag_id
    JOIN public.mentions_ticket t ON t.id = tt.ticket_id
    WHERE {OPEN_TICKET}""",
    "messages": f"""
    SELECT m.id AS message_id, m.ticket_id, m.channel_id, m.direction, m.language, m.posted_at,
        m.ingested_at AS arrived_at, m.is_auto AS is_automatic, m.is_deleted
    FROM public.mentions_message m LEFT JOIN public.mentions_ticket t ON t.id = m.ticket_id
    WHERE m.channel_id IN {OPEN_CHANNEL} AND (m.ticket_id IS NULL OR ({OPEN_TICKET}))""",
    "outreaches": f"""
    SELECT o.id AS outreach_id, o.ticket_id, o.state, p.name AS expert, s.name AS topic, u.username AS asked_by,
        o.asked_at, o.acknowledged_at, o.answered_at, o.reminders
    FROM public.experts_outreach o JOIN public.mentions_ticket t ON t.id = o.ticket_id
    LEFT JOIN public.experts_expert e ON e.id = o.expert_id LEFT JOIN public.mentions_person p ON p.id = e.person_id
    LEFT JOIN public.experts_topic s ON s.id = o.topic_id LEFT JOIN public.auth_user u ON u.id = o.asked_by_id
    WHERE {OPEN_TICKET}""",
}
ROLE = "left(current_database(), 50) || '_reporting'"
MAY_CREATE = "has_database_privilege(current_database(), 'CREATE')"
CREATE_VIEWS = "CREATE SCHEMA IF NOT EXISTS reporting;" + "".join(
    f"CREATE OR REPLACE VIEW reporting.{name} WITH (security_barrier) AS {query};" for name, query in VIEWS.items()
)
CREATE_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = {ROLE}) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', {ROLE});
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$;"""
GRANT = f"""
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = {ROLE}) THEN
        EXECUTE format('GRANT USAGE ON SCHEMA reporting TO %I', {ROLE});
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO %I', {ROLE});
    END IF;
END $$;"""
DROP = "DROP SCHEMA IF EXISTS reporting CASCADE;"
"""The role stays: it belongs to the server, and has no rights left."""


def install(cursor):
    """Views, role and rights, as far as this role may; may be run again. Returns whether the views are there."""
    cursor.execute(f"SELECT {MAY_CREATE} OR to_regnamespace('reporting') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return False
    cursor.execute(CREATE_VIEWS)
    cursor.execute(CREATE_ROLE)
    cursor.execute(GRANT)
    return True


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        install(cursor)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(DROP)


class Migration(migrations.Migration):
    dependencies = [
        ("metrics", "0006_exports"),
        ("mentions", "0026_reports_sent"),
        ("channels", "0017_due_soon"),
        ("experts", "0008_drafts_thanks_wordings"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
