from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('team', '0010_volunteers'),
    ]

    operations = [
        migrations.CreateModel(
            name='VolunteerNeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True)),
                ('told_at', models.DateTimeField()),
                ('reminded_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'day with too few volunteers',
                'verbose_name_plural': 'days with too few volunteers',
                'ordering': ['day'],
            },
        ),
    ]
