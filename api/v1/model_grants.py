"""Who may do what with a registered model."""

from typing import Literal

import msgspec
from django.contrib.auth.models import Group

from accounts.access import Level
from accounts.models import User
from api.endpoint import Nothing, caller_token_id
from api.v1.grants import Grant, Grants, SetVisibility, named
from registry.actions import grants
from registry.lookups import model_by_name
from registry.models import ModelGrant


def list_(request, body: Nothing, name: str) -> Grants:
    """The grants on a model; whoever may see the model may know who else does."""
    model = model_by_name(name, user=request.user)
    rows = model.grants.select_related("user", "group").order_by("pk")
    return Grants(is_private=model.is_private, grants=[_grant(row) for row in rows])


class SetModelGrant(msgspec.Struct):
    level: Literal["view", "edit", "manage"]
    user: str | None = None
    group: str | None = None


def grant(request, body: SetModelGrant, name: str) -> Grant:
    """Give a level to a user or a group, in place of the one they had."""
    row = grants.grant(
        model_by_name(name, user=request.user, level=Level.MANAGE),
        level=Level[body.level.upper()],
        user=named(User.objects.filter(is_active=True), "username", body.user),
        group=named(Group.objects.all(), "name", body.group),
        by=request.user,
        token_id=caller_token_id(request),
    )
    return _grant(row)


def revoke(request, body: Nothing, name: str, grant_id: int) -> dict:
    """Take a grant back."""
    model = model_by_name(name, user=request.user, level=Level.MANAGE)
    grants.revoke(model, grant_id, by=request.user, token_id=caller_token_id(request))
    return {}


def set_visibility(request, body: SetVisibility, name: str) -> dict:
    """Hide a model from members without a grant, or show it to them again."""
    model = model_by_name(name, user=request.user, level=Level.MANAGE)
    grants.set_private(model, body.is_private, by=request.user, token_id=caller_token_id(request))
    return {}


def _grant(row: ModelGrant) -> Grant:
    return Grant(
        id=row.pk,
        user=row.user.username if row.user else None,
        group=row.group.name if row.group else None,
        level=Level(row.level).name.lower(),
    )
