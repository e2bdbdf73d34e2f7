"""URLs of the volunteer days and their training, below `/volunteers/`."""

from django.urls import path

from team.volunteers import practice_views, views

urlpatterns = [
    path("", views.volunteers, name="volunteers"),
    path("invite/", views.invite, name="volunteer_invite"),
    path("training/", views.training, name="training"),
    path("training/leave/", views.leave, name="volunteer_leave"),
    path("training/play/", practice_views.play, name="practice_play"),
    path("training/undo/<int:number>/", practice_views.undo, name="practice_undo"),
    path("training/<slug:exercise>/", practice_views.show, name="practice"),
    path("training/<slug:exercise>/reply/", practice_views.act, name="practice_reply"),
    path("training/<slug:exercise>/draft/", practice_views.draft, name="practice_draft"),
    path("training/<slug:exercise>/macro/", practice_views.macro, name="practice_macro"),
    path("training/<slug:exercise>/leave/<slug:outcome>/", practice_views.act, name="practice_leave"),
    path("<int:volunteer_id>/", views.change, name="volunteer_change"),
    path("answer/<str:invitation>/", views.answer, name="volunteer_answer"),
]
