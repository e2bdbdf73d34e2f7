"""Facebook wire format: Graph API objects and webhook bodies. Pure.

Posts, comments: https://developers.facebook.com/docs/graph-api/reference/page/feed/ and /reference/comment/ · messages:
/reference/conversation/ and /reference/message/ · webhooks: https://developers.facebook.com/docs/graph-api/webhooks/
reference/page/ and https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/

An item's payload is `{"kind": "post" | "comment" | "message", …}` in one shape for both sources. Times come as ISO with
`+0000` (Graph), in seconds (feed webhooks) and in milliseconds (messages); they are kept as epoch milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import list_of, objects_of, one_line, unique, value_at

API = "https://graph.facebook.com"
WEB = "https://www.facebook.com"
VERSION = "v25.0"
TALK = "conversation:"
"""Prefix of a private-message thread, followed by the person's page-scoped id, which both sources give."""
_MESSAGE_ID = re.compile(r"m(?:id)?[._]")
_POST_PATH = re.compile(r"/(\d+)/(?:posts|videos|photos)/(?:[^/?]*/)*?(\d+)")
_GONE = ("remove", "hide", "block", "mute")


def split(document: Document, config: Config) -> list[Item]:
    """Posts, comments and messages of a Graph answer or a webhook; one item per id, the latest version."""
    if not isinstance(document, dict):
        raise Malformed("Not a Facebook document.")
    if isinstance(document.get("error"), dict):
        raise Malformed(f"Facebook returned an error: {error_line(document)}")
    if document.get("object") is not None and "entry" in document:
        return unique(hook_items(document))
    if isinstance(document.get("data"), list):
        return unique([item for entry in document["data"] for item in of_object(_object(entry))])
    if text(document.get("id")):
        return unique(of_object(document))
    if document and all(isinstance(v, dict) and v.get("id") == key for key, v in document.items()):
        return unique([item for entry in document.values() for item in of_object(entry)])
    if document.keys() & {"success", "data", "message_id"}:
        return []
    raise Malformed("Not a Facebook document: neither an object with an id nor a list.")


def _object(entry: Json) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise Malformed("Not a Facebook document: an entry is not an object.")
    return entry


def error_line(body: Json) -> str:
    return one_line(value_at(body, "error", "message")) or "no reason given"


# --- Graph API responses ---------------------------------------------------------------------------------------------


def of_object(entry: Mapping[str, Any]) -> list[Item]:
    """Everything in an object: itself, a post's comments, a conversation's messages. Likes and people yield nothing."""
    number = text(entry.get("id"))
    if "messages" in entry or "snippet" in entry or number.startswith("t_"):
        return conversation_items(entry)
    if _MESSAGE_ID.match(number):
        return [message_item(entry)]
    if _is_comment(entry, number):
        return comment_items(entry)
    if not number or not entry.keys() & {"message", "story", "created_time", "permalink_url"}:
        return []
    return post_items(entry)


def _is_comment(entry: Mapping[str, Any], number: str) -> bool:
    if "comment_id=" in text(entry.get("permalink_url")):
        return True
    return bool(number) and bool(entry.keys() & {"comment_count", "parent", "can_remove", "can_hide", "user_likes"})


def post_items(post: Mapping[str, Any]) -> list[Item]:
    """The post and the comments included with it."""
    number, about = text(post.get("id")), context_of(post)
    kept = {
        "id": number,
        "text": post.get("message") or post.get("story"),
        "author": person(post.get("from")),
        "at": millis(post.get("created_time")),
        "url": post.get("permalink_url"),
        "page": about["page_url"],
        "files": _kinds(post.get("attachments")),
        "hidden": post.get("is_hidden") is True,
        "likes": _total(post.get("reactions")),
        "comments": _total(post.get("comments")),
    }
    return [Item(number, {"kind": "post", "post": kept}), *comments_of(post.get("comments"), about)]


def context_of(post: Mapping[str, Any]) -> dict[str, Json]:
    """The post data a comment needs to be read on its own."""
    return {
        "id": text(post.get("id")),
        "title": " ".join(text(post.get("message") or post.get("story")).split())[:120],
        "page_url": _linked_page(post.get("attachments")),
    }


