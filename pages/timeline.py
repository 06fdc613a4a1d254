"""What happened to a model or a version and what was said about it, as one list: newest first, the system's part quiet."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from core.models import AuditEvent, Comment, CommentRevision
from pages.templatetags.assay import moment
from registry import shown
from registry.models import Approval, ModelVersion, RegisteredModel, StageEvent, TransitionRequest
from registry.models.policy import Target

MAX_ENTRIES = 200
# steps that a page shows at once; what people said is never folded away
FOLDED = 30
EVIDENCE_CHANGED = "transition.evidence_changed"
State = TransitionRequest.State


@dataclass
class Timeline:
    """Entries in order, the newest first; `is_folded` where older steps were left out."""

    entries: list["Entry"]
    is_folded: bool = False


@dataclass
class Entry:
    """One line: who did what when. `text` is what they said, in Markdown; `comment` where it is one that can be changed."""

    at: datetime
    who: str
    did: str
    text: str = ""
    comment: Comment | None = None
    is_own: bool = False
    is_quiet: bool = False
    mark: str = ""
    mark_css: str = ""
    with_token: bool = False
    version: ModelVersion | None = None
    request: TransitionRequest | None = None


def of_version(version: ModelVersion, *, user, is_whole: bool) -> Timeline:
    """Return the newest entries of a version, down to that it was registered; without `is_whole` a few of its steps."""
    most = _most(is_whole)
    requests = list(version.requests.select_related("requested_by", "decided_by").order_by("-pk")[:most])
    approvals = Approval.objects.filter(request__in=requests).select_related("by", "request").order_by("-pk")
    found = [
        *_comments(version, user),
        *map(_moved, version.stage_events.select_related("request").order_by("-pk")[:most]),
        *map(_asked, requests),
        *(entry for request in requests if (entry := _closed(request))),
        *map(_approved, approvals[:most]),
        *(entry for _, entry in _evidence_changes(requests, shown.hidden([version], user))),
        *_edits(version, _VERSION_EDITS, most),
    ]
    return _folded(found, is_whole)


def of_model(model: RegisteredModel, *, user, is_whole: bool) -> Timeline:
    """Return the newest entries of a model: moves and registrations of its versions, edits, what was said of itself."""
    most = _most(is_whole)
    events = model.stage_events.select_related("version", "request").order_by("-pk")
    created = model.versions.select_related("created_by").order_by("-version")
    found = [
        *_comments(model, user),
        *map(of_event, events[:most]),
        *(_of(version, _registered(version)) for version in created[:most]),
        *_edits(model, _MODEL_EDITS, most),
    ]
    return _folded(_within(model, found), is_whole)


def steps_of_model(model: RegisteredModel, *, user) -> list[Entry]:
    """Return the newest moves of a model's versions, and what led to them: who asked, approved, rejected."""
    events = model.stage_events.select_related("version", "request").order_by("-pk")
    rows = TransitionRequest.objects.filter(version__model=model)
    requests = list(rows.select_related("version", "requested_by", "decided_by").order_by("-pk")[:MAX_ENTRIES])
    approvals = Approval.objects.filter(request__in=requests).select_related("by", "request__version").order_by("-pk")
    hidden = shown.hidden([request.version for request in requests], user)
    found = [
        *map(of_event, events[:MAX_ENTRIES]),
        *(_of(request.version, _asked(request)) for request in requests),
        *(_of(request.version, entry) for request in requests if (entry := _closed(request))),
        *(_of(approval.request.version, _approved(approval)) for approval in approvals[:MAX_ENTRIES]),
        *(_of(request.version, entry) for request, entry in _evidence_changes(requests, hidden)),
    ]
    return _sorted(_within(model, found))[:MAX_ENTRIES]


def _within(model: RegisteredModel, found: list[Entry]) -> list[Entry]:
    """Give the versions of entries the model at hand, of which their addresses are made."""
    for entry in found:
        if entry.version is not None:
            entry.version.model = model
    return found


def _most(is_whole: bool) -> int:
    """Return how many rows of a kind are read: one more than is shown tells that there are more."""
    return MAX_ENTRIES if is_whole else FOLDED + 1


def _folded(found: list[Entry], is_whole: bool) -> Timeline:
    found = _sorted(found)
    if is_whole:
        return Timeline(found[:MAX_ENTRIES])
    steps = [entry for entry in found if entry.comment is None]
    late = {id(entry) for entry in steps[:FOLDED]}
    shown = [entry for entry in found if entry.comment is not None or id(entry) in late]
    return Timeline(shown, is_folded=len(steps) > FOLDED)


def _sorted(found: list[Entry]) -> list[Entry]:
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def of_event(event: StageEvent) -> Entry:
    """Return a move as an entry that names its version, which is at hand."""
    return _of(event.version, _moved(event))


def _of(version: ModelVersion, entry: Entry) -> Entry:
    entry.version = version
    return entry


