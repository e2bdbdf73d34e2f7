"""Hours, holidays, shifts and calendars of teams; what there is stays the desk's. Backwards, the hours and holidays of
teams go, as they would be the desk's then."""

import django.db.models.deletion
from django.db import migrations, models

OF_TEAMS_GONE = """
DELETE FROM team_coveragehours WHERE team_id IS NOT NULL;
DELETE FROM team_holiday WHERE team_id IS NOT NULL;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0018_teams'),
        ('team', '0013_mentions_per_hour'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='coveragehours',
            name='coverage_period_once',
        ),
        migrations.AddField(
            model_name='calendarfeed',
            name='team',
            field=models.ForeignKey(blank=True, help_text="Whose hours its shifts cover. Empty: the desk's own.", null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='calendar_feeds', to='channels.team', verbose_name='team'),
        ),
        migrations.AddField(
            model_name='coveragehours',
            name='team',
            field=models.ForeignKey(blank=True, help_text="Empty: the desk's own hours, and those of teams that have none.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='coverage_hours', to='channels.team', verbose_name='team'),
        ),
        migrations.AddField(
            model_name='holiday',
            name='team',
            field=models.ForeignKey(blank=True, help_text='Who has this day off. Empty: everybody.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='holidays', to='channels.team', verbose_name='team'),
        ),
        migrations.AddField(
            model_name='shift',
            name='team',
            field=models.ForeignKey(blank=True, help_text="Whose hours it covers. Empty: the desk's own.", null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='shifts', to='channels.team', verbose_name='team'),
        ),
        migrations.AlterField(
            model_name='holiday',
            name='day',
            field=models.DateField(verbose_name='day'),
        ),
        migrations.AddConstraint(
            model_name='coveragehours',
            constraint=models.UniqueConstraint(fields=('weekday', 'starts', 'ends', 'time_zone', 'team'), name='coverage_period_once_per_team', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='holiday',
            constraint=models.UniqueConstraint(fields=('day', 'team'), name='holiday_once_per_team', nulls_distinct=False),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, OF_TEAMS_GONE),
    ]
