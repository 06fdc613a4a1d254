"""Who may do what with an experiment."""

from typing import Literal

import msgspec
from django.contrib.auth.models import Group

from accounts.access import Level
from accounts.models import User
from api.endpoint import Nothing, caller_token_id
from core.errors import NotFound
from tracker.actions import grants
from tracker.lookups import experiment_by_id
from tracker.models import ExperimentGrant


class Grant(msgspec.Struct):
    id: int
    user: str | None
    group: str | None
    level: str


class Grants(msgspec.Struct):
    is_private: bool
    grants: list[Grant]


def list_(request, body: Nothing, experiment_id: int) -> Grants:
    """The grants on an experiment; whoever may see the experiment may know who else does."""
    experiment = experiment_by_id(str(experiment_id), user=request.user)
    rows = experiment.grants.select_related("user", "group").order_by("pk")
    return Grants(is_private=experiment.is_private, grants=[_grant(row) for row in rows])


class SetGrant(msgspec.Struct):
    level: Literal["view", "log", "edit", "manage"]
    user: str | None = None
    group: str | None = None


def grant(request, body: SetGrant, experiment_id: int) -> Grant:
    """Give a level to a user or a group, in place of the one they had."""
    row = grants.grant(
        experiment_by_id(str(experiment_id), user=request.user, level=Level.MANAGE),
        level=Level[body.level.upper()],
        user=named(User.objects.filter(is_active=True), "username", body.user),
        group=named(Group.objects.all(), "name", body.group),
        by=request.user,
        token_id=caller_token_id(request),
    )
    return _grant(row)


def revoke(request, body: Nothing, experiment_id: int, grant_id: int) -> dict:
    """Take a grant back."""
    experiment = experiment_by_id(str(experiment_id), user=request.user, level=Level.MANAGE)
    grants.revoke(experiment, grant_id, by=request.user, token_id=caller_token_id(request))
    return {}


class SetVisibility(msgspec.Struct):
    is_private: bool


def set_visibility(request, body: SetVisibility, experiment_id: int) -> dict:
    """Hide an experiment from members without a grant, or show it to them again."""
    experiment = experiment_by_id(str(experiment_id), user=request.user, level=Level.MANAGE)
    grants.set_private(experiment, body.is_private, by=request.user, token_id=caller_token_id(request))
    return {}


def named(rows, field: str, name: str | None):
    """Return the row of that name, None for no name. Raises NotFound."""
    if name is None:
        return None
    row = rows.filter(**{field: name}).first()
    if row is None:
        raise NotFound(f"There is no {rows.model._meta.verbose_name} named {name[:150]!r}.")
    return row


def _grant(row: ExperimentGrant) -> Grant:
    return Grant(
        id=row.pk,
        user=row.user.username if row.user else None,
        group=row.group.name if row.group else None,
        level=Level(row.level).name.lower(),
    )