def _comments(about, user) -> list[Entry]:
    rows = Comment.objects.about(about._meta.model_name, about.pk).select_related("author").order_by("-pk")
    rows = rows.prefetch_related(Prefetch("revisions", CommentRevision.objects.order_by("-pk")))
    return [
        Entry(
            row.created_at,
            row.author.username,
            "edited this" if row.edited_at else "",
            row.text,
            comment=row,
            is_own=row.author_id == user.pk,
        )
        for row in rows[:MAX_ENTRIES]
    ]


def _moved(event: StageEvent) -> Entry:
    entry = Entry(event.at, event.actor, _movement(event), event.comment, with_token=event.token_id is not None)
    entry.request = event.request
    if event.is_side_effect:
        entry.is_quiet = True
    if event.is_bypass:
        entry.mark, entry.mark_css = "past the policy", "bad"
    elif event.is_unreviewed:
        entry.mark, entry.mark_css = "unreviewed", "warn"
    return entry


def _movement(event: StageEvent) -> str:
    if event.kind == Target.ALIAS:
        if event.to_version is None:
            return f"took the alias @{event.alias} off version {event.from_version}"
        before = f", which led to version {event.from_version}" if event.from_version else ""
        return f"set the alias @{event.alias} to version {event.to_version}{before}"
    if event.to_stage == StageEvent.DELETED:
        return f"deleted it while it was {event.from_stage}"
    return f"moved it from {event.from_stage} to {event.to_stage}"


def name_of(kind: str, target: str) -> str:
    return f"@{target}" if kind == Target.ALIAS else target


def _asked(request: TransitionRequest) -> Entry:
    did = f"asked for {name_of(request.kind, request.target)}"
    with_token = request.token_id is not None
    who = request.requested_by.username
    return Entry(request.requested_at, who, did, request.comment, with_token=with_token, request=request)


def _closed(request: TransitionRequest) -> Entry | None:
    """Return how a request ended without a move; a move says so itself."""
    words = {State.REJECTED: "rejected", State.CANCELLED: "took back", State.EXPIRED: "let expire"}
    if request.state not in words:
        return None
    who = request.decided_by.username if request.decided_by else "system"
    did = f"{words[request.state]} the request for {name_of(request.kind, request.target)}"
    is_quiet = request.state == State.EXPIRED
    return Entry(request.decided_at, who, did, request.decision_comment, is_quiet=is_quiet, request=request)


def _approved(approval: Approval) -> Entry:
    request = approval.request
    did = f"approved {name_of(request.kind, request.target)}"
    entry = Entry(approval.at, approval.by.username, did, approval.comment, with_token=approval.token_id is not None)
    entry.request = request
    if approval.is_known_stale:
        entry.mark, entry.mark_css = "the evidence changed after it", "warn"
    return entry


def _evidence_changes(requests: list[TransitionRequest], hidden: set[int]) -> list[tuple[TransitionRequest, Entry]]:
    """Return what changed below requests after somebody had approved; of the `hidden` versions only that something did."""
    by_id = {str(request.pk): request for request in requests}
    rows = AuditEvent.objects.filter(object_kind="transitionrequest", object_id__in=by_id, action=EVIDENCE_CHANGED)
    return [
        (
            by_id[row.object_id],
            Entry(row.at, row.actor, _what_changed(row, by_id[row.object_id], hidden), is_quiet=True),
        )
        for row in rows.order_by("-pk")[:MAX_ENTRIES]
    ]


def _what_changed(row: AuditEvent, request: TransitionRequest, hidden: set[int]) -> str:
    found = f"found other evidence below the request for {name_of(request.kind, request.target)}"
    return found if request.version_id in hidden else f"{found}: {' '.join(row.details.get('changes', [])[:3])}"


def _registered(version: ModelVersion) -> Entry:
    who = version.created_by.username if version.created_by else "somebody"
    return Entry(moment(version.creation_time_ms), who, "registered it", is_quiet=True)


_VERSION_EDITS = {
    "modelversion.create": lambda details: "registered it",
    "modelversion.describe": lambda details: "changed the description",
    "modelversion.set_tag": lambda details: f"set the tag {details.get('key')}",
    "modelversion.delete_tag": lambda details: f"removed the tag {details.get('key')}",
    "modelversion.check": lambda details: f"reported “{details.get('check')}”: {details.get('state')}",
}
_MODEL_EDITS = {
    "registeredmodel.create": lambda details: "made the model",
    "registeredmodel.describe": lambda details: "changed the description",
    "registeredmodel.rename": lambda details: f"renamed it from {details.get('before')}",
    "registeredmodel.set_tag": lambda details: f"set the tag {details.get('key')}",
    "registeredmodel.delete_tag": lambda details: f"removed the tag {details.get('key')}",
    "registeredmodel.set_private": lambda details: "made it private" if details.get("is_private") else "opened it",
}


def _edits(about, words: dict, most: int) -> list[Entry]:
    kind = about._meta.model_name
    rows = AuditEvent.objects.filter(object_kind=kind, object_id=str(about.pk), action__in=words).order_by("-pk")
    return [
        Entry(
            row.at,
            row.actor,
            words[row.action](row.details),
            is_quiet=True,
            with_token=row.token_id is not None,
        )
        for row in rows[:most]
    ]
