"""Moving versions to stages and aliases, where nobody has to be asked; requests.py is for where somebody has.

`move` is the one way for scripts, pages and the administration alike. It applies where the policy allows it, and
otherwise raises NotAllowed with the address at which to ask, or opens the request where the policy says so.
"""

from django.db import transaction

from accounts.access import Level
from core.errors import InvalidValue, NotAllowed
from registry import addresses, notices, policies, shown
from registry.actions import requests
from registry.actions.held import hold, hold_version
from registry.actions.moves import Why, carry_out, drop_alias, to_stage
from registry.models import Alias, ModelVersion, RegisteredModel, StagePolicy
from registry.models.policy import Target


class ApprovalNeeded(NotAllowed):
    """The policy asks for somebody else's approval; rolled back before a request is opened."""


class ServiceAccountNeeded(ApprovalNeeded):
    """The policy has service accounts alone carry moves out; people ask and approve."""


class RequestOpened(NotAllowed):
    """The move was refused, and the request for it opened, which stays although the call fails."""

    keeps_changes = True


def move(
    version: ModelVersion,
    kind: str,
    target: str,
    *,
    archives_incumbent: bool = False,
    comment: str = "",
    bypasses: bool = False,
    by,
    token_id: int | None = None,
) -> ModelVersion:
    """Move a version to a stage or have an alias lead to it; return it as it is then.

    `bypasses` goes past the policy, for managers and where it allows that; history says so. Raises NotAllowed.
    """
    options = {"archives_incumbent": archives_incumbent, "comment": comment, "by": by, "token_id": token_id}
    try:
        return _move(version, kind, target, bypasses=bypasses, **options)
    except ApprovalNeeded as refusal:
        policy = policies.of(version.model, kind, target)
        if policy is None or not policy.opens_request:
            raise
        if not _opened(version, kind, target, **options):
            raise
        raise RequestOpened(f"{refusal.message} The request for it is open.")


def ask_instead(version: ModelVersion, kind: str, target: str, *, opens: bool, **options) -> str:
    """Return where to ask for a move that a caller may not make; `opens` lets the policy open the request for them."""
    policy = policies.of(version.model, kind, target)
    if opens and policy is not None and policy.opens_request and _opened(version, kind, target, **options):
        return f"The request for it is open at {addresses.of_version(version)}"
    return _where_to_ask(version, kind, target)


def _opened(version: ModelVersion, kind: str, target: str, **options) -> bool:
    """Have the policy open the request for somebody; it cannot where it asks for a comment, which MLflow's client does not send."""
    try:
        requests.open_or_find(version, kind, target, **options)
    except InvalidValue:
        return False
    return True


def _where_to_ask(version: ModelVersion, kind: str, target: str) -> str:
    return f"Request it at {addresses.of_request(version, kind, target)}"


@transaction.atomic
def _move(
    version: ModelVersion,
    kind: str,
    target: str,
    *,
    archives_incumbent: bool,
    comment: str,
    bypasses: bool,
    by,
    token_id: int | None,
) -> ModelVersion:
    held = hold_version(version)
    if archives_incumbent and not policies.can_archive(held.model, kind, target):
        raise InvalidValue(
            f"Model version transition cannot archive existing model versions because '{target}' is not an Active "
            f"stage. Valid stages are {[stage.value for stage in policies.ACTIVE_STAGES]}"
        )
    policy = policies.of(held.model, kind, target)
    why = Why(by=by, token_id=token_id, comment=comment)
    if held.is_at(kind, target):
        if archives_incumbent:
            _refuse_below(policies.level_to_move(held, kind, target) if policy is None else Level.MANAGE, held, by)
            to_stage(held, target, archives_incumbent=True, why=why)
        return held
    _refuse_below(policies.level_to_move(held, kind, target), held, by, asks_for=(kind, target))
    if policy is not None:
        why = _allowed_by(policy, held, why, bypasses=bypasses)
        archives_incumbent = _archives(policy, held, why, is_asked=archives_incumbent)
    carry_out(held, kind, target, archives_incumbent=archives_incumbent, why=why)
    if why.is_bypass:
        notices.policy_bypassed(held, kind, target, by=by, comment=comment)
    return held


def _archives(policy: StagePolicy, version: ModelVersion, why: Why, *, is_asked: bool) -> bool:
    """Return whether the incumbent goes along: as the policy and the approved request say; who manages may add it."""
    if policy.archives_incumbent or (why.request and why.request.archives_incumbent):
        return True
    if is_asked and why.request:
        _refuse_below(Level.MANAGE, version, why.by)
    return is_asked


