"""URLs of the monthly meetings, below `/meetings/`."""

from django.urls import path

from team.meeting import views

urlpatterns = [
    path("", views.meetings, name="meetings"),
    path("rota/", views.join_rota, name="meeting_rota"),
    path("<int:number>/", views.meeting, name="meeting"),
    path("<int:number>/tick/", views.tick, name="meeting_tick"),
    path("<int:number>/report/", views.report, name="meeting_report"),
    path("<int:number>/take/", views.take, name="meeting_take"),
]
