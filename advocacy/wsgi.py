"""The WSGI entry point. A wrong setting stops it here, with an explanation, instead of at the first page."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advocacy.settings")
application = get_wsgi_application()

from advocacy import checks  # noqa: E402 (needs the settings)
from channels.db import db_session  # noqa: E402

WORKER_CANNOT_BOOT = 3  # gunicorn exits on this code; after any other it would start a new worker forever

try:
    checks.refuse_wrong_settings()
    db_session.limit(db_session.for_web())
    checks.refuse_old_database()
except ImproperlyConfigured as error:
    sys.stderr.write(f"{error}\n")
    raise SystemExit(WORKER_CANNOT_BOOT) from None
