from django.db import migrations

DEFAULT_GOAL = 420


def forget_default(apps, schema_editor):
    """What was nobody's choice but the column's default is no target of the channel's own."""
    apps.get_model("channels", "Channel").objects.filter(target_minutes=DEFAULT_GOAL).update(target_minutes=None)


def give_default(apps, schema_editor):
    apps.get_model("channels", "Channel").objects.filter(target_minutes=None).update(target_minutes=DEFAULT_GOAL)


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0006_own_targets'),
    ]

    operations = [
        migrations.RunPython(forget_default, give_default),
    ]
