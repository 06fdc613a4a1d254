"""Asking that a version move, and deciding on it: the last approval that the policy needs applies it, unless that is
left to a service account.

Whoever decides holds the model, so that of two who decide at once one finds the request closed. Approvals hold for the
evidence of their moment: they count while it is the same, and while who gave them may still give them.
"""

from contextlib import suppress
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.access import Level
from accounts.models import User
from core.actions import audit
from core.errors import Conflict, DomainError, InvalidValue, NotAllowed, NotFound
from registry import checks, evidence, happenings, notices, policies
from registry.actions.held import hold_version
from registry.actions.moves import Why, carry_out
from registry.models import Approval, ModelVersion, RegisteredModel, StagePolicy, TransitionRequest
from tracker.validation import check_text

MAX_COMMENT = 10_000
State = TransitionRequest.State


@transaction.atomic
def open(
    version: ModelVersion,
    kind: str,
    target: str,
    *,
    archives_incumbent: bool = False,
    comment: str = "",
    by,
    token_id: int | None = None,
) -> TransitionRequest:
    """Ask that a version move to a stage or an alias. Raises Conflict where that is being asked for already."""
    check_text(comment, "comment", MAX_COMMENT)
    held = hold_version(version)
    if not RegisteredModel.objects.registrable_by(by).filter(pk=held.model_id).exists():
        raise NotAllowed("You may see this model, but it takes the level edit to ask for a transition.")
    if archives_incumbent and not policies.can_archive(held.model, kind, target):
        raise InvalidValue(f"What is in '{target}' cannot be archived: it is not an active stage.")
    if held.is_at(kind, target):
        raise InvalidValue(f"Version {held.version} of {held.model.name} is {target} already.")
    policy = policies.of(held.model, kind, target)
    if policy is not None and policy.requires_comment and not comment.strip():
        raise InvalidValue(f"The policy of {target} asks for a comment.")
    close_expired(held)
    found = evidence.of(held, kind, target)
    days = policy.expires_after_days if policy else None
    try:
        with transaction.atomic():
            request = TransitionRequest.objects.create(
                version=held,
                kind=kind,
                target=target,
                requested_by=by,
                token_id=token_id,
                comment=comment,
                archives_incumbent=archives_incumbent,
                expires_at=timezone.now() + timedelta(days=days) if days else None,
                evidence=found,
                evidence_digest=evidence.digest(found),
                current_digest=evidence.digest(found),
            )
    except IntegrityError:
        raise Conflict(f"There is an open request to move version {held.version} of {held.model.name} to {target}.")
    _record("request", request, by, token_id, comment)
    happenings.request_created(request)
    notices.request_opened(request)
    return request


def open_or_find(version: ModelVersion, kind: str, target: str, **options) -> TransitionRequest:
    try:
        return open(version, kind, target, **options)
    except Conflict:
        return TransitionRequest.objects.open().get(version=version, kind=kind, target=target)


@transaction.atomic
def approve(
    request: TransitionRequest,
    *,
    archives_incumbent: bool = False,
    comment: str = "",
    seen_digest: str = "",
    by,
    token_id: int | None = None,
) -> TransitionRequest:
    """Say yes, and apply the request where that was the last yes it needed and its checks have passed.

    Where the policy has service accounts alone carry it out, it stays open until one calls `transitions.move`.

    `seen_digest` is that of the evidence which `by` looked at. Raises InvalidValue where it is another by now, NotAllowed
    for who may not decide, Conflict for who approved this very evidence before.
    """
    held, policy = _hold_to_decide(request, by, comment)
    now = _freeze_again(held, by)
    if seen_digest and seen_digest != now:
        raise InvalidValue("What this request stands on has changed since you looked at it. Look again.")
    if held.approvals.filter(by=by, evidence_digest=now).exists():
        raise Conflict("You have approved this already.")
    if archives_incumbent and not held.archives_incumbent and held.version.model.level_of(by) < Level.MANAGE:
        raise NotAllowed("The request leaves the incumbent where it is; to have it archived takes the level manage.")
    Approval.objects.create(request=held, by=by, token_id=token_id, comment=comment, evidence_digest=now)
    if archives_incumbent and not held.archives_incumbent:
        held.archives_incumbent = True
        held.save(update_fields=["archives_incumbent"])
    _record("approve", held, by, token_id, comment)
    num_given, num_needed = len(standing(held, now)), policies.num_approvals(policy)
    waits = policies.takes_service(held.version, held.kind, held.target)
    if num_given >= num_needed and not waits and not checks.standing_in_the_way(policy, held.version):
        _apply(held, policy, Why(by=by, token_id=token_id, comment=comment, request=held))
    else:
        notices.request_approved(held, num_given, num_needed, by=by, comment=comment)
    return held


