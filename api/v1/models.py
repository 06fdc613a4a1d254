"""What happened to models and versions, and how they stood at a time; and what is said of a version from outside."""

from datetime import UTC, datetime
from typing import Literal

import msgspec
from django.db.models import Count

from accounts.access import Level
from api.endpoint import Nothing, RequiredText, caller_token_id
from core import notices
from core.errors import InvalidValue
from registry import activities, history, lookups, policies, shown
from registry.actions import checks
from registry.models import Check, RegisteredModel, StageEvent
from registry.models.policy import Target

MAX_EVENTS = 1_000


class Activity(msgspec.Struct):
    id: str
    type: str
    user: str
    at: datetime
    comment: str
    system_comment: str
    from_stage: str
    to_stage: str


class Activities(msgspec.Struct):
    activities: list[Activity]


def list_activities(request, body: Nothing, name: str, version: str) -> Activities:
    """All that happened to a version, oldest first: requests, decisions, transitions, comments."""
    found = activities.of_version(lookups.version_by_number(name, version, user=request.user))
    return Activities(activities=[Activity(**row._asdict()) for row in found])


class Step(msgspec.Struct):
    at: datetime
    by: str
    request: int | None
    request_url: str
    requested_by: str
    approved_by: list[str]
    comment: str
    is_unreviewed: bool
    is_bypass: bool
    is_side_effect: bool


class Standing(msgspec.Struct):
    as_of: datetime
    stages: dict[str, str]
    aliases: dict[str, str]
    stage_steps: dict[str, Step]
    alias_steps: dict[str, Step]


class AsOf(msgspec.Struct):
    as_of: datetime | None = None


def get_standing(request, body: AsOf, name: str) -> Standing:
    """The stage of each version and where each alias led, now or at a time such as 2026-05-03T12:00:00Z, and who said so."""
    at = body.as_of or datetime.now(UTC)
    if at.tzinfo is None:
        raise InvalidValue("as_of needs an offset from UTC, or Z.")
    return _standing(lookups.model_by_name(name, user=request.user), at)


def _standing(model: RegisteredModel, at: datetime) -> Standing:
    found = history.as_of(model, at)
    return Standing(
        as_of=at,
        stages={str(version): str(stage) for version, stage in found.stages.items()},
        aliases={alias: str(version) for alias, version in found.aliases.items()},
        stage_steps={str(version): _step(step) for version, step in found.stage_steps.items()},
        alias_steps={alias: _step(step) for alias, step in found.alias_steps.items()},
    )


def _step(step: history.Step) -> Step:
    event, asked = step.event, step.request
    return Step(
        at=step.at,
        by=step.by,
        request=asked.pk if asked else None,
        request_url=notices.absolute(asked.get_absolute_url()) if asked else "",
        requested_by=step.asked_by,
        approved_by=step.approved_by,
        comment=event.comment if event else "",
        is_unreviewed=bool(event and event.is_unreviewed),
        is_bypass=bool(event and event.is_bypass),
        is_side_effect=bool(event and event.is_side_effect),
    )


class Event(msgspec.Struct):
    id: int
    at: datetime
    version: str
    kind: str
    alias: str
    from_stage: str
    to_stage: str
    from_version: str | None
    to_version: str | None
    actor: str
    request: int | None
    requested_by: str
    approved_by: list[str]
    comment: str
    is_unreviewed: bool
    is_bypass: bool
    is_side_effect: bool


class Events(msgspec.Struct):
    events: list[Event]


class Before(msgspec.Struct):
    before: int = 0


def list_events(request, body: Before, name: str) -> Events:
    """Every change of a stage or an alias, newest first, 1,000 at a time; `before` an id for those before it."""
    return _events(lookups.model_by_name(name, user=request.user), body.before)


def _events(model: RegisteredModel, before: int) -> Events:
    rows = history.with_requests(model.stage_events.select_related("version"))
    if before:
        rows = rows.filter(pk__lt=before)
    return Events(events=[_event(row) for row in rows[:MAX_EVENTS]])


