"""The website as people see it: programmes, forms to fill in by hand, and the status of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.base.acts import Act
from sandbox.pages.elements import Markup, by, el, link, missing, page, when
from sandbox.platforms.form.applications import FORMS, Form
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.form import Website

SECTION = "Acme's website"


class Pages:
    def __init__(self, site: Website) -> None:
        self.site = site

    def register(self, router: Router) -> None:
        router.add("GET", "/website/", self.home)
        router.add("GET", "/website/{form}/", self.form)
        router.add("POST", "/website/{form}/", self.send)
        router.add("GET", "/website/{form}/{id}", self.application)

    def home(self, request: Request) -> Response:
        programmes = [el("li", link(f"/website/{f.key}/", f.title), " · ", f.intro) for f in FORMS.values()]
        newest = sorted(self.site.applications(), key=lambda doc: -doc["at"])[:60]
        return page(
            "Acme's programmes",
            el("ul", programmes),
            el("h2", "Sent, newest first"),
            [self._line(doc) for doc in newest] or el("p", "Nobody has applied yet."),
            section=SECTION,
        )

    def _line(self, doc: Doc) -> Markup:
        answered = len(self.site.answered(doc))
        return el(
            "article",
            by(
                el("strong", doc["answers"].get("name") or doc["answers"].get("email") or "somebody"),
                link(f"/website/{doc['form']}/{doc['id']}", FORMS[doc["form"]].title),
                when(doc["at"]),
                el("span", f"{answered} answers") if answered else None,
            ),
        )

    def form(self, request: Request) -> Response:
        form = FORMS.get(request.params["form"])
        if form is None:
            return missing("such programme", SECTION)
        asked = [_field(line) for line in form.questions]
        return page(
            form.title,
            el("p", form.intro),
            el("form", asked, el("button", "Send", type="submit"), method="post", action=f"/website/{form.key}/"),
            section=SECTION,
        )

    def send(self, request: Request) -> Response:
        given = {name: value for name, value in request.form().items() if value.strip()}
        act = Act("form", "post", given.get("email", ""), kind=request.params["form"], more={"answers": given})
        return self.site.acted(act)

    def application(self, request: Request) -> Response:
        doc = self.site.store.get("application", request.params["id"])
        form: Form | None = FORMS.get(request.params["form"])
        if doc is None or form is None:
            return missing("such application", SECTION)
        person = doc["answers"].get("email", "").lower()
        answers = [el("tr", el("th", name, scope="row"), el("td", value)) for name, value in doc["answers"].items()]
        mails = [el("article", el("p", m["subject"], class_="by"), el("p", m["text"], class_="text"), class_="ours")
                 for m in self.site.answered(doc)]  # fmt: skip
        return page(
            form.title,
            el("p", "Sent ", when(doc["at"])),
            el("table", el("tbody", answers)),
            el("h2", "Answered by mail"),
            mails or el("p", "Not yet."),
            el("p", link(f"/mail/{person}", f"The mailbox of {person}")) if person else None,
            section=SECTION,
        )


def _field(line: str) -> Markup:
    """A question as displayed on the website, from its line in the desk's form language."""
    head, label, more = (part.strip() for part in (line + " | | ").split("|")[:3])
    name, _, kind = head.replace("*", " ").strip().partition(" ")
    needed, kind = "*" in head, kind.strip() or "text"
    if kind == "textarea":
        return el("label", label, el("textarea", name=name, rows=4, required=needed))
    if kind == "select":
        options = [el("option", text.strip()) for text in more.split(";")]
        return el("label", label, el("select", options, name=name, required=needed))
    value = "yes" if kind == "checkbox" else None
    return el("label", label, el("input", type=kind, name=name, value=value, required=needed))
