from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0015_coverage_clock")]
    operations = [
        migrations.AddField(
            model_name="outbounditem",
            name="sending_process",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=160),
        ),
    ]
