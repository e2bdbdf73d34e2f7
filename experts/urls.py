from django.urls import path

from experts.views import asking, community, directory, responding, slack

app_name = "experts"
urlpatterns = [
    path("experts/", directory.directory, name="directory"),
    path("tickets/<int:ticket_id>/ask/", asking.ask, name="ask"),
    path("outreaches/<int:outreach_id>/", asking.change, name="change"),
    path("outreaches/<int:outreach_id>/draft/", asking.use_draft, name="use_draft"),
    path("outreaches/<int:outreach_id>/say/", asking.say, name="say"),
    path("possible-answers/<int:possible_id>/", asking.decide, name="decide"),
    path("respond/<str:signed>/", responding.respond, name="respond"),
    path("take/<str:signed>/", community.take, name="take"),
    path("hooks/slack/", slack.slack, name="slack"),
]
