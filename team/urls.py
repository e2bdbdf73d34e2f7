from django.urls import include, path

from team import contacts, views

app_name = "team"
urlpatterns = [
    path("releases/", include("team.release.urls")),
    path("expertises/", include("team.expertise.urls")),
    path("meetings/", include("team.meeting.urls")),
    path("contacts/", contacts.contacts, name="contacts"),
    path("coverage/", views.coverage, name="coverage"),
    path("coverage/shifts/", views.add_shift, name="add_shift"),
    path("coverage/shifts/<int:number>/remove/", views.remove_shift, name="remove_shift"),
    path("coverage/absences/", views.add_absence, name="add_absence"),
    path("coverage/absences/<int:number>/remove/", views.remove_absence, name="remove_absence"),
    path("coverage/address/", views.renew_address, name="renew_address"),
    path("coverage/<str:address>.ics", views.feed, name="feed"),
]
