"""django-helpdesk, as the other side of `bench.mail` and `bench.dashboards`; runs under a Python that has it installed.

Reads JSON lines: a list of raw emails as text is a batch to take in; {"tickets": N} makes tickets; {"report": NAME}
asks for one of its report pages through its own view and template, as a logged-in member of staff. Answers each with
one JSON line, the seconds taken.
"""

import contextlib
import io
import json
import logging
import os
import re
import sys
import time
from datetime import timedelta


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
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        STATIC_URL="/static/",
        ALLOWED_HOSTS=["testserver"],
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
    client = staff()
    for line in sys.stdin:
        asked = json.loads(line)
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            if isinstance(asked, list):
                made = sum(extract_email_metadata(mail, queue, logger) is not None for mail in asked)
            elif "tickets" in asked:
                made = make_tickets(queue, asked["tickets"])
            else:
                made = shown(client, asked["report"])
        took = time.perf_counter() - start
        print(json.dumps({"seconds": took, "tickets": made}), file=answers, flush=True)


def staff():
    """A client whose user is logged in."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_superuser("bench", "bench@acme.example", "bench"))
    return client


def make_tickets(queue, count):
    """Over a month, in eight queues; four fifths of them are resolved."""
    from django.db import connection
    from django.utils import timezone
    from helpdesk.models import Queue, Ticket

    queues = [queue, *(Queue.objects.create(title=f"Bench {n}", slug=f"bench-{n}") for n in range(7))]
    now, apart = timezone.now(), timedelta(days=30) / count
    for first in range(0, count, 5_000):
        Ticket.objects.bulk_create(
            Ticket(
                title=f"Question {n}",
                queue=queues[n % 8],
                created=now - n * apart,
                modified=now,
                status=3 if n % 5 else 1,
                priority=1 + n % 5,
                submitter_email=f"jane{n % 500}@customer.example",
            )
            for n in range(first, min(first + 5_000, count))
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE helpdesk_ticket")
    return count


def shown(client, report):
    """How many tickets its table adds up to."""
    page = client.get(f"/reports/{report}/")
    last = page.content.decode().rpartition("<tbody>")[2].rpartition("<tr>")[2]
    return sum(int(number) for number in re.findall(r"<td[^>]*>(\d+)</td>", last))


if __name__ == "__main__":
    main()
