"""HTML from Python: every string is escaped unless it was built here."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

from sandbox.wire.http import Response

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


PLACES: dict[str, str] = {"Sandbox": "/"}
"""The menu: title → path. Each platform adds itself at startup."""


class Markup(str):
    """HTML that is safe to display."""

    __slots__ = ()


def el(tag: str, *children: Any, **attributes: Any) -> Markup:
    """An element. `class_` and `for_` mean class and for; attributes that are None or False are left out."""
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(*children)}</{tag}>")


def join(*children: Any) -> Markup:
    """Concatenates children; lists are flattened, None is dropped."""
    made = []
    for child in children:
        if isinstance(child, Markup):
            made.append(child)
        elif isinstance(child, list | tuple):
            made.append(join(*child))
        elif child is not None:
            made.append(Markup(escape(str(child))))
    return Markup("".join(made))


def link(href: str, *children: Any, **attributes: Any) -> Markup:
    return el("a", *children, href=href, **attributes)


def when(at: float) -> Markup:
    moment = datetime.fromtimestamp(at, UTC)
    return el("time", moment.strftime("%a %d %b %Y, %H:%M UTC"), datetime=moment.isoformat())


def by(*parts: Any) -> Markup:
    """The author, time and place of a post; parts that are None or empty are left out."""
    kept = [part for part in parts if part]
    return el("p", [[" · ", part] if n else part for n, part in enumerate(kept)], class_="by")


def button(action: str, label: str, **fields: Any) -> Markup:
    """A small form that posts hidden fields."""
    hidden = [el("input", type="hidden", name=name, value=value) for name, value in fields.items()]
    return el("form", hidden, el("button", label, type="submit"), method="post", action=action, class_="button")


def choice(name: str, label: str, options: list[tuple[str, str]], selected: str = "") -> Markup:
    made = [el("option", text, value=value, selected=value == selected) for value, text in options]
    return el("label", label, el("select", made, name=name))


def reply_form(action: str, options: list[tuple[str, str]], **hidden: Any) -> Markup:
    """Reply as one of `options` (account, label)."""
    return el(
        "form",
        [el("input", type="hidden", name=name, value=value) for name, value in hidden.items()],
        choice("as", "Answer as", options),
        el("label", "Text", el("textarea", name="text", rows=3, required=True)),
        el("button", "Post", type="submit"),
        method="post",
        action=action,
        class_="reply",
    )


def page(title: str, *body: Any, section: str = "", status: int = 200, author: str = "") -> Response:
    """The page frame: no script, one local stylesheet. `author`: the value of its author meta tag."""
    menu = el("nav", [link(h, name, aria_current="page" if name == section else None) for name, h in PLACES.items()],
              aria_label="Platforms")  # fmt: skip
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("link", rel="stylesheet", href="/static/sandbox.css"),
        el("link", rel="icon", href="data:,"),
        el("meta", name="author", content=author) if author else None,
        el("title", f"{title} · Sandbox"),
    )
    note = el("p", "A simulated platform: nothing here leaves this machine.", class_="note")
    html = el(
        "html", head, el("body", el("header", menu), el("main", el("h1", title), *body), el("footer", note)), lang="en"
    )
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(f"<!DOCTYPE html>{html}".encode(), status, "text/html; charset=utf-8", headers)


def missing(what: str, section: str = "") -> Response:
    return page("Not here", el("p", f"There is no {what} (any more)."), section=section, status=404)
