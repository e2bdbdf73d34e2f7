"""URLs of the monthly packages, below `/reports/packages/`."""

from django.urls import path

from metrics.package import views

urlpatterns = [
    path("", views.packages, name="packages"),
    path("make/", views.make, name="make_package"),
    path("<int:package_id>/", views.package, name="package"),
    path("<int:package_id>/again/", views.again, name="package_again"),
    path("<int:package_id>/mentions.zip", views.download, name="package_zip"),
]
