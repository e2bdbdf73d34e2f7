"""URLs of the team's pages: coverage, hand-over, urgent tickets, contacts, and each room's own."""

from django.urls import include, path

from team import contacts, views
from team.counting import views as counting
from team.handover import views as handover
from team.standing_in import views as standing_in
from team.urgent import views as urgent

app_name = "team"
urlpatterns = [
    path("releases/", include("team.release_pages.urls")),
    path("incidents/", include("team.incident_pages.urls")),
    path("expertises/", include("team.expertise.urls")),
    path("meetings/", include("team.meeting.urls")),
    path("volunteers/", include("team.volunteers.urls")),
    path("contacts/", contacts.contacts, name="contacts"),
    path("coverage/", views.coverage, name="coverage"),
    path("coverage/months/", counting.table, name="months"),
    path("coverage/months/table.csv", counting.table_csv, name="months_csv"),
    path("coverage/shifts/", views.add_shift, name="add_shift"),
    path("coverage/shifts/<int:number>/remove/", views.remove_shift, name="remove_shift"),
    path("coverage/absences/", views.add_absence, name="add_absence"),
    path("coverage/absences/<int:number>/remove/", views.remove_absence, name="remove_absence"),
    path("coverage/absences/<int:number>/stand-ins/", standing_in.hand, name="stand_in"),
    path("coverage/stand-ins/<int:number>/take-back/", standing_in.take_back, name="stand_in_take_back"),
    path("coverage/address/", views.renew_address, name="renew_address"),
    path("hand-over/", handover.hand_over, name="hand_over"),
    path("hand-over/<int:item_id>/begin/", handover.begin, name="hand_over_begin"),
    path("tickets/<int:number>/urgent/", urgent.mark, name="urgent"),
    path("urgent/<int:call_id>/take/", urgent.take, name="take"),
    path("urgent/<int:call_id>/withdraw/", urgent.withdraw, name="withdraw"),
    path("urgent/<int:call_id>/rooms/", urgent.rooms, name="urgent_rooms"),
    path("urgent/<int:call_id>/seen/", urgent.seen, name="urgent_seen"),
    path("coverage/<str:address>.ics", views.feed, name="feed"),
]
