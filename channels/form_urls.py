"""URLs of the public web forms, below `/forms/`."""

from django.urls import path

from channels.views import forms

app_name = "forms"
urlpatterns = [
    path("", forms.index, name="index"),
    path("<slug:slug>/", forms.page, name="form"),
]
