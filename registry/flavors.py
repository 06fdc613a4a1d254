"""The flavors of a version: which libraries can load it, as its MLmodel file says."""

from registry.files import read
from registry.models import ModelVersion
from tracker.model_description import FILE, Flavor, parse


def of(version: ModelVersion) -> list[Flavor]:
    """Return the flavors, none where the file is not there or cannot be read."""
    content = read(version, FILE)
    try:
        return parse(content.decode()).flavors if content else []
    except UnicodeDecodeError:
        return []
