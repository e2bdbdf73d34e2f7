"""URLs of single sign-on, below `/accounts/`."""

from django.urls import path

from advocacy.identity.oidc import views

urlpatterns = [
    path("oidc/confirm/", views.confirm, name="oidc_confirm"),
    path("oidc/<slug:provider_id>/login/", views.login, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", views.callback, name="openid_connect_callback"),
    path("no-role/", views.no_role, name="account_no_role"),
]
