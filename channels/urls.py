"""URLs of the channels pages, below `/channels/`: health, queries, ignore rules, unreadable items."""

from django.urls import path, re_path

from channels.views import channels, queries, unreadable

app_name = "channels"
urlpatterns = [
    path("", channels.health, name="health"),
    path("<int:pk>/try/", channels.try_out, name="try"),
    re_path(r"^(?P<pk>[0-9]{1,18})/(?P<verb>poll|pause|resume)/$", channels.act, name="act"),
    path("<int:pk>/unreadable/", unreadable.items, name="unreadable"),
    path("<int:pk>/replay/", unreadable.replay, name="replay"),
    path("unreadable/<int:pk>/", unreadable.inspect, name="inspect"),
    path("ignored/", queries.rules, name="ignored"),
    path("ignored/rules/<int:number>/", queries.stopped_by_rule, name="ignored_by_rule"),
    path("ignored/items/<int:number>/let-in/", queries.let_in, name="let_in"),
    path("ignored/<slug:what>/", queries.stopped_by_reason, name="ignored_items"),
    path("<slug:slug>/query/", queries.query, name="query"),
]
