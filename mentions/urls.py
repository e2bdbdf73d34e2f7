from django.urls import path

from mentions.views import attachments, author, home, macro, mail, me, palette, play, queue, reply, search, ticket

app_name = "mentions"
urlpatterns = [
    path("", home.home, name="home"),
    path("play/", play.play, name="play"),
    path("play/<slug:view>/", play.play, name="play"),
    path("queue/", queue.queue, name="queue"),
    path("queue/<slug:view>/", queue.queue, name="queue"),
    path("tickets/<int:number>/", ticket.ticket, name="ticket"),
    path("tickets/<int:number>/preview/", ticket.preview, name="preview"),
    path("tickets/<int:number>/news/", ticket.news, name="news"),
    path("tickets/<int:number>/claim/", play.take, name="claim"),
    path("tickets/<int:number>/renew/", play.renew, name="renew"),
    path("tickets/<int:number>/leave/<slug:outcome>/", play.leave, name="leave"),
    path("tickets/<int:number>/reply/", reply.send, name="reply"),
    path("tickets/<int:number>/draft/", reply.draft, name="draft"),
    path("tickets/<int:number>/macro/", macro.macro, name="macro"),
    path("tickets/<int:number>/links/", ticket.links, name="links"),
    path("tickets/<int:number>/answer/", ticket.answer, name="answer"),
    path("tickets/<int:number>/note/", ticket.note, name="note"),
    path("tickets/<int:number>/tags/", ticket.tags, name="tags"),
    path("tickets/<int:number>/priority/", ticket.priority, name="priority"),
    path("outcomes/<int:number>/undo/", play.undo, name="undo_outcome"),
    path("replies/<int:number>/undo/", reply.undo, name="undo"),
    path("replies/<int:number>/delete/", reply.delete, name="delete_reply"),
    path("search/", search.search, name="search"),
    path("authors/<int:number>/", author.author, name="author"),
    path("attachments/<int:number>/", attachments.attachment, name="attachment"),
    path("messages/<int:number>/html/", mail.html, name="mail"),
    path("me/", me.me, name="me"),
    path("keys/", palette.keys, name="keys"),
    path("palette/", palette.palette, name="palette"),
]
