"""URLs of incoming platform webhooks, below `/hooks/`."""

from django.urls import path

from channels.views import channels

urlpatterns = [
    path("<uuid:hook_id>/", channels.hook, name="hook"),
]
