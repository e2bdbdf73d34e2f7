from django.urls import path

from team.volunteers import views

urlpatterns = [
    path("", views.volunteers, name="volunteers"),
    path("invite/", views.invite, name="volunteer_invite"),
    path("training/", views.training, name="training"),
    path("training/leave/", views.leave, name="volunteer_leave"),
    path("training/<slug:exercise>/", views.solve, name="practice"),
    path("<int:volunteer_id>/", views.change, name="volunteer_change"),
    path("answer/<str:invitation>/", views.answer, name="volunteer_answer"),
]
