"""Requests end in one state each; the person who answered is credited, expert or not; unsure answers are asked."""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

RUNNING = models.Q(state__in=["asked", "acknowledged", "draft"])

# The respond links that are out there carry the outbox item's key.
KEYS = """
UPDATE experts_outreach o SET key = i.key FROM channels_outbounditem i WHERE i.id = o.outbound_id
"""
CREDIT = """
UPDATE experts_outreach o SET answered_by_id = e.person_id FROM experts_expert e WHERE e.id = o.answered_expert_id
"""
# Back to the old schema, an answer by somebody outside the directory loses the credit, not the answer.
UNCREDIT = """
UPDATE experts_outreach o SET answered_expert_id = e.id FROM experts_expert e WHERE e.person_id = o.answered_by_id
"""
# PostgreSQL refuses to alter a table with pending foreign key checks.
CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"
# Of several running requests to one person, or to one topic, about one ticket, the first goes on.
ONE_EACH = """
UPDATE experts_outreach o SET state = 'withdrawn'
 WHERE o.state IN ('asked', 'acknowledged', 'draft') AND EXISTS (
       SELECT FROM experts_outreach e
        WHERE e.ticket_id = o.ticket_id AND e.id < o.id AND e.state IN ('asked', 'acknowledged', 'draft')
          AND (e.expert_id = o.expert_id OR e.topic_id = o.topic_id))
"""
_OLD = "CASE {0}.state WHEN 'draft' THEN 'acknowledged' WHEN 'sent' THEN 'answered' ELSE 'no_answer' END"
# The old schema knows fewer states. Which they were is kept, for those that nobody changes in the meantime.
KEEP_STATES = """
CREATE TABLE aside_states_of_requests AS
       SELECT id, state FROM experts_outreach WHERE state IN ('draft', 'sent', 'withdrawn')
"""
OLD_STATES = f"""
UPDATE experts_outreach o SET state = {_OLD.format("o")} WHERE state IN ('draft', 'sent', 'withdrawn')
"""
NEW_STATES = f"""
DO $$ BEGIN
  IF to_regclass('aside_states_of_requests') IS NOT NULL THEN
    UPDATE experts_outreach o SET state = a.state
      FROM aside_states_of_requests a WHERE a.id = o.id AND o.state = {_OLD.format("a")};
    DROP TABLE aside_states_of_requests;
  END IF;
END $$
"""
STATES = [
    ("asked", "asked"),
    ("acknowledged", "acknowledged"),
    ("draft", "draft given"),
    ("sent", "draft sent"),
    ("redirected", "redirected"),
    ("declined", "declined"),
    ("answered", "answered"),
    ("no_answer", "no answer"),
    ("withdrawn", "no longer needed"),
]
TO_PERSON = models.ForeignKey(
    blank=True,
    null=True,
    on_delete=django.db.models.deletion.PROTECT,
    related_name="outreach_answers",
    to="mentions.person",
)


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0010_personal_data"),
        ("experts", "0003_people_stay"),
        ("mentions", "0014_personal_data"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "outreach",
            "key",
            models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(),
                default=uuid.uuid4,
                editable=False,
                unique=True,
            ),
        ),
        migrations.RunSQL([KEYS, CHECK_NOW], migrations.RunSQL.noop),
        migrations.RenameField("outreach", "answered_by", "answered_expert"),
        migrations.AddField("outreach", "answered_by", TO_PERSON),
        migrations.RunSQL([CREDIT, CHECK_NOW], [UNCREDIT, CHECK_NOW]),
        migrations.RemoveField("outreach", "answered_expert"),
        migrations.AlterField(
            "outreach", "state", models.CharField(choices=STATES, default="asked", max_length=12)
        ),
        migrations.RunSQL([NEW_STATES, ONE_EACH, CHECK_NOW], [KEEP_STATES, OLD_STATES, CHECK_NOW]),
        migrations.RemoveIndex("outreach", "outreach_running"),
        migrations.AddIndex("outreach", models.Index(condition=RUNNING, fields=["ticket"], name="outreach_running")),
        migrations.AddConstraint(
            "outreach",
            models.UniqueConstraint(
                condition=RUNNING, fields=("ticket", "expert"), name="outreach_once_per_ticket_and_expert"
            ),
        ),
        migrations.AddConstraint(
            "outreach",
            models.UniqueConstraint(
                condition=RUNNING, fields=("ticket", "topic"), name="outreach_once_per_ticket_and_topic"
            ),
        ),
        migrations.CreateModel(
            name="PossibleAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("why", models.CharField(max_length=20)),
                (
                    "verdict",
                    models.CharField(
                        blank=True, choices=[("", "—"), ("yes", "yes"), ("no", "no")], default="", max_length=3
                    ),
                ),
                ("returns_at", models.DateTimeField(blank=True, null=True)),
                ("found_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="mentions.message"
                    ),
                ),
                (
                    "outreach",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="possible_answers",
                        to="experts.outreach",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="mentions.person",
                    ),
                ),
            ],
            options={
                "verbose_name": "possible answer",
                "verbose_name_plural": "possible answers",
                "constraints": [
                    models.UniqueConstraint(fields=("outreach", "message"), name="possible_answer_asked_once")
                ],
            },
        ),
    ]
