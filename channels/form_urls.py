from django.urls import path

from channels import views_forms

app_name = "forms"
urlpatterns = [
    path("", views_forms.index, name="index"),
    path("<slug:slug>/", views_forms.page, name="form"),
]
