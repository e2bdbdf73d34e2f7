"""URLs of the audit log, below `/audit/`."""

from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("", views.entries, name="log"),
    path("log.csv", views.entries_csv, name="csv"),
]
