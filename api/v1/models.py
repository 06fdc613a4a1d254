"""What happened to models and versions, and how they stood at a time; and what is said of a version from outside."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from accounts.access import Level
from api.endpoint import Nothing, RequiredText, caller_token_id
from core.errors import InvalidValue
from registry import activities, history, lookups, policies
from registry import checks as policy_checks
from registry.actions import checks
from registry.models import Check, StageEvent
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


class Standing(msgspec.Struct):
    as_of: datetime
    stages: dict[str, str]
    aliases: dict[str, str]


class AsOf(msgspec.Struct):
    as_of: datetime | None = None


def get_standing(request, body: AsOf, name: str) -> Standing:
    """The stage of each version and where each alias led, now or at a time such as 2026-05-03T12:00:00Z."""
    at = body.as_of or datetime.now(UTC)
    if at.tzinfo is None:
        raise InvalidValue("as_of needs an offset from UTC, or Z.")
    found = history.as_of(lookups.model_by_name(name, user=request.user), at)
    return Standing(
        as_of=at,
        stages={str(version): str(stage) for version, stage in found.stages.items()},
        aliases={alias: str(version) for alias, version in found.aliases.items()},
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
    rows = lookups.model_by_name(name, user=request.user).stage_events.select_related("version")
    if body.before:
        rows = rows.filter(pk__lt=body.before)
    return Events(events=[_event(row) for row in rows[:MAX_EVENTS]])


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
    results = policy_checks.results(policies.of(found.model, body.kind, target), found)
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
        comment=row.comment,
        is_unreviewed=row.is_unreviewed,
        is_bypass=row.is_bypass,
        is_side_effect=row.is_side_effect,
    )
