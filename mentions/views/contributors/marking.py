"""Marks by hand, on the author's page and beside the conversation; suggested swag."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from mentions.csv_lists import values
from mentions.marks import entries, swag
from mentions.models import Author, Mark, SwagSuggestion
from mentions.people import access, accounts, marks
from mentions.people.marks import Decision, MarkRefused
from mentions.views import playing
from mentions.views.ticket.acting import number_of, view_of

may_mark = permission_required("mentions.change_mark", raise_exception=True)
may_give = permission_required("mentions.give_code", raise_exception=True)


@require_POST
@login_required
@may_mark
def mark(request: HttpRequest, number: int) -> HttpResponse:
    """Takes `kind`, `because`, and `remove` to remove the mark; each reverses the other."""
    author = _author(request, number)
    is_given = not request.POST.get("remove")
    because = request.POST.get("because", "").replace("\0", "").strip()
    decision = Decision(
        request.POST.get("kind", ""), is_given, Mark.Source.HAND, desk_now(), request.user, because=because
    )
    try:
        done = marks.mark_author(author.pk, decision)
    except MarkRefused as refused:
        messages.error(request, str(refused))
    else:
        words = _("Marked as %(mark)s.") if is_given else _("No longer marked as %(mark)s.")
        messages.success(request, words % {"mark": done})
    return _back(request, author)


@require_POST
@login_required
@may_mark
def contact(request: HttpRequest, number: int) -> HttpResponse:
    """Sets `region` and `email` of the person behind the account."""
    author = _author(request, number)
    if not _is_whole(request, author):
        raise PermissionDenied
    try:
        region = values.text_of(60)(_typed(request, "region"))
        email = entries.email_of(_typed(request, "email"))
        marks.set_contact(author.pk, region, email)
    except (values.BadValue, MarkRefused, ValidationError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved."))
    return _back(request, author)


@require_POST
@login_required
@may_mark
def join(request: HttpRequest, number: int) -> HttpResponse:
    """`account`, such as twitter=ana, is the same person. Requires access to all accounts of both."""
    author = _author(request, number)
    try:
        namespace, handle = entries.accounts_of(_typed(request, "account"))[0]
    except values.BadValue as error:
        messages.error(request, str(error))
        return _back(request, author)
    in_sight = access.seen_by(request.user, Author).filter(namespace=namespace).select_related("person")
    other = in_sight.filter(handle__iexact=handle).first() or in_sight.filter(external_id__iexact=handle).first()
    if other is None or not all(_is_whole(request, each) for each in (author, other)):
        messages.error(request, _("No conversation you can see has this account."))
        return _back(request, author)
    try:
        accounts.same_human(author.pk, other.pk)
    except MarkRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(one)s and %(other)s are now one person.") % {"one": author, "other": other})
    return _back(request, author)


@require_POST
@login_required
@may_give
def suggestion(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """`state`: given, declined, or open again."""
    found = get_object_or_404(access.seen_by(request.user, SwagSuggestion), pk=suggestion_id)
    state = request.POST.get("state", "")
    if state not in SwagSuggestion.State.values:
        messages.error(request, _("Nothing was changed. Reload the page."))
    elif swag.decide(found.pk, state, request.user, desk_now()):
        messages.success(request, _("Swag: %(state)s.") % {"state": SwagSuggestion.State(state).label})
    author = access.seen_by(request.user, Author).filter(person=found.person_id).order_by("pk").first()
    return _back(request, author) if request.POST.get("ticket") else redirect("mentions:contributors")


def _author(request: HttpRequest, number: int) -> Author:
    """404 for an author that the viewer may not see."""
    return get_object_or_404(access.seen_by(request.user, Author).select_related("person"), pk=number)


def _is_whole(request: HttpRequest, author: Author) -> bool:
    return author.person is None or access.may_see_person(author.person, request.user)


def _typed(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\0", "").strip()


def _back(request: HttpRequest, author: Any) -> HttpResponse:
    """To the conversation it was done from, or else to the author."""
    number = number_of(request.POST.get("ticket"))
    if number and access.visible_tickets(request.user).filter(pk=number).exists():
        return redirect(playing.address(number, view_of(request)))
    return redirect("mentions:author", author.pk) if author is not None else redirect("mentions:contributors")