def _refuse_below(level: Level, version: ModelVersion, by, asks_for: tuple[str, str] | None = None) -> None:
    """Raise NotAllowed for who has less; with the address to ask at, if it is `asks_for` and they may ask."""
    held = version.model.level_of(by)
    if held >= level:
        return
    said = (
        f"Moving version {version.version} of {version.model.name} takes the level {level.label.lower()} on the model."
    )
    if asks_for and held >= Level.LOG:
        said += f" {_where_to_ask(version, *asks_for)}"
    raise NotAllowed(said)


def _allowed_by(policy: StagePolicy, version: ModelVersion, why: Why, *, bypasses: bool) -> Why:
    """Return on whose word the version moves; raise where it may not move now."""
    by, is_manager = why.by, version.model.level_of(why.by) >= Level.MANAGE
    if bypasses:
        if not (policy.managers_may_bypass and is_manager):
            raise NotAllowed(f"The policy of {policy.target} does not let you go past it.")
        if not why.comment.strip():
            raise InvalidValue("Say in a comment why the policy is bypassed.")
        return Why(by=by, token_id=why.token_id, comment=why.comment, is_bypass=True)
    approved = requests.approved(version, policy)
    if policy.service_accounts_only and not by.is_service:
        raise ServiceAccountNeeded(_takes_service(policy, version, is_approved=approved is not None))
    if approved:
        # who asked and who approved have said why
        _refuse_unless_passed(policy, version, by)
        return Why(by=by, token_id=why.token_id, comment=why.comment, request=approved)
    is_own_say = policy.num_approvals == 0 or _may_approve_own(policy, version, by)
    if not is_own_say and not (is_manager and policies.is_lone_person(by)):
        number = policies.num_approvals(policy)
        raise ApprovalNeeded(
            f"{policy.target} of {version.model.name} takes {number} approval{'s' if number > 1 else ''}"
            f"{'' if policy.requester_may_approve else ' by somebody else'}. "
            f"{_where_to_ask(version, policy.kind, policy.target)}"
        )
    if policy.requires_comment and not why.comment.strip():
        raise InvalidValue(
            f"The policy of {policy.target} asks for a comment. "
            f"Say it at {addresses.of_request(version, policy.kind, policy.target)}"
        )
    _refuse_unless_passed(policy, version, by)
    return why if is_own_say else Why(by=by, token_id=why.token_id, comment=why.comment, is_unreviewed=True)


def _takes_service(policy: StagePolicy, version: ModelVersion, *, is_approved: bool) -> str:
    carries_out = policies.who_carries_out(version, policy.kind, policy.target)
    said = f"{policy.target} of {version.model.name} is entered by service accounts only. {carries_out}"
    if is_approved:
        return f"{said} It is approved and waits for that."
    return f"{said} {_where_to_ask(version, policy.kind, policy.target)}"


def _refuse_unless_passed(policy: StagePolicy, version: ModelVersion, by) -> None:
    failing = [result for result in shown.results(policy, version, user=by) if not result.has_passed]
    if failing:
        said = " ".join(f"{result.name} ({result.state}): {result.reason}" for result in failing)
        raise NotAllowed(
            f"{policy.target} of {version.model.name} asks for checks that have not passed. {said} "
            f"They stand at {addresses.of_request(version, policy.kind, policy.target)}"
        )


def _may_approve_own(policy: StagePolicy, version: ModelVersion, by) -> bool:
    """Return whether asking and approving would be the same person's, and enough."""
    return policies.num_approvals(policy) == 1 and not policies.why_not_approver(
        by, version, policy.kind, policy.target, requested_by_id=by.pk
    )


@transaction.atomic
def delete_alias(model: RegisteredModel, name: str, *, by, token_id: int | None = None) -> None:
    """Take an alias away; where there is none, nothing happens. One that a policy protects takes the level manage."""
    held = hold(model.pk)
    alias = Alias.objects.filter(model=held, name=name).select_related("version").first()
    if alias is None:
        return
    is_protected = policies.of(held, Target.ALIAS, name) is not None
    alias.model = alias.version.model = held
    _refuse_below(Level.MANAGE if is_protected else Level.EDIT, alias.version, by)
    drop_alias(alias, why=Why(by=by, token_id=token_id))


def why_not_move(version: ModelVersion, kind: str, target: str, *, bypasses: bool = False, by) -> str:
    """Return why somebody may not move a version at once, nothing where they may once they have said their comment."""
    try:
        _refuse_below(policies.level_to_move(version, kind, target), version, by)
        if (policy := policies.of(version.model, kind, target)) is not None:
            _allowed_by(policy, version, Why(by=by, comment="…"), bypasses=bypasses)
    except NotAllowed as refusal:
        return refusal.message
    return "" if policy is not None or not bypasses else "There is no policy to go past."
