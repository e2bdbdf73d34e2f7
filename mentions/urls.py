from django.urls import URLPattern

app_name = "mentions"
urlpatterns: list[URLPattern] = []
