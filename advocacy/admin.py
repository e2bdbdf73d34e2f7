"""Users and roles in the admin: nobody gives more rights than they have, changes their own roles, or is ever
deleted."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from allauth.account import admin as _addresses  # noqa: F401  (registered by now, so that they can be taken out)
from allauth.mfa import admin as _second_factors  # noqa: F401
from allauth.usersessions import admin as _sessions  # noqa: F401
from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth import admin as _auth  # noqa: F401
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from advocacy.identity import giving, members
from audit import log
from audit.kinds import EntryKind
from channels.admin.buttons import Button, ButtonAdmin
from channels.clocks import desk_now

CHANGE = "auth.change_user"
OF_LIBRARIES = ("account", "mfa", "usersessions", "socialaccount")
"""Read-only: by editing a verified address, a second factor or a session, an admin could get into somebody's
account."""

_theirs = [apps.get_app_config(app).get_models() for app in OF_LIBRARIES if apps.is_installed(f"allauth.{app}")]
_models: Iterable[type[Model]] = (User, Group, *chain.from_iterable(_theirs))
for _model in _models:
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


def _managed(request: HttpRequest, person: User) -> User:
    if not giving.may_manage(request.user, person):
        raise PermissionDenied(_("You cannot change your own account, or that of someone with more permissions."))
    return person


def deactivate(model_admin: Any, request: HttpRequest, person: User, _typed: str = "") -> None:
    members.deactivate(_managed(request, person), request.user, desk_now())
    messages.success(request, _("%(name)s is logged out everywhere and cannot log in.") % {"name": person})


def activate(model_admin: Any, request: HttpRequest, person: User, _typed: str = "") -> None:
    members.activate(_managed(request, person), request.user, desk_now())
    said = _("%(name)s may log in again, but has no password: send an invitation or ask them to reset it.")
    messages.success(request, said % {"name": person})


def invite(model_admin: Any, request: HttpRequest, person: User, _typed: str = "") -> None:
    if members.invite(_managed(request, person), request.user, desk_now()):
        messages.success(request, _("An invitation is on its way to %(address)s.") % {"address": person.email})
    else:
        said = _("No invitation sent: they have no email address, or can reset their password with a verified one.")
        messages.warning(request, said)


def remove_second_factor(model_admin: Any, request: HttpRequest, person: User, _typed: str = "") -> None:
    members.remove_second_factor(_managed(request, person), request.user, desk_now())
    messages.success(request, _("Removed the second factor of %(name)s and logged them out.") % {"name": person})


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """`giver` is the user filling it in."""

    giver: Any = None
    groups = forms.ModelMultipleChoiceField(
        Group.objects.none(), label=gettext_lazy("Roles"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "groups", "is_staff", "is_superuser")
        labels = {"is_staff": gettext_lazy("Can open the admin"), "is_superuser": gettext_lazy("Superuser")}
        help_texts = {
            "is_staff": gettext_lazy("Their roles decide what they can do there."),
            "is_superuser": gettext_lazy("Can do everything. Only a superuser can create another one."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" in self.fields:
            self.fields["groups"].queryset = giving.roles_to_give(self.giver)  # type: ignore[attr-defined]
            if self.instance.pk:
                self.initial["groups"] = list(self.instance.groups.values_list("pk", flat=True))


class UserAdmin(ButtonAdmin):
    form = PersonForm
    list_display = ("username", "name", "email", "role_names", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    readonly_fields = ("is_active", "last_login", "date_joined", "second_factor", "role_names")
    buttons = (
        Button("invite", gettext_lazy("Send an invitation"), invite, CHANGE, lambda person: person.is_active),
        Button("deactivate", gettext_lazy("Deactivate"), deactivate, CHANGE, lambda person: person.is_active),
        Button("activate", gettext_lazy("Activate"), activate, CHANGE, lambda person: not person.is_active),
        Button(
            "remove-second-factor",
            gettext_lazy("Remove second factor"),
            remove_second_factor,
            CHANGE,
            lambda person: person.authenticator_set.exists(),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"giver": request.user})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        person = ["username", "first_name", "last_name", "email"]
        if obj is not None and not giving.may_manage(request.user, obj):
            person = [name for name in person if name != "username"]
            return [(None, {"fields": ["username", *person, "role_names", *self.readonly_fields[:4]]})]
        rights = ["groups", "is_staff", *(["is_superuser"] if request.user.is_superuser else [])]
        sets = [(None, {"fields": person}), (_("Permissions"), {"fields": rights})]
        if obj is not None:
            sets.append((_("Access"), {"fields": list(self.readonly_fields[:4])}))
        return sets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A verified address can be changed only by its owner, after reauthentication."""
        if obj is not None and members.has_verified_address(obj):
            return (*self.readonly_fields, "email")
        return self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or giving.may_manage(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """False: users are never deleted, since the history refers to them."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        if not request.user.is_superuser:
            obj.is_superuser = bool(change and User.objects.get(pk=obj.pk).is_superuser)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Roles change only through the verb that checks permission."""
        chosen = form.cleaned_data.pop("groups", None)
        super().save_related(request, form, formsets, change)
        if chosen is not None:
            members.set_roles(form.instance, chosen, request.user, desk_now())
        if not change:
            invite(self, request, form.instance)

    @admin.display(description=gettext_lazy("name"), ordering="first_name")
    def name(self, person: User) -> str:
        return person.get_full_name()

    @admin.display(description=gettext_lazy("roles"))
    def role_names(self, person: User) -> str:
        names = sorted(role.name for role in person.groups.all())
        return ", ".join([*([_("superuser")] if person.is_superuser else []), *names]) or "—"

    @admin.display(description=gettext_lazy("second factor"), boolean=True)
    def second_factor(self, person: User) -> bool:
        return bool(person.pk and person.authenticator_set.exists())  # type: ignore[attr-defined]


class GroupAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Roles. Channel settings refer to roles by name, so built-in roles can't be renamed."""

    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ("permissions",)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "permissions":
            kwargs["queryset"] = giving.rights_to_give(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name",) if obj is not None and obj.name in giving.BUILT_IN else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or giving.may_give(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None or obj.name in giving.BUILT_IN or obj.user_set.exists():
            return False
        return super().has_delete_permission(request, obj) and giving.may_give(request.user, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        before = set(form.instance.permissions.values_list("codename", flat=True))
        super().save_related(request, form, formsets, change)
        after = set(form.instance.permissions.values_list("codename", flat=True))
        if before != after:
            details = {"added": sorted(after - before), "removed": sorted(before - after)}
            log.record(EntryKind.ROLE_RIGHTS_CHANGED, now=desk_now(), subject=form.instance, details=details)


admin.site.register(User, UserAdmin)
admin.site.register(Group, GroupAdmin)
