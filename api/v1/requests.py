"""Requests to move a version to a stage or an alias, also those that Databricks' protocol has no words for."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from api.endpoint import Nothing, RequiredText, caller_token_id
from core.errors import NotFound
from core.reading import once_each
from registry import evidence, lookups, names, policies, shown
from registry.actions import requests, transitions
from registry.models import ModelVersion, RegisteredModel, TransitionRequest
from registry.models.policy import Target

MAX_LISTED = 500


class Approval(msgspec.Struct):
    by: str
    at: datetime
    comment: str
    is_stale: bool


class TransitionRequestDetail(msgspec.Struct):
    id: int
    model: str
    version: str
    kind: str
    target: str
    state: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime | None
    comment: str
    decided_by: str | None
    decided_at: datetime | None
    decision_comment: str
    evidence: dict[str, Any]
    evidence_digest: str
    changes: list[str]
    approvals: list[Approval]
    num_approvals_needed: int
    service_accounts_only: bool
    carried_out_by: list[str]
    available_actions: list[str]


class TransitionRequests(msgspec.Struct):
    requests: list[TransitionRequestDetail]


@once_each
def list_(request, body: Nothing) -> TransitionRequests:
    """The open requests on models that you may see, oldest first, at most 500; `carried_out_by` is told of a single one."""
    visible = RegisteredModel.objects.visible_to(request.user).active()
    rows = TransitionRequest.objects.open().filter(version__model__in=visible)
    rows = rows.select_related("version__model", "requested_by", "decided_by").prefetch_related("approvals__by")
    found = list(rows.order_by("pk")[:MAX_LISTED])
    hidden = shown.hidden([row.version for row in found], request.user)
    # stale approvals are told by the digest that was found last
    briefs = [_detail(row, request.user, row.current_digest, [], row.version_id in hidden) for row in found]
    return TransitionRequests(requests=briefs)


class Open(msgspec.Struct):
    target: RequiredText
    kind: Literal["stage", "alias"] = "stage"
    archives_incumbent: bool = False
    comment: str = ""


def open_(request, body: Open, name: str, version: str) -> TransitionRequestDetail:
    """Ask that a version move to a stage, or that an alias lead to it."""
    found = lookups.version_by_number(name, version, user=request.user)
    row = requests.open(
        found,
        body.kind,
        _target(body, found),
        archives_incumbent=body.archives_incumbent,
        comment=body.comment,
        **_by(request),
    )
    return _whole(row, request.user)


def get(request, body: Nothing, request_id: int) -> TransitionRequestDetail:
    """A request with its evidence, what of it has changed since, and what you may do about it.

    Where `service_accounts_only` holds, an approved request stays open until one of `carried_out_by` calls `move`.
    """
    return _whole(_one(request_id, request.user), request.user)


class Approve(msgspec.Struct):
    comment: str = ""
    archives_incumbent: bool = False
    evidence_digest: str = ""


def approve(request, body: Approve, request_id: int) -> TransitionRequestDetail:
    """Say yes; with the `evidence_digest` that you looked at, it is refused where that has changed."""
    row = requests.approve(
        _one(request_id, request.user),
        comment=body.comment,
        archives_incumbent=body.archives_incumbent,
        seen_digest=body.evidence_digest,
        **_by(request),
    )
    return _whole(row, request.user)


class Close(msgspec.Struct):
    comment: str = ""


def reject(request, body: Close, request_id: int) -> TransitionRequestDetail:
    """Say no, which closes the request."""
    return _whole(requests.reject(_one(request_id, request.user), comment=body.comment, **_by(request)), request.user)


def cancel(request, body: Close, request_id: int) -> TransitionRequestDetail:
    """Take a request back: your own, or any on a model that you manage."""
    return _whole(requests.cancel(_one(request_id, request.user), comment=body.comment, **_by(request)), request.user)


class Move(Open):
    bypass: bool = False


class Moved(msgspec.Struct):
    version: str
    stage: str
    added_stage: str
    aliases: list[str]


def move(request, body: Move, name: str, version: str) -> Moved:
    """Move a version where the policy lets you; `bypass` goes past it, where it lets managers, and history says so."""
    found = lookups.version_by_number(name, version, user=request.user)
    row = transitions.move(
        found,
        body.kind,
        _target(body, found),
        archives_incumbent=body.archives_incumbent,
        comment=body.comment,
        bypasses=body.bypass,
        **_by(request),
    )
    return _moved(row)


def _moved(row: ModelVersion) -> Moved:
    aliases = sorted(row.aliases.values_list("name", flat=True))
    return Moved(version=str(row.version), stage=str(row.stage), added_stage=row.added_stage, aliases=aliases)


def _target(body: Open, version: ModelVersion) -> str:
    if body.kind == Target.STAGE:
        return policies.stage_named(version.model, body.target)
    names.check_new_alias(body.target)
    return body.target


def _one(request_id: int, user) -> TransitionRequest:
    rows = TransitionRequest.objects.filter(pk=request_id, version__model__in=RegisteredModel.objects.visible_to(user))
    found = rows.select_related("version__model", "requested_by", "decided_by").first()
    if found is None:
        raise NotFound(f"There is no request with id {request_id}.")
    return found


def _by(request) -> dict:
    return {"by": request.user, "token_id": caller_token_id(request)}


def _whole(row: TransitionRequest, viewer) -> TransitionRequestDetail:
    """Return a request beside what its version stands on at this moment."""
    hides_run = shown.hides_run(row.version, viewer)
    if row.state != TransitionRequest.State.OPEN:
        return _detail(row, viewer, row.evidence_digest, [], hides_run)
    now = evidence.of(row.version, row.kind, row.target)
    changes = shown.changes(row.version, row.evidence, now, user=viewer)
    detail = _detail(row, viewer, evidence.digest(now), changes, hides_run)
    if detail.service_accounts_only:
        detail.carried_out_by = policies.services_to_move(row.version, row.kind, row.target)
    return detail


def _detail(
    row: TransitionRequest, viewer, digest: str, changes: list[str], hides_run: bool
) -> TransitionRequestDetail:
    policy = policies.of(row.version.model, row.kind, row.target)
    return TransitionRequestDetail(
        id=row.pk,
        model=row.version.model.name,
        version=str(row.version.version),
        kind=row.kind,
        target=row.target,
        state=row.state,
        requested_by=row.requested_by.username,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        comment=row.comment,
        decided_by=row.decided_by.username if row.decided_by else None,
        decided_at=row.decided_at,
        decision_comment=row.decision_comment,
        evidence=shown.evidence_without_run(row.evidence) if hides_run else row.evidence,
        evidence_digest=digest,
        changes=changes,
        approvals=[
            Approval(by=given.by.username, at=given.at, comment=given.comment, is_stale=given.evidence_digest != digest)
            for given in row.approvals.all()
        ],
        num_approvals_needed=policies.num_approvals(policy),
        service_accounts_only=policies.takes_service(row.version, row.kind, row.target),
        carried_out_by=[],
        available_actions=_actions(row, viewer),
    )


def _actions(row: TransitionRequest, viewer) -> list[str]:
    if row.state != TransitionRequest.State.OPEN:
        return []
    actions = [] if requests.why_not_decide(row, viewer) else ["approve", "reject"]
    return actions if requests.why_not_cancel(row, viewer) else [*actions, "cancel"]
