"""What it takes to move a version: the policies of a model, and the site's defaults."""

from typing import Annotated, Literal

import msgspec
from django.contrib.auth.models import Group

from accounts.access import Level
from api.endpoint import Nothing, RequiredText, caller_token_id
from core.errors import NotFound
from registry import lookups
from registry import policies as rules
from registry.actions import policies
from registry.models import StagePolicy


class Policy(msgspec.Struct):
    kind: str
    target: str
    is_model_own: bool
    wire_stage: str
    shown_as: str
    num_approvals: int
    approver_groups: list[str]
    requester_may_approve: bool
    archives_incumbent: bool
    requires_comment: bool
    expires_after_days: int | None
    managers_may_bypass: bool
    locks_version: bool
    service_accounts_only: bool
    opens_request: bool
    checks: list[dict]


class Policies(msgspec.Struct):
    policies: list[Policy]


class SetPolicy(msgspec.Struct):
    target: RequiredText
    kind: Literal["stage", "alias"] = "stage"
    wire_stage: Literal["", "None", "Staging", "Production", "Archived"] = ""
    shown_as: str = ""
    num_approvals: Annotated[int, msgspec.Meta(ge=0, le=10)] = 1
    approver_groups: list[str] = []
    requester_may_approve: bool = False
    archives_incumbent: bool = False
    requires_comment: bool = False
    expires_after_days: Annotated[int, msgspec.Meta(ge=1, le=365)] | None = None
    managers_may_bypass: bool = False
    locks_version: bool = False
    service_accounts_only: bool = False
    opens_request: bool = False
    checks: list[dict] = []


class OfTarget(msgspec.Struct):
    target: RequiredText
    kind: Literal["stage", "alias"] = "stage"


def list_of_model(request, body: Nothing, name: str) -> Policies:
    """The policies that govern a model: its own, and the site's where it has none."""
    found = rules.by_target(lookups.model_by_name(name, user=request.user))
    return Policies(policies=[_policy(found[key]) for key in sorted(found)])


def set_of_model(request, body: SetPolicy, name: str) -> Policy:
    """Write a policy of a model; a manager may ask for more than the site does, not for less."""
    return _set(lookups.model_by_name(name, user=request.user, level=Level.MANAGE), request, body)


def remove_of_model(request, body: OfTarget, name: str) -> dict:
    """Take a policy of a model away; the site's holds then."""
    model = lookups.model_by_name(name, user=request.user, level=Level.MANAGE)
    policies.remove(model, body.kind, body.target, by=request.user, token_id=caller_token_id(request))
    return {}


def list_of_site(request, body: Nothing) -> Policies:
    """The site's defaults, what holds from the start included."""
    found = rules.by_target(None)
    return Policies(policies=[_policy(found[key]) for key in sorted(found)])


def set_of_site(request, body: SetPolicy) -> Policy:
    """Write a default of the site; for site admins."""
    return _set(None, request, body)


def remove_of_site(request, body: OfTarget) -> dict:
    """Take a default of the site away; for site admins."""
    policies.remove(None, body.kind, body.target, by=request.user, token_id=caller_token_id(request))
    return {}


def _set(model, request, body: SetPolicy) -> Policy:
    settings = msgspec.structs.asdict(body)
    kind, target = settings.pop("kind"), settings.pop("target")
    groups = [_group(name) for name in settings.pop("approver_groups")]
    row = policies.set(
        model, kind, target, groups=groups, by=request.user, token_id=caller_token_id(request), **settings
    )
    return _policy(row)


def _group(name: str) -> Group:
    found = Group.objects.filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no group named {name[:150]!r}.")
    return found


def _policy(row: StagePolicy) -> Policy:
    groups = sorted(row.approver_groups.values_list("name", flat=True)) if row.pk else []
    return Policy(
        kind=str(row.kind),
        target=str(row.target),
        is_model_own=row.model_id is not None,
        approver_groups=groups,
        **{field: getattr(row, field) for field in policies.FIELDS},
    )
