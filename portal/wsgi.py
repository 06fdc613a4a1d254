"""The WSGI application; it takes ASSAY_URL's path off, so that it runs the same behind a proxy that keeps it and one that does not."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

_django = get_wsgi_application()

from django.conf import settings  # noqa: E402  (settings are ready only now)

_prefix = settings.FORCE_SCRIPT_NAME or ""


def application(environ, start_response):
    path = environ.get("PATH_INFO", "")
    if _prefix and (path == _prefix or path.startswith(f"{_prefix}/")):
        environ["PATH_INFO"] = path[len(_prefix) :] or "/"
    return _django(environ, start_response)
