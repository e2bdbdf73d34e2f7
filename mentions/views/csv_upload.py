"""The pages of a CSV upload: choose a file, preview what it would change, apply exactly that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.clocks import desk_now
from mentions.csv_lists.plans import NotAsPreviewed, Plan
from mentions.text.cells import BadFile, decoded

MAX_BYTES = 1024 * 1024
MAX_SHOWN = 300


class FileForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("CSV file"), max_length=200)

    def clean_file(self) -> str:
        """The text of the file."""
        uploaded = self.cleaned_data["file"]
        if uploaded.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 1 MB."))
        try:
            return decoded(uploaded.read())
        except BadFile as error:
            raise forms.ValidationError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Upload:
    """One kind of list. `read` raises BadFile, `carry_out` NotAsPreviewed."""

    read: Callable[[bytes], list[Any]]
    plan: Callable[[list[Any]], Plan[Any]]
    carry_out: Callable[[list[Any], str, Any, datetime], Plan[Any]]
    columns: Sequence[str]
    template: str
    done: str
    """Name of the page shown after an import."""


def page(request: HttpRequest, upload: Upload) -> HttpResponse:
    """GET: choose a file. POST with `file`: preview. POST with `text` and `digest`: apply exactly that preview."""
    if request.method != "POST":
        return _page(request, upload, FileForm())
    if "text" in request.POST:
        return _carry_out(request, upload, request.POST["text"])
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, upload, form, status=422)
    return _preview(request, upload, form.cleaned_data["file"])


def _preview(request: HttpRequest, upload: Upload, text: str) -> HttpResponse:
    try:
        entries = upload.read(text.encode())
    except BadFile as error:
        form = FileForm()
        form.errors["file"] = form.error_class([str(error)])
        return _page(request, upload, form, status=422)
    return _page(request, upload, FileForm(), text=text, plan=upload.plan(entries))


def _carry_out(request: HttpRequest, upload: Upload, text: str) -> HttpResponse:
    try:
        entries = upload.read(text.encode())
        plan = upload.carry_out(entries, request.POST.get("digest", ""), request.user, desk_now())
    except BadFile:
        return _preview(request, upload, text)
    except NotAsPreviewed as error:
        messages.error(request, str(error))
        return _page(request, upload, FileForm(), text=text, plan=error.plan, status=409)
    messages.success(request, _("%(add)d added, %(update)d updated.") % plan.counts)
    return redirect(upload.done)


def _page(
    request: HttpRequest,
    upload: Upload,
    form: FileForm,
    *,
    text: str = "",
    plan: Plan[Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = [step for step in plan.steps if step.deed != "same"] if plan else []
    shown.sort(key=lambda step: step.deed != "wrong")
    context = {"form": form, "text": text, "plan": plan, "shown": shown[:MAX_SHOWN], "columns": upload.columns}
    context["hidden"] = max(len(shown) - MAX_SHOWN, 0)
    return render(request, upload.template, context, status=status)
