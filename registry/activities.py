"""What happened to a version, in Databricks' words: requests, decisions, transitions, comments as one kind of thing."""

from datetime import datetime
from typing import NamedTuple

from core.models import Comment
from registry import checks, policies
from registry.models import Approval, ModelVersion, StageEvent, TransitionRequest

State = TransitionRequest.State
MAX_LISTED = 1_000
STALE = "The evidence changed after it, so that it counts no more."


class Activity(NamedTuple):
    """One thing that somebody did; `system_comment` is the server's own remark."""

    id: str
    type: str
    user: str
    at: datetime
    comment: str = ""
    system_comment: str = ""
    from_stage: str = ""
    to_stage: str = ""


def asked(request: TransitionRequest) -> Activity:
    return Activity(
        id=f"request-{request.pk}",
        type="REQUESTED_TRANSITION",
        user=request.requested_by.username,
        at=request.requested_at,
        comment=request.comment,
        from_stage=str(request.version.place),
        to_stage=request.target,
    )


def approved(approval: Approval, remark: str = "") -> Activity:
    request = approval.request
    return Activity(
        id=f"approval-{approval.pk}",
        type="APPROVED_REQUEST",
        user=approval.by.username,
        at=approval.at,
        comment=approval.comment,
        system_comment=remark,
        to_stage=request.target,
    )


_CLOSED = {
    State.REJECTED.value: "REJECTED_REQUEST",
    State.CANCELLED.value: "CANCELLED_REQUEST",
    State.EXPIRED.value: "CANCELLED_REQUEST",
}


def closed(request: TransitionRequest) -> Activity | None:
    """Return how a request ended, None where it is open or a transition says it."""
    if request.state not in _CLOSED:
        return None
    return Activity(
        id=f"decision-{request.pk}",
        type=_CLOSED[request.state],
        user=request.decided_by.username if request.decided_by else "system",
        at=request.decided_at,
        comment=request.decision_comment,
        system_comment="The request expired." if request.state == State.EXPIRED else "",
        to_stage=request.target,
    )


def moved(event: StageEvent) -> Activity:
    marks = [("unreviewed", event.is_unreviewed), ("policy bypassed", event.is_bypass)]
    return Activity(
        id=f"event-{event.pk}",
        type="SYSTEM_TRANSITION" if event.is_side_effect else "APPLIED_TRANSITION",
        user=event.actor,
        at=event.at,
        comment="" if event.is_side_effect else event.comment,
        system_comment=event.comment if event.is_side_effect else ", ".join(text for text, is_so in marks if is_so),
        from_stage=event.from_stage or _alias(event.alias, event.from_version),
        to_stage=event.to_stage or _alias(event.alias, event.to_version),
    )


def _alias(name: str, version: int | None) -> str:
    return f"@{name} of version {version}" if version else f"no @{name}"


def said(comment: Comment) -> Activity:
    return Activity(
        id=f"comment-{comment.pk}",
        type="NEW_COMMENT",
        user=comment.author.username,
        at=comment.created_at,
        comment=comment.text,
    )


def remark_on(request: TransitionRequest) -> str:
    """Return what an approved request still waits for, nothing where it was applied."""
    if request.state != State.OPEN:
        return ""
    policy = policies.of(request.version.model, request.kind, request.target)
    num_given = request.approvals.filter(evidence_digest=request.evidence_digest).count()
    needed = policies.num_approvals(policy)
    if num_given < needed:
        return f"{num_given} of {needed} approvals."
    waits = ", ".join(result.name for result in checks.standing_in_the_way(policy, request.version))
    return f"Approved; waits for checks: {waits}." if waits else f"{num_given} of {needed} approvals."


def of_version(version: ModelVersion) -> list[Activity]:
    """Return all that happened to a version, oldest first, at most MAX_LISTED of each kind."""
    requests = version.requests.select_related("requested_by", "decided_by", "version")[:MAX_LISTED]
    approvals = Approval.objects.filter(request__version=version).select_related("by", "request")[:MAX_LISTED]
    comments = Comment.objects.about("modelversion", version.pk).select_related("author")[:MAX_LISTED]
    found = [
        *(asked(request)._replace(from_stage="") for request in requests),
        *(end for end in map(closed, requests) if end is not None),
        *(approved(one, STALE if one.is_known_stale else "") for one in approvals),
        *map(moved, version.stage_events.all()[:MAX_LISTED]),
        *map(said, comments),
    ]
    return sorted(found, key=lambda activity: activity.at)
