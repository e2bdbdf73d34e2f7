"""URLs of the experts: directory, requests, the response page, feedback, and Slack's button clicks."""

from django.urls import path

from experts.views import asking, board, community, directory, feedback, people_lists, requests, responding, slack

app_name = "experts"
urlpatterns = [
    path("experts/", directory.directory, name="directory"),
    path("experts/<int:expert_id>/", directory.expert, name="expert"),
    path("experts/<int:expert_id>/active/", directory.active, name="active"),
    path("experts/import/", people_lists.import_csv, name="import"),
    path("experts/export/", people_lists.export_csv, name="export"),
    path("experts/pages/<int:page_id>/", people_lists.team_page, name="team_page"),
    path("experts/pages/<int:page_id>/read/", people_lists.read_page, name="read_page"),
    path("tickets/<int:ticket_id>/ask/", asking.ask, name="ask"),
    path("tickets/<int:ticket_id>/ask/who/", asking.who, name="who"),
    path("tickets/<int:ticket_id>/feedback/", feedback.route, name="route_feedback"),
    path("feedback/", feedback.digests, name="feedback"),
    path("feedback/<int:feedback_id>/", feedback.settle, name="settle_feedback"),
    path("outreaches/<int:outreach_id>/asked/", asking.asked, name="asked"),
    path("outreaches/", board.board, name="board"),
    path("outreaches/thanks/", board.thanks, name="thanks"),
    path("outreaches/<int:outreach_id>/remind/", board.remind, name="remind"),
    path("outreaches/<int:outreach_id>/withdraw/", board.withdraw, name="withdraw"),
    path("outreaches/<int:outreach_id>/", requests.change, name="change"),
    path("outreaches/<int:outreach_id>/draft/", requests.use_draft, name="use_draft"),
    path("outreaches/<int:outreach_id>/edit/", requests.edit_draft, name="edit_draft"),
    path("outreaches/<int:outreach_id>/say/", requests.say, name="say"),
    path("possible-answers/<int:possible_id>/", requests.decide, name="decide"),
    path("respond/<str:signed>/", responding.respond, name="respond"),
    path("take/<str:signed>/", community.take, name="take"),
    path("hooks/slack/", slack.slack, name="slack"),
]
