"""All URLs of the desk: health checks, logins, the admin, and each floor's own."""

from allauth.account.decorators import reauthentication_required, secure_admin_login
from allauth.account.views import password_set
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from advocacy.monitoring import health_pages

# The admin's own login form has neither second factor nor attempt limits, so everybody uses the same login page.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = _("Mention desk")
admin.site.index_title = _("Desk settings")

handler500 = "advocacy.monitoring.outage_page.error"
urlpatterns = [
    # HealthMiddleware answers these before they get here; listed so that every URL is in one place.
    path("livez", health_pages.livez, name="livez"),
    path("readyz", health_pages.readyz, name="readyz"),
    path("healthz", health_pages.healthz, name="healthz"),
    # allauth lets users without a password set one without reauthentication: a stolen session must not.
    path("accounts/password/set/", reauthentication_required(password_set), name="account_set_password"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/", include("advocacy.identity.oidc.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/3rdparty/", include("allauth.socialaccount.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("admin/", admin.site.urls),
    path("audit/", include("audit.urls")),
    path("channels/", include("channels.urls")),
    path("hooks/", include("channels.hook_urls")),
    path("forms/", include("channels.form_urls")),
    path("", include("experts.urls")),
    path("", include("team.urls")),
    path("reports/", include("metrics.urls")),
    path("", include("mentions.urls")),
]
if settings.DEBUG:
    urlpatterns += [path("styleguide/", include("mentions.styleguide_urls"))]