class DeletedModel(msgspec.Struct):
    id: int
    name: str
    created_at: datetime
    deleted_at: datetime
    num_versions: int
    url: str


class DeletedModels(msgspec.Struct):
    deleted_models: list[DeletedModel]


class Named(msgspec.Struct):
    name: str = ""


def list_deleted(request, body: Named) -> DeletedModels:
    """The deleted models that you could see, of a name or all, the latest first, at most 1,000; a name may be there again."""
    rows = RegisteredModel.objects.deleted().visible_to(request.user)
    if body.name:
        rows = rows.filter(name=body.name)
    rows = rows.annotate(num_versions=Count("versions")).order_by("-deleted_at")[:MAX_EVENTS]
    return DeletedModels(deleted_models=[_deleted(row) for row in rows])


def _deleted(row: RegisteredModel) -> DeletedModel:
    return DeletedModel(
        id=row.pk,
        name=row.name,
        created_at=datetime.fromtimestamp(row.creation_time_ms / 1000, tz=UTC),
        deleted_at=row.deleted_at,
        num_versions=row.num_versions,
        url=notices.absolute(row.get_absolute_url()),
    )


class OfDeleted(msgspec.Struct):
    as_of: datetime


def get_deleted_standing(request, body: OfDeleted, deleted_model_id: int) -> Standing:
    """How a deleted model stood at a time, and who said so."""
    if body.as_of.tzinfo is None:
        raise InvalidValue("as_of needs an offset from UTC, or Z.")
    return _standing(lookups.deleted_model(deleted_model_id, user=request.user), body.as_of)


def list_deleted_events(request, body: Before, deleted_model_id: int) -> Events:
    """Every change of a stage or an alias of a deleted model, as of one that is there."""
    return _events(lookups.deleted_model(deleted_model_id, user=request.user), body.before)


class CheckResult(msgspec.Struct):
    name: str
    state: str
    reason: str
    link: str


class Checks(msgspec.Struct):
    checks: list[CheckResult]


class OfTarget(msgspec.Struct):
    to: RequiredText
    kind: Literal["stage", "alias"] = "stage"


def list_checks(request, body: OfTarget, name: str, version: str) -> Checks:
    """What came of each check that moving the version to a stage or an alias asks for."""
    found = lookups.version_by_number(name, version, user=request.user)
    target = policies.stage_named(found.model, body.to) if body.kind == Target.STAGE else body.to
    results = shown.results(policies.of(found.model, body.kind, target), found, user=request.user)
    return Checks(checks=[CheckResult(**row._asdict()) for row in results])


class PostCheck(msgspec.Struct):
    name: RequiredText
    state: Literal["pending", "passed", "failed"]
    summary: str = ""
    link: str = ""


class PostedCheck(msgspec.Struct):
    name: str
    state: str
    summary: str
    link: str
    posted_at: datetime


def post_check(request, body: PostCheck, name: str, version: str) -> PostedCheck:
    """Say what a pipeline found out about a version; the last word under a name counts."""
    found = lookups.version_by_number(name, version, user=request.user, level=Level.EDIT)
    row = checks.post(
        found,
        body.name,
        body.state,
        summary=body.summary,
        link=body.link,
        by=request.user,
        token_id=caller_token_id(request),
    )
    return _posted(row)


def _posted(row: Check) -> PostedCheck:
    return PostedCheck(name=row.name, state=row.state, summary=row.summary, link=row.link, posted_at=row.posted_at)


def _event(row: StageEvent) -> Event:
    return Event(
        id=row.pk,
        at=row.at,
        version=str(row.version.version),
        kind=row.kind,
        alias=row.alias,
        from_stage=row.from_stage,
        to_stage=row.to_stage,
        from_version=str(row.from_version) if row.from_version else None,
        to_version=str(row.to_version) if row.to_version else None,
        actor=row.actor,
        request=row.request_id,
        requested_by=row.request.requested_by.username if row.request else "",
        approved_by=history.approvers_of(row.request) if row.request else [],
        comment=row.comment,
        is_unreviewed=row.is_unreviewed,
        is_bypass=row.is_bypass,
        is_side_effect=row.is_side_effect,
    )
