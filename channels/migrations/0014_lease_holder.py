from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0013_lookups")]
    operations = [
        migrations.AddField(
            model_name="connection",
            name="lease_holder",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=255),
        ),
    ]
