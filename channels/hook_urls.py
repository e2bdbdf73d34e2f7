from django.urls import path

from channels import views

urlpatterns = [
    path("<uuid:hook_id>/", views.hook, name="hook"),
]