def comments_of(listing: Json, about: Mapping[str, Any]) -> list[Item]:
    return [item for entry in objects_of(value_at(listing, "data")) for item in comment_items(entry, about)]


def comment_items(comment: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> list[Item]:
    """A comment and the replies nested in it. If the id wasn't requested, it comes from the comment's URL."""
    post, parent, number = _place_of(comment)
    number = text(comment.get("id")) or number
    if not number:
        raise Malformed("A comment has neither an id nor an address.")
    context = dict(about) if about else {"id": post or _post_of(number), "title": "", "page_url": None}
    kept = {
        "id": number,
        "post": context,
        "parent": text(value_at(comment, "parent", "id")) if isinstance(comment.get("parent"), dict) else parent,
        "text": comment.get("message"),
        "author": person(comment.get("from")),
        "at": millis(comment.get("created_time")),
        "url": comment.get("permalink_url"),
        "files": _kinds(comment.get("attachment")),
        "links": [u for u in [_file_url(comment.get("attachment"))] if u],
        "hidden": comment.get("is_hidden") is True,
        "likes": comment.get("like_count"),
        "replies": comment.get("comment_count"),
    }
    return [Item(number, {"kind": "comment", "comment": kept}), *comments_of(comment.get("comments"), context)]


def _place_of(comment: Mapping[str, Any]) -> tuple[str, str, str]:
    """(post, parent, id) from a comment's URL; "" for missing parts."""
    try:
        address = urlsplit(text(comment.get("permalink_url")))
    except ValueError:
        return "", "", ""
    asked = dict(parse_qsl(address.query))
    found = _POST_PATH.search(address.path)
    if found is None or not asked.get("comment_id"):
        return "", "", ""
    post = found[2]
    first = f"{post}_{asked['comment_id']}"
    reply = asked.get("reply_comment_id")
    return f"{found[1]}_{post}", first if reply else "", f"{post}_{reply}" if reply else first


def _post_of(comment: str) -> str:
    return comment.partition("_")[0] if "_" in comment else ""


def conversation_items(conversation: Mapping[str, Any]) -> list[Item]:
    found = objects_of(value_at(conversation, "messages", "data"))
    return [message_item(entry, text(conversation.get("link"))) for entry in found if text(entry.get("id"))]


def message_item(message: Mapping[str, Any], link: str = "") -> Item:
    kept = {
        "id": text(message.get("id")),
        "text": message.get("message"),
        "author": person(message.get("from")),
        "to": [person(entry) for entry in list_of(value_at(message, "to", "data"))],
        "at": millis(message.get("created_time")),
        "link": link,
        "files": _kinds(message.get("attachments")) + (["sticker"] if message.get("sticker") else []),
    }
    return Item(str(kept["id"]), {"kind": "message", "message": kept})


def gone_item(number: str, kind: str, **more: Json) -> Item:
    """A deleted post, comment or message."""
    return Item(number, {"kind": kind, kind: {"id": number, "gone": True, **more}})


# --- webhooks --------------------------------------------------------------------------------------------------------


def hook_items(body: Mapping[str, Any]) -> list[Item]:
    """Comments, visitors' posts and messages, possibly of several pages; receipts and reactions are ignored."""
    entries = body.get("entry")
    if body.get("object") != "page":
        return []
    if not isinstance(entries, list):
        raise Malformed("A Facebook webhook has no entries.")
    items: list[Item] = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise Malformed("A Facebook webhook has an entry that is not an object.")
        page = text(entry.get("id"))
        for change in objects_of(entry.get("changes")):
            if change.get("field") == "feed" and isinstance(change.get("value"), dict):
                items += _changed(change["value"])
        for event in [*objects_of(entry.get("messaging")), *objects_of(entry.get("standby"))]:
            items += _messenger_event(event, page)
    return items


def _changed(value: Mapping[str, Any]) -> list[Item]:
    """One change in the feed. `created_time` is in seconds; for `edited` it is the time of the edit."""
    kind, verb = text(value.get("item")), text(value.get("verb"))
    permalink, author = value_at(value, "post", "permalink_url"), person(value.get("from"))
    at = millis(value.get("created_time"))
    kept: dict[str, Json] = {
        "text": value.get("message"),
        "author": author,
        "at": None if verb.startswith("edit") else at,
        "edited": at if verb.startswith("edit") else None,
        "gone": verb in _GONE,
        "files": [name for name in ("photo", "video") if value.get(name)],
        "links": [str(value[name]) for name in ("photo", "video") if isinstance(value.get(name), str)],
    }
    post_id, number = text(value.get("post_id")), text(value.get("comment_id"))
    if kind == "comment" and number:
        if verb in ("unhide", "hide") and not kept["text"] and not kept["files"]:
            kept["text"], kept["gone"] = None, verb == "hide"
            if verb == "unhide":
                return []  # without text it would look like an edit to nothing
        parent = text(value.get("parent_id"))
        about = {"id": post_id, "title": "", "page_url": None, "url": permalink}
        kept |= {"id": number, "post": about, "parent": parent if parent != post_id else ""}
        return [Item(number, {"kind": "comment", "comment": kept})]
    if kind in ("status", "post", "photo", "video", "share", "link", "album", "note") and post_id:
        links = [str(value[name]) for name in ("link",) if isinstance(value.get(name), str)]
        return [Item(post_id, {"kind": "post", "post": {**kept, "id": post_id, "url": permalink, "links": links}})]
    return []


def _messenger_event(event: Mapping[str, Any], page: str) -> list[Item]:
    """One Messenger event: a message, an echo of ours, an edit. Read and delivery receipts hold no message."""
    message, edit = event.get("message"), event.get("message_edit")
    sender, recipient = (text(value_at(event, name, "id")) for name in ("sender", "recipient"))
    at = millis(event.get("timestamp"))
    kept: dict[str, Json] = {"author": {"id": sender}, "to": [{"id": recipient}], "page": page, "files": []}
    if isinstance(edit, dict) and text(edit.get("mid")):
        kept |= {"id": text(edit["mid"]), "text": edit.get("text"), "at": None, "edited": at}
    elif isinstance(message, dict) and text(message.get("mid")):
        kept |= {
            "id": text(message["mid"]),
            "text": message.get("text"),
            "at": at,
            "echo": message.get("is_echo") is True,
            "gone": message.get("is_deleted") is True,
            "parent": text(value_at(message, "reply_to", "mid")),
            "files": [str(file.get("type") or "file") for file in objects_of(message.get("attachments"))],
        }
    else:
        return []
    return [Item(str(kept["id"]), {"kind": "message", "message": kept})]


# --- pieces ------------------------------------------------------------------------------------------------------


def person(value: Json) -> dict[str, Json] | None:
    """None without permission to see people: https://developers.facebook.com/docs/graph-api/reference/comment/"""
    return {"id": text(value.get("id")), "name": value.get("name")} if isinstance(value, dict) else None


def _kinds(attachment: Json) -> list[str]:
    """photo, sticker, video, share …: for one attachment or a list of them."""
    if not isinstance(attachment, dict):
        return []
    if isinstance(attachment.get("data"), list):
        return [kind for entry in attachment["data"] for kind in _kinds(entry)]
    mime = text(attachment.get("mime_type"))
    kind = text(attachment.get("media_type")) or text(attachment.get("type")) or mime.partition("/")[0]
    return [kind or "file"]


def _file_url(attachment: Json) -> str | None:
    url = value_at(attachment, "url")
    return url if isinstance(url, str) else None


def _linked_page(attachments: Json) -> str | None:
    """The external page a post shares, if any."""
    for entry in objects_of(value_at(attachments, "data")):
        if entry.get("media_type") in ("link", "share") and entry.get("unshimmed_url"):
            return str(entry["unshimmed_url"])
    return None


def _total(listing: Json) -> Json:
    return value_at(listing, "summary", "total_count")


def millis(value: Json) -> int | None:
    """Epoch milliseconds from any of the three time formats."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e18:
        return int(value if value > 1e11 else value * 1000)
    try:
        return int(datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S%z").timestamp() * 1000)
    except ValueError:
        return None


def text(value: Json) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) and value is not True else ""
