"""Coverage hours of teams. The table stays, as the triggers of the reports hang on it, and what is published keeps its
meaning: the desk's own hours. Backwards, the hours of teams are forgotten."""

from django.db import migrations, models

FORWARDS = """
ALTER TABLE mentions_coveredspan
    ADD COLUMN team integer NOT NULL DEFAULT 0,
    DROP CONSTRAINT mentions_coveredspan_pkey,
    DROP CONSTRAINT mentions_coveredspan_through_s_key;
ALTER TABLE mentions_coveredspan
    ADD PRIMARY KEY (team, starts_at),
    ADD CONSTRAINT covered_span_by_end UNIQUE (team, through_s);
"""
BACKWARDS = """
DELETE FROM mentions_coveredspan WHERE team <> 0;
ALTER TABLE mentions_coveredspan
    DROP CONSTRAINT mentions_coveredspan_pkey,
    DROP CONSTRAINT covered_span_by_end;
ALTER TABLE mentions_coveredspan
    DROP COLUMN team,
    ADD PRIMARY KEY (starts_at),
    ADD UNIQUE (through_s);
"""


class Migration(migrations.Migration):
    dependencies = [("mentions", "0029_swag_rules_stay")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARDS, BACKWARDS)],
            state_operations=[
                migrations.DeleteModel("CoveredSpan"),
                migrations.CreateModel(
                    name="CoveredSpan",
                    fields=[
                        ("pk", models.CompositePrimaryKey("team", "starts_at", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("team", models.IntegerField(default=0, db_default=0)),
                        ("starts_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField()),
                        ("before_s", models.BigIntegerField()),
                        ("through_s", models.BigIntegerField()),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="covered_span_has_length"),
                            models.UniqueConstraint(fields=["team", "through_s"], name="covered_span_by_end"),
                        ],
                    },
                ),
            ],
        ),
    ]
