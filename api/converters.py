"""Path converters of the protocol's routes."""

from django.urls.converters import StringConverter


class AnyPathConverter(StringConverter):
    """Any text, line breaks included: Django's `path` stops at those, and a bad path deserves to be told so."""

    regex = r"(?s:.*)"
