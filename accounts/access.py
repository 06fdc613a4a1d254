"""Levels of access to an experiment or a model, and scopes of a token: who may do what, defined once.

view < log < edit < manage. On an experiment *view* reads; *log* creates runs and writes to one's own runs (to any
run where it was granted to oneself or one's group, rather than by the site's default); *edit* changes, deletes and
restores any run, and edits notes and tags; *manage* renames, grants, deletes and purges.
"""

from django.conf import settings
from django.db import models


class Level(models.IntegerChoices):
    VIEW = 10, "View"
    LOG = 20, "Log"
    EDIT = 30, "Edit"
    MANAGE = 40, "Manage"


class Scope(models.IntegerChoices):
    """What a route needs of a token; a session and a password have FULL."""

    READ = 10, "Read"
    LOG = 20, "Log runs"
    FULL = 30, "Everything its owner may"


def member_level() -> int:
    """Return the level that every signed-in member has on what is not private; 0 where the default is none."""
    name = settings.ASSAY_MEMBER_LEVEL
    return 0 if name == "none" else Level[name.upper()].value


def held_level(user, *, is_private: bool, granted: int) -> int:
    """Return the level that somebody has on a row, `granted` being the highest of the grants to them; 0 for none."""
    if not user.is_active:
        return 0
    if user.is_superuser:
        return Level.MANAGE
    return granted if is_private else max(granted, member_level())
