"""URLs of the expertises, below `/expertises/`."""

from django.urls import path

from team.expertise import views

urlpatterns = [
    path("", views.expertises, name="expertises"),
    path("round/", views.start_round, name="expertise_round"),
    path("<int:number>/", views.rotate, name="expertise_rotate"),
]
