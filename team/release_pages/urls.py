"""URLs of the release days, below `/releases/`."""

from django.urls import path

from team.release_pages import room_views, staffing_views, views

urlpatterns = [
    path("", views.releases, name="releases"),
    path("rota/", views.join_rota, name="release_rota"),
    path("<int:number>/", views.release, name="release"),
    path("<int:number>/details/", views.details, name="release_details"),
    path("<int:number>/overview/", views.save_overview, name="release_overview"),
    path("<int:number>/owner/", views.assign, name="release_owner"),
    path("<int:number>/room/", room_views.decide, name="release_room"),
    path("<int:number>/invite/", staffing_views.invite, name="release_invite"),
    path("<int:number>/expert/", staffing_views.put_on_call, name="release_expert"),
    path("<int:number>/swap/", views.ask_swap, name="ask_release_swap"),
    path("swaps/<int:number>/", views.decide_swap, name="decide_release_swap"),
]
