"""URLs of the reports, below `/reports/`: charts, tables, exports, alerts and the wall display."""

from django.urls import include, path, re_path

from metrics import views
from metrics.alerts.views import alerts
from metrics.exports import views as exports
from metrics.pages import behind
from metrics.wall import views as wall

app_name = "metrics"
urlpatterns = [
    path("", views.index, name="index"),
    path("tickets/", behind.tickets, name="tickets"),
    path("vega-<str:version>.js", views.bundle, name="bundle"),
    path("alerts/", alerts, name="alerts"),
    path("export/", exports.exports, name="exports"),
    path("export/file/", exports.export, name="export"),
    path("packages/", include("metrics.package.urls")),
    path("wall/", wall.wall, name="wall"),
    path("<slug:name>/", views.report, name="report"),
    path("<slug:name>/table.csv", views.table_csv, name="csv"),
    re_path(r"^(?P<name>[-\w]+)/(?P<slug>[-\w]+)\.(?P<form>json|svg|png)$", views.chart, name="chart"),
]
