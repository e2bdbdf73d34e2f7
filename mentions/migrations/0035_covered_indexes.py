"""Indexes of the tables that every mention writes to: what another index covers goes, and what is empty for nearly every
ticket has entries for the others only. They are made and dropped while the desk works."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from channels.db.concurrent_indexes import drop, without_unfinished


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mentions", "0034_index_of_loose_messages")]

    operations = [
        without_unfinished("ticket_replied_by"),
        AddIndexConcurrently(
            "ticket",
            models.Index(
                fields=["first_reply_message"], name="ticket_replied_by", condition=Q(first_reply_message__isnull=False)
            ),
        ),
        without_unfinished("ticket_merged"),
        AddIndexConcurrently(
            "ticket", models.Index(fields=["merged_into"], name="ticket_merged", condition=Q(merged_into__isnull=False))
        ),
        without_unfinished("ticket_followed_up"),
        AddIndexConcurrently(
            "ticket",
            models.Index(fields=["follow_up_of"], name="ticket_followed_up", condition=Q(follow_up_of__isnull=False)),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                drop("mentions_attachment", "mentions_attachment_message_id_8731b10b", "message_id"),
                drop("mentions_event", "mentions_event_actor_id_75252e77", "actor_id"),
                drop("mentions_event", "mentions_event_ticket_id_38e6e6c5", "ticket_id"),
                drop("mentions_message", "mentions_message_author_id_efbd3cca", "author_id"),
                drop("mentions_message", "mentions_message_ticket_id_57ccf121", "ticket_id"),
                drop("mentions_reply", "mentions_reply_ticket_id_7644c8e0", "ticket_id"),
                drop("mentions_sighting", "mentions_sighting_channel_id_c5d9a19d", "channel_id"),
                drop("mentions_sighting", "mentions_sighting_message_id_976778f3", "message_id"),
                drop("mentions_ticket", "mentions_ticket_first_reply_message_id_767c8af5", "first_reply_message_id"),
                drop("mentions_ticket", "mentions_ticket_follow_up_of_id_4df5b8ed", "follow_up_of_id"),
                drop("mentions_ticket", "mentions_ticket_merged_into_id_16fa2d1e", "merged_into_id"),
            ],
            state_operations=[
                migrations.AlterField(
                    "attachment",
                    "message",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="mentions.message",
                    ),
                ),
                migrations.AlterField(
                    "event",
                    "actor",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AlterField(
                    "event",
                    "ticket",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="mentions.ticket",
                    ),
                ),
                migrations.AlterField(
                    "message",
                    "author",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="mentions.author",
                    ),
                ),
                migrations.AlterField(
                    "message",
                    "ticket",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="mentions.ticket",
                    ),
                ),
                migrations.AlterField(
                    "reply",
                    "ticket",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replies",
                        to="mentions.ticket",
                    ),
                ),
                migrations.AlterField(
                    "sighting",
                    "channel",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="channels.channel",
                    ),
                ),
                migrations.AlterField(
                    "sighting",
                    "message",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sightings",
                        to="mentions.message",
                    ),
                ),
                migrations.AlterField(
                    "ticket",
                    "first_reply_message",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="mentions.message",
                    ),
                ),
                migrations.AlterField(
                    "ticket",
                    "follow_up_of",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="mentions.ticket",
                    ),
                ),
                migrations.AlterField(
                    "ticket",
                    "merged_into",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="mentions.ticket",
                    ),
                ),
            ],
        ),
    ]
