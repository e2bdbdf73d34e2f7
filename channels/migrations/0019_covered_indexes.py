"""Indexes that another one covers go: each item is written three times until it is stored, and each time into all of
them. They are dropped while the desk works."""

import django.db.models.deletion
from django.db import migrations, models

from channels.db.concurrent_indexes import drop


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("channels", "0018_teams")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                drop("channels_followed", "channels_followed_connection_id_3a5df50e", "connection_id"),
                drop("channels_inbounditem", "channels_inbounditem_batch_id_7a1a45aa", "batch_id"),
                drop("channels_inbounditem", "channels_inbounditem_connection_id_2a791769", "connection_id"),
                drop("channels_inbounditem", "channels_inbounditem_ignored_by_id_1076d85f", "ignored_by_id"),
            ],
            state_operations=[
                migrations.AlterField(
                    "followed",
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="followed",
                        to="channels.connection",
                    ),
                ),
                migrations.AlterField(
                    "inbounditem",
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="items",
                        to="channels.batch",
                    ),
                ),
                migrations.AlterField(
                    "inbounditem",
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="channels.connection",
                    ),
                ),
                migrations.AlterField(
                    "inbounditem",
                    "ignored_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="items",
                        to="channels.ignorerule",
                    ),
                ),
            ],
        ),
    ]
