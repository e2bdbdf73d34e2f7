from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("experts", "0010_plain_labels"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="outreach",
            options={
                "ordering": ["-asked_at"],
                "permissions": [("view_thanks", "Can see who answered what in a month")],
                "verbose_name": "request to an expert",
                "verbose_name_plural": "requests to experts",
            },
        ),
        migrations.AlterModelOptions(
            name="outreachtext",
            options={
                "ordering": ["-is_default", "name"],
                "verbose_name": "request text",
                "verbose_name_plural": "request texts",
            },
        ),
    ]
