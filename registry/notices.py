"""Who is told of what in the registry: who may decide, who asked, who manages. Actions call these in their transaction."""

from accounts.access import Level
from core.actions.notices import tell
from core.models import Notice, Topic
from registry import policies, reviews
from registry.models import ModelVersion, RegisteredModel, TransitionRequest
from registry.models.policy import Target

State = TransitionRequest.State
# a banner of the page that shows the evidence as it is now
_CHANGED = "#evidence-{}"


def visible_models(user):
    return RegisteredModel.objects.active().visible_to(user)


def visible_versions(user):
    return ModelVersion.objects.active().visible_to(user).select_related("model")


def request_opened(request: TransitionRequest) -> None:
    """Tell those who may decide on it, but for who asked."""
    others = [person for person in reviews.reviewers_of(request) if person.pk != request.requested_by_id]
    tell(
        others,
        Topic.REVIEW,
        request.version,
        f"{_who(request.requested_by)} asks to move {_what(request)}",
        detail=request.comment,
    )


def request_approved(request: TransitionRequest, num_given: int, num_needed: int, *, by, comment: str) -> None:
    """Tell who asked of an approval with which the version does not move yet."""
    if num_given < num_needed:
        waits = f"{num_given} of {num_needed} approvals so far"
    elif policies.takes_service(request.version, request.kind, request.target):
        names = policies.services_to_move(request.version, request.kind, request.target)
        waits = f"it waits for the call of {' or '.join(names) or 'a service account'}"
    else:
        waits = "its checks have not all passed"
    _tell_requester(request, f"{_who(by)} approved to move {_what(request)}: {waits}", by=by, detail=comment)


_ENDS = {
    State.APPLIED: "{who} moved {what}, as you asked",
    State.REJECTED: "{who} rejected to move {what}",
    State.CANCELLED: "{who} took back your request to move {what}",
    State.EXPIRED: "Your request to move {what} has expired",
}


def request_closed(request: TransitionRequest, *, by) -> None:
    text = _ENDS[request.state].format(who=_who(by), what=_what(request))
    _tell_requester(request, text, by=by, detail=request.decision_comment)


def requests_lost(version: ModelVersion, asked: list[TransitionRequest], *, by) -> None:
    """Tell who asked for moves of a version that goes; it is told of the model, as the version is not to be seen any more."""
    people = [request.requested_by for request in asked if request.requested_by_id != by.pk]
    tell(people, Topic.REQUEST, version.model, f"{_who(by)} deleted {version}, which you asked to move")


def evidence_changed(request: TransitionRequest, digest: str, *, by) -> None:
    """Tell, once of each change, that approvals of what was there before count no more."""
    version, place = request.version, _CHANGED.format(digest[:12])
    if not request.approvals.filter(evidence_digest=request.evidence_digest).exists():
        return
    if Notice.objects.filter(kind=version._meta.model_name, object_id=version.pk, place=place).exists():
        return
    text = f"The approvals to move {_what(request)} are stale: what they stand on has changed"
    others = [person for person in reviews.reviewers_of(request) if by is None or person.pk != by.pk]
    tell(others, Topic.REVIEW, version, text, place=place)
    if request.requested_by_id not in {person.pk for person in others}:
        _tell_requester(request, text, by=by, place=place)


def policy_bypassed(version: ModelVersion, kind: str, target: str, *, by, comment: str) -> None:
    """Tell everybody else who manages the model."""
    managers = version.model.people_at(Level.MANAGE).exclude(pk=by.pk).order_by("pk")
    text = f"{_who(by)} moved {version} to {_target(kind, target)} past the policy"
    tell(managers[: reviews.MAX_REVIEWERS], Topic.BYPASS, version, text, detail=comment)


def _tell_requester(request: TransitionRequest, text: str, *, by, detail: str = "", place: str = "") -> None:
    if by is None or by.pk != request.requested_by_id:
        tell([request.requested_by], Topic.REQUEST, request.version, text, detail=detail, place=place)


def _who(user) -> str:
    return user.get_username() if user is not None else "Assay"


def _what(request: TransitionRequest) -> str:
    return f"{request.version} to {_target(request.kind, request.target)}"


def _target(kind: str, target: str) -> str:
    return f"@{target}" if kind == Target.ALIAS else str(target)
