"""URL of the style guide, included only in debug mode."""

from django.urls import path

from mentions.views import styleguide

urlpatterns = [path("", styleguide.styleguide, name="styleguide")]
