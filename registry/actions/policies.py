"""Setting what it takes to move a version: the site's defaults by site admins, a model's own by who manages it.

The site's default is the floor: a model's manager may ask for more than the site does, only a site admin for less.
"""

from django.contrib.auth.models import Group
from django.db import transaction

from core.actions import audit
from core.errors import InvalidValue, NotAllowed, NotFound
from registry import checks, names, policies
from registry.actions.held import hold, touch
from registry.models import ModelVersion, RegisteredModel, StagePolicy
from registry.models.policy import Target

MAX_APPROVALS = 10
MAX_DAYS = 365
FIELDS = (
    "wire_stage", "shown_as", "num_approvals", "requester_may_approve", "archives_incumbent", "requires_comment",
    "expires_after_days", "managers_may_bypass", "locks_version", "service_accounts_only", "opens_request", "checks",
)  # fmt: skip


@transaction.atomic
def set(
    model: RegisteredModel | None,
    kind: str,
    target: str,
    *,
    groups: list[Group] = (),
    by,
    token_id: int | None = None,
    **settings,
) -> StagePolicy:
    """Write the policy of a stage or an alias, of one model or, with None, the site's; settings left out get their default.

    Raises InvalidValue for settings that make no sense, NotAllowed for who may not, or for less than the site asks.
    """
    target = checked_target(kind, target)
    held = _hold(model, by)
    before = StagePolicy.objects.filter(model=held, kind=kind, target=target).first()
    policy = before or StagePolicy(model=held, kind=kind, target=target)
    old = _described(before) if before else None
    for field in FIELDS:
        setattr(policy, field, settings.pop(field, StagePolicy._meta.get_field(field).get_default()))
    if settings:
        raise TypeError(f"no such settings: {sorted(settings)}")
    _check(policy)
    if before is not None and policy.wire_stage != old["wire_stage"]:
        _refuse_while_used(policy, "shows as another one")
    group_ids = sorted(group.pk for group in groups)
    if held is not None and not by.is_superuser:
        _refuse_less_than_site(policy, group_ids)
    policy.updated_by = by
    policy.save()
    policy.approver_groups.set(group_ids)
    if held is not None:
        touch(held)
    audit.record("stagepolicy.set", policy, by=by, token_id=token_id, before=old, after=_described(policy))
    return policy


@transaction.atomic
def remove(model: RegisteredModel | None, kind: str, target: str, *, by, token_id: int | None = None) -> None:
    """Take a policy away: the site's default holds then, and for the site what held from the start."""
    held = _hold(model, by)
    policy = StagePolicy.objects.filter(model=held, kind=kind, target=target).first()
    if policy is None:
        raise NotFound(f"There is no policy of {target[:100]} here.")
    _refuse_while_used(policy, "goes")
    audit.record("stagepolicy.remove", policy, by=by, token_id=token_id, before=_described(policy))
    policy.delete()
    if held is not None:
        touch(held)


def _hold(model: RegisteredModel | None, by) -> RegisteredModel | None:
    if model is None:
        if not (by.is_active and by.is_superuser):
            raise NotAllowed("The site's defaults are set by site admins.")
        return None
    held = hold(model.pk)
    if not RegisteredModel.objects.manageable_by(by).filter(pk=held.pk).exists():
        raise NotAllowed("Only who manages the model may set its policies.")
    return held


def checked_target(kind: str, target: str) -> str:
    """Return what a policy may be about: a stage of the wire in any case, a stage that it adds, an alias. Raises InvalidValue."""
    if kind == Target.ALIAS:
        names.check_new_alias(target)
        return target
    try:
        return names.stage_of(target).value
    except InvalidValue:
        names.check_added_stage(target)
        return target


def _refuse_while_used(policy: StagePolicy, what: str) -> None:
    """Raise where a version is in the stage that a policy adds, and would be nowhere."""
    there = ModelVersion.objects.active().filter(added_stage=policy.target)
    if policy.model is not None:
        there = there.filter(model=policy.model)
    if policy.kind == Target.STAGE and (version := there.select_related("model").first()):
        raise InvalidValue(f"{version} is {policy.target}: move it before the stage {what}.")


def _check(policy: StagePolicy) -> None:
    if not 0 <= policy.num_approvals <= MAX_APPROVALS:
        raise InvalidValue(f"A policy asks for 0 to {MAX_APPROVALS} approvals.")
    days = policy.expires_after_days
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise InvalidValue(f"A request expires after 1 to {MAX_DAYS} days.")
    if len(policy.shown_as) > 50:
        raise InvalidValue("The name of a stage in pages has at most 50 characters.")
    is_added = policy.kind == Target.STAGE and policy.target not in ModelVersion.Stage.values
    if is_added and policy.wire_stage not in ModelVersion.Stage.values:
        raise InvalidValue(f"Say which of {', '.join(ModelVersion.Stage.values)} the stage shows as on the wire.")
    if not is_added and policy.wire_stage:
        raise InvalidValue("Only a stage that the policy adds shows as another one.")
    policy.checks = checks.validate(policy.checks)


def _refuse_less_than_site(policy: StagePolicy, group_ids: list[int]) -> None:
    """Raise unless it asks for as much as the site does of the stage, and of what that shows as on the wire."""
    for target in dict.fromkeys((policy.target, policy.wire_stage or policy.target)):
        if (site := policies.of_site(policy.kind, target)) is not None:
            _refuse_less_than(site, policy, group_ids)


def _refuse_less_than(site: StagePolicy, policy: StagePolicy, group_ids: list[int]) -> None:
    site_groups = policies.approver_groups(site)
    less = {
        "fewer approvals": policy.num_approvals < site.num_approvals,
        "the requester's own approval": policy.requester_may_approve and not site.requester_may_approve,
        "a bypass": policy.managers_may_bypass and not site.managers_may_bypass,
        "no comment": site.requires_comment and not policy.requires_comment,
        "no lock": site.locks_version and not policy.locks_version,
        "moves by people": site.service_accounts_only and not policy.service_accounts_only,
        "more time": _days(policy) > _days(site),
        "other approvers": bool(site_groups) and not (group_ids and {*group_ids} <= {*site_groups}),
        "fewer checks": any(spec not in policy.checks for spec in site.checks),
    }
    if found := [what for what, is_less in less.items() if is_less]:
        raise NotAllowed(
            f"The site's policy of {site.target} asks for more; only a site admin may allow {', '.join(found)}."
        )


def _days(policy: StagePolicy) -> float:
    return policy.expires_after_days or float("inf")


def _described(policy: StagePolicy) -> dict:
    groups = sorted(policy.approver_groups.values_list("name", flat=True)) if policy.pk else []
    return {**{field: getattr(policy, field) for field in FIELDS}, "approver_groups": groups}