@transaction.atomic
def reject(request: TransitionRequest, *, comment: str = "", by, token_id: int | None = None) -> TransitionRequest:
    """Say no, which closes the request; who may approve it may."""
    held, _ = _hold_to_decide(request, by, comment)
    _close(held, State.REJECTED, comment, by)
    notices.request_closed(held, by=by)
    _record("reject", held, by, token_id, comment)
    return held


@transaction.atomic
def cancel(request: TransitionRequest, *, comment: str = "", by, token_id: int | None = None) -> TransitionRequest:
    """Take a request back: one's own, or any where the model is managed."""
    check_text(comment, "comment", MAX_COMMENT)
    held = _hold_open(request)
    if why := why_not_cancel(held, by):
        raise NotAllowed(why)
    _close(held, State.CANCELLED, comment, by)
    notices.request_closed(held, by=by)
    _record("cancel", held, by, token_id, comment)
    return held


def why_not_cancel(request: TransitionRequest, user: User) -> str:
    if request.requested_by_id == user.pk or request.version.model.level_of(user) >= Level.MANAGE:
        return ""
    return "A request is taken back by who made it, or by who manages the model."


def why_not_decide(request: TransitionRequest, user: User) -> str:
    return policies.why_not_approver(
        user, request.version, request.kind, request.target, requested_by_id=request.requested_by_id
    )


def standing(request: TransitionRequest, digest: str) -> list[Approval]:
    """Return the approvals that count: given on this evidence, by people who may still give them."""
    given = request.approvals.filter(evidence_digest=digest).select_related("by")
    return [approval for approval in given if not why_not_decide(request, approval.by)]


def approved(version: ModelVersion, policy: StagePolicy) -> TransitionRequest | None:
    """Return the open request for a held version's move that has all its approvals and may have waited for checks."""
    request = TransitionRequest.objects.open().filter(version=version, kind=policy.kind, target=policy.target).first()
    if request is None:
        return None
    request.version = version
    now = evidence.digest(evidence.of(version, policy.kind, policy.target))
    return request if len(standing(request, now)) >= policies.num_approvals(policy) else None


@transaction.atomic
def close_expired(version: ModelVersion | None = None) -> int:
    """Close requests whose time is over; return how many."""
    over = TransitionRequest.objects.filter(state=State.OPEN, expires_at__lte=timezone.now())
    if version is not None:
        over = over.filter(version=version)
    num_closed = 0
    for request in over.select_related("version__model", "requested_by"):
        if TransitionRequest.objects.filter(pk=request.pk, state=State.OPEN).update(
            state=State.EXPIRED, decided_at=timezone.now()
        ):
            _record("expire", request, None, None, "")
            request.state = State.EXPIRED
            notices.request_closed(request, by=None)
            num_closed += 1
    return num_closed


