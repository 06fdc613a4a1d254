"""How static files are stored once `collectstatic` has been run, a step of deploying."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):
    """Hashed and compressed, imports between our ES modules too: no browser mixes modules of two versions."""

    support_js_module_import_aggregation = True
    # ours alone: django_htmx has an import in a comment, of a file that it does not ship
    _js_module_import_aggregation_patterns = ("js/*.js", HashedFilesMixin._js_module_import_aggregation_patterns[1])
