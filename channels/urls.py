from django.urls import path, re_path

from channels import query_views, views, views_unreadable

app_name = "channels"
urlpatterns = [
    path("", views.health, name="health"),
    path("<int:pk>/try/", views.try_out, name="try"),
    re_path(r"^(?P<pk>[0-9]{1,18})/(?P<verb>poll|pause|resume)/$", views.act, name="act"),
    path("<int:pk>/unreadable/", views_unreadable.items, name="unreadable"),
    path("<int:pk>/replay/", views_unreadable.replay, name="replay"),
    path("unreadable/<int:pk>/", views_unreadable.inspect, name="inspect"),
    path("ignored/", query_views.rules, name="ignored"),
    path("ignored/rules/<int:number>/", query_views.stopped_by_rule, name="ignored_by_rule"),
    path("ignored/items/<int:number>/let-in/", query_views.let_in, name="let_in"),
    path("ignored/<slug:what>/", query_views.stopped_by_reason, name="ignored_items"),
    path("<slug:slug>/query/", query_views.query, name="query"),
]