def tell_of_changes(limit: int = 200) -> int:
    """Write down and tell where evidence changed after somebody approved, so that they are asked again; return how many."""
    num_changed = 0
    # in any order, so that none stands behind the limit for good
    found = approved_and_open().select_related("version__model", "requested_by").order_by("?")
    for request in found[:limit]:
        now = evidence.digest(evidence.of(request.version, request.kind, request.target))
        if now != request.current_digest:
            with suppress(DomainError):
                _look_again(request)
        num_changed += now != request.evidence_digest
    return num_changed


@transaction.atomic
def _look_again(request: TransitionRequest) -> None:
    held = _hold_open(request)
    found = evidence.of(held.version, held.kind, held.target)
    now = evidence.digest(found)
    _note_change(held, found, now)
    if now != held.evidence_digest:
        notices.evidence_changed(held, now, by=None)


def approved_and_open():
    """Return the open requests that somebody approved as they were looked at last."""
    given = Approval.objects.filter(request=OuterRef("pk"), evidence_digest=OuterRef("evidence_digest"))
    return TransitionRequest.objects.open().filter(Exists(given), version__deleted_at=None).order_by("pk")


def _apply(request: TransitionRequest, policy: StagePolicy | None, why: Why) -> None:
    archives = request.archives_incumbent or bool(policy and policy.archives_incumbent)
    carry_out(request.version, request.kind, request.target, archives_incumbent=archives, why=why)
    request.refresh_from_db(fields=["state", "decided_by", "decided_at", "decision_comment"])


def _hold_open(request: TransitionRequest) -> TransitionRequest:
    """Return the request as it is now, with its model held. Raises where it is closed, or its version is gone."""
    version = hold_version(request.version)
    held = TransitionRequest.objects.get(pk=request.pk)
    held.version = version
    if held.state != State.OPEN:
        raise InvalidValue(f"The request is {held.state} already.")
    if held.expires_at is not None and held.expires_at <= timezone.now():
        raise InvalidValue("The request has expired.")
    return held


def _hold_to_decide(request: TransitionRequest, by, comment: str) -> tuple[TransitionRequest, StagePolicy | None]:
    check_text(comment, "comment", MAX_COMMENT)
    held = _hold_open(request)
    if held.version.model.level_of(by) < Level.VIEW:
        raise NotFound("There is no such request.")
    if why := why_not_decide(held, by):
        raise NotAllowed(why)
    policy = policies.of(held.version.model, held.kind, held.target)
    if policy is not None and policy.requires_comment and not comment.strip():
        raise InvalidValue(f"The policy of {held.target} asks for a comment.")
    return held, policy


def _freeze_again(request: TransitionRequest, by) -> str:
    """Keep the evidence as it is now and return its digest; approvals of what it was go stale by that."""
    found = evidence.of(request.version, request.kind, request.target)
    now = evidence.digest(found)
    if now != request.evidence_digest:
        _note_change(request, found, now)
        notices.evidence_changed(request, now, by=by)
        request.evidence, request.evidence_digest = found, now
        request.save(update_fields=["evidence", "evidence_digest"])
    return now


def _note_change(request: TransitionRequest, found: dict, now: str) -> None:
    """Write down, once for each change, that what was approved is not what the version stands on now."""
    if now == request.current_digest:
        return
    request.current_digest = now
    request.save(update_fields=["current_digest"])
    told = evidence.changes(request.evidence, found)
    audit.record(
        "transition.evidence_changed", request, by=None, target=request.target, evidence=now, changes=told[:50]
    )


def _close(request: TransitionRequest, state: State, comment: str, by) -> None:
    request.state, request.decided_by, request.decided_at = state, by, timezone.now()
    request.decision_comment = comment
    request.save(update_fields=["state", "decided_by", "decided_at", "decision_comment"])


def _record(verb: str, request: TransitionRequest, by, token_id: int | None, comment: str) -> None:
    audit.record(
        f"transition.{verb}",
        request,
        by=by,
        token_id=token_id,
        target=request.target,
        evidence=request.evidence_digest,
        comment=comment[:2000],
    )
