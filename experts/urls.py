from django.urls import path

from experts import views

app_name = "experts"
urlpatterns = [
    path("experts/", views.directory, name="directory"),
    path("tickets/<int:ticket_id>/ask/", views.ask, name="ask"),
    path("outreaches/<int:outreach_id>/", views.change, name="change"),
    path("respond/<str:signed>/", views.respond, name="respond"),
]
