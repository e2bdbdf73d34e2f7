from django.urls import path

from mentions.views import attachments, home, mail, me, palette, queue

app_name = "mentions"
urlpatterns = [
    path("", home.home, name="home"),
    path("queue/", queue.queue, name="queue"),
    path("queue/<slug:view>/", queue.queue, name="queue"),
    path("attachments/<int:number>/", attachments.attachment, name="attachment"),
    path("messages/<int:number>/html/", mail.html, name="mail"),
    path("search/", home.home, name="search"),
    path("me/", me.me, name="me"),
    path("keys/", palette.keys, name="keys"),
    path("palette/", palette.palette, name="palette"),
]
