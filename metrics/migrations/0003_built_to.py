from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("metrics", "0002_changed_hours")]
    operations = [migrations.AddField("rolledzone", "built_to", models.DateField(null=True))]
