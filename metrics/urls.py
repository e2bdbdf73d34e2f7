from django.urls import path, re_path

from metrics import views
from metrics.alerts.views import alerts

app_name = "metrics"
urlpatterns = [
    path("", views.index, name="index"),
    path("tickets/", views.tickets, name="tickets"),
    path("vega-<str:version>.js", views.bundle, name="bundle"),
    path("alerts/", alerts, name="alerts"),
    path("<slug:name>/", views.report, name="report"),
    path("<slug:name>/table.csv", views.table_csv, name="csv"),
    re_path(r"^(?P<name>[-\w]+)/(?P<slug>[-\w]+)\.(?P<form>json|svg|png)$", views.chart, name="chart"),
]
