"""The web server's way in. A wrong setting stops it here, with an explanation, instead of at the first page."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advocacy.settings")
application = get_wsgi_application()

from advocacy import checks  # noqa: E402 (needs the settings)

checks.refuse_wrong_settings()
