"""Databricks' approval protocol (PEERS A7): requests for transitions, as its databricks-sdk sends and reads them.

With several approvals needed, `approve` records one and the last one applies.
"""

from typing import Any

from api import wire_registry as wire
from api.endpoint import RequiredText, caller_token_id
from api.model_versions import OfVersion, TransitionStage, flag, transition
from api.registered_models import OfModel
from core.errors import NotFound
from registry import activities, lookups, policies
from registry.actions import requests
from registry.models import TransitionRequest
from registry.models.policy import Target


class Create(OfVersion):
    stage: RequiredText
    comment: str = ""


def create(request, body: Create):
    """POST transition-requests/create; one open request for a version and a stage, a second is RESOURCE_ALREADY_EXISTS"""
    version = lookups.version_by_number(body.name, body.version, user=request.user)
    asked = requests.open(version, Target.STAGE, _stage(version, body.stage), comment=body.comment, **_by(request))
    return {"request": wire.transition_request(asked, request.user)}


def list_(request, body: OfVersion):
    """GET transition-requests/list: the open ones, each with what the caller may do about it"""
    version = lookups.version_by_number(body.name, body.version, user=request.user)
    found = _open(version).order_by("pk")
    return {"requests": [wire.transition_request(asked, request.user) for asked in _at_hand(found, version)]}


class Approve(OfVersion):
    stage: RequiredText
    archive_existing_versions: Any
    comment: str = ""


def approve(request, body: Approve):
    """POST transition-requests/approve"""
    archives = flag(body.archive_existing_versions, "archive_existing_versions")
    asked = _one(body, request.user)
    decided = requests.approve(asked, archives_incumbent=archives, comment=body.comment, **_by(request))
    approval = decided.approvals.select_related("by", "request").get(
        by=request.user, evidence_digest=decided.evidence_digest
    )
    return {"activity": wire.activity(activities.approved(approval, activities.remark_on(decided)))}


class Decide(OfVersion):
    stage: RequiredText
    comment: str = ""


def reject(request, body: Decide):
    """POST transition-requests/reject"""
    decided = requests.reject(_one(body, request.user), comment=body.comment, **_by(request))
    return {"activity": wire.activity(activities.closed(decided))}


class Cancel(Decide):
    creator: str = ""


def cancel(request, body: Cancel):
    """DELETE transition-requests/delete: take back the request of `creator`"""
    asked = _one(body, request.user)
    if body.creator and body.creator != asked.requested_by.username:
        raise _missing(body)
    decided = requests.cancel(asked, comment=body.comment, **_by(request))
    return {"activity": wire.activity(activities.closed(decided))}


def transition_stage(request, body: TransitionStage):
    """POST databricks/model-versions/transition-stage: as MLflow's, with a comment"""
    version = transition(request, body)
    open_requests = _at_hand(_open(version).order_by("pk"), version)
    return {"model_version_databricks": wire.model_version_databricks(version, open_requests, request.user)}


def get_model(request, body: OfModel):
    """GET databricks/registered-models/get: as MLflow's, with the caller's level"""
    model = lookups.model_by_name(body.name, user=request.user)
    return {"registered_model_databricks": wire.registered_model_databricks(model, request.user)}


def _open(version):
    rows = TransitionRequest.objects.open().filter(version=version, kind=Target.STAGE)
    return rows.select_related("requested_by", "decided_by")


def _at_hand(rows, version) -> list[TransitionRequest]:
    """Return requests with their version, and its model, at hand."""
    found = list(rows)
    for asked in found:
        asked.version = version
    return found


def _one(body: Decide, user) -> TransitionRequest:
    version = lookups.version_by_number(body.name, body.version, user=user)
    found = _at_hand(_open(version).filter(target=_stage(version, body.stage)), version)
    if not found:
        raise _missing(body)
    return found[0]


def _missing(body: Decide) -> NotFound:
    return NotFound(f"There is no open request to move version {body.version[:20]} of {body.name[:300]} there.")


def _stage(version, text: str) -> str:
    return policies.stage_named(version.model, text)


def _by(request) -> dict:
    return {"by": request.user, "token_id": caller_token_id(request)}
