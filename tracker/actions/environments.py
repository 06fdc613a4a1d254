"""Noting the environment of a model as the files that describe it arrive, in whatever order."""

import posixpath

from tracker import environment
from tracker.models import LoggedModel, Run

# What pip installs; conda.yaml repeats it and may be older.
_BEST = "requirements.txt"


def note(owner: Run | LoggedModel, path: str, content: bytes) -> None:
    """Take over what a file says of the environment. Call it inside a transaction that holds the owner."""
    found = environment.read(path, content)
    if not found.python and not found.packages:
        return
    name = posixpath.basename(path)
    noted, _ = owner.environments.get_or_create(folder=posixpath.dirname(path))
    if found.python:
        noted.python = found.python
    if found.packages and (name == _BEST or noted.packages_from != _BEST):
        noted.packages, noted.packages_from = found.packages, name
    noted.save(update_fields=["python", "packages", "packages_from"])
