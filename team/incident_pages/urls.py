"""URLs of the incidents, below `/incidents/`."""

from django.urls import path

from team.incident_pages import reply_views, views

urlpatterns = [
    path("", views.incidents, name="incidents"),
    path("open/", views.open_one, name="open_incident"),
    path("<int:number>/", views.incident, name="incident"),
    path("<int:number>/details/", views.details, name="incident_details"),
    path("<int:number>/mentions/", views.decide, name="incident_mentions"),
    path("<int:number>/reply/<slug:kind>/", reply_views.compose, name="incident_reply"),
    path("<int:number>/state/", views.change_state, name="incident_state"),
    path("mentions/<int:mention_id>/take-back/", views.take_back, name="incident_take_back"),
    path("mentions/<int:mention_id>/undo/", views.undo_step, name="incident_undo_step"),
    path("batches/<int:batch_id>/", reply_views.progress, name="incident_batch"),
    path("batches/<int:batch_id>/undo/", reply_views.undo, name="incident_undo"),
]
