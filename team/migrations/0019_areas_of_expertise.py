from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("team", "0018_stand_ins"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="expertise",
            options={
                "ordering": ["position", "name"],
                "verbose_name": "area of expertise",
                "verbose_name_plural": "areas of expertise",
            },
        ),
    ]
