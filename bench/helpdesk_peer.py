"""django-helpdesk ingesting mail, as the other side of `bench.mail`; runs under a Python that has it installed.

Reads one JSON line per batch, a list of raw mails as text; answers with one JSON line, the seconds taken.
"""

import contextlib
import io
import json
import logging
import os
import sys
import time


def configure() -> None:
    from django.conf import settings

    settings.configure(
        SECRET_KEY="bench-only",
        USE_TZ=True,
        DATABASES={"default": json.loads(os.environ["PEER_DATABASE"])},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.sites",
            "django.contrib.humanize",
            "django.contrib.messages",
            "django.contrib.admin",
            "rest_framework",
            "helpdesk",
        ],
        SITE_ID=1,
        HELPDESK_TEAMS_MODE_ENABLED=False,  # else it needs pinax-teams
        ROOT_URLCONF=__name__,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        MEDIA_ROOT=os.environ["PEER_MEDIA"],
        LOGGING_CONFIG=None,
    )


def main() -> None:
    answers = sys.stdout
    configure()
    import django

    django.setup()
    from django.urls import include, path

    globals()["urlpatterns"] = [path("", include("helpdesk.urls", namespace="helpdesk"))]
    from django.core.management import call_command

    with contextlib.redirect_stdout(io.StringIO()):
        call_command("migrate", verbosity=0)
    from helpdesk.email import extract_email_metadata
    from helpdesk.models import Queue

    queue = Queue.objects.create(title="Bench", slug="bench", email_box_type="local", allow_email_submission=True)
    logger = logging.getLogger("bench")
    logger.setLevel(logging.CRITICAL)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        mails = json.loads(line)
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            tickets = [extract_email_metadata(mail, queue, logger) for mail in mails]
        took = time.perf_counter() - start
        print(json.dumps({"seconds": took, "tickets": sum(t is not None for t in tickets)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
