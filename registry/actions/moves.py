"""Moving a held version to a stage or an alias: the rows, their history, the audit event. Who may is asked elsewhere."""

from dataclasses import dataclass

from django.utils import timezone

from core.actions import audit
from registry import happenings, notices, policies
from registry.actions.held import touch, touch_version
from registry.models import Alias, ModelVersion, StageEvent, TransitionRequest
from registry.models.policy import Target


@dataclass(frozen=True)
class Why:
    """On whose word a version moves, as history keeps it."""

    by: object
    token_id: int | None = None
    comment: str = ""
    request: TransitionRequest | None = None
    is_unreviewed: bool = False
    is_bypass: bool = False

    def fields(self) -> dict:
        return {
            "actor_id": self.by.pk,
            "actor": self.by.get_username(),
            "token_id": self.token_id,
            "comment": self.comment,
            "request": self.request,
            "is_unreviewed": self.is_unreviewed,
            "is_bypass": self.is_bypass,
        }

    def details(self) -> dict:
        marks = {"is_unreviewed": self.is_unreviewed, "is_bypass": self.is_bypass}
        if self.request is not None:
            marks["request"] = self.request.pk
        if self.comment:
            marks["comment"] = self.comment[:2000]
        return {key: value for key, value in marks.items() if value}


def carry_out(version: ModelVersion, kind: str, target: str, *, archives_incumbent: bool, why: Why) -> None:
    if kind == Target.ALIAS:
        to_alias(version, target, why=why)
    else:
        to_stage(version, target, archives_incumbent=archives_incumbent, why=why)


def to_stage(version: ModelVersion, stage: str, *, archives_incumbent: bool, why: Why) -> None:
    """Move a version, and with `archives_incumbent` every other one in that stage to Archived."""
    before, wire = version.place, policies.wire_stage(version.model, stage)
    archived = _archive_others(version, stage, why) if archives_incumbent else []
    version.stage, version.added_stage = wire, "" if stage == wire else stage
    touch_version(version, "stage", "added_stage")
    touch(version.model)
    if before == stage and not archived:
        return
    if before != stage:
        StageEvent.objects.create(
            model=version.model,
            version=version,
            kind=Target.STAGE,
            from_stage=before,
            to_stage=stage,
            **why.fields(),
        )
    _close_requests(version, Target.STAGE, stage, why)
    audit.record(
        "modelversion.transition",
        version,
        by=why.by,
        token_id=why.token_id,
        from_stage=before,
        to_stage=stage,
        archived=archived,
        **why.details(),
    )
    if before != stage:
        happenings.stage_changed(version, before, by=why.by, comment=why.comment)


def _archive_others(version: ModelVersion, stage: str, why: Why) -> list[int]:
    others = list(
        version.model.versions.filter(deleted_at=None).in_stage(stage).exclude(pk=version.pk).order_by("version")
    )
    for other in others:
        other.model = version.model
        before, other.stage, other.added_stage = other.place, ModelVersion.Stage.ARCHIVED, ""
        touch_version(other, "stage", "added_stage")
        StageEvent.objects.create(
            model=version.model,
            version=other,
            kind=Target.STAGE,
            from_stage=before,
            to_stage=ModelVersion.Stage.ARCHIVED,
            is_side_effect=True,
            **{**why.fields(), "comment": f"Version {version.version} took its place."},
        )
        happenings.stage_changed(other, before, by=why.by, comment=f"Version {version.version} took its place.")
    return [other.version for other in others]


def to_alias(version: ModelVersion, name: str, *, why: Why) -> None:
    """Have an alias lead to a version."""
    alias = Alias.objects.filter(model=version.model, name=name).select_related("version").first()
    before = alias.version.version if alias else None
    if before == version.version:
        return
    Alias.objects.update_or_create(model=version.model, name=name, defaults={"version": version})
    _record_alias(version, name, before, version.version, why)
    _close_requests(version, Target.ALIAS, name, why)
    audit.record(
        "modelversion.set_alias",
        version,
        by=why.by,
        token_id=why.token_id,
        alias=name,
        from_version=before,
        **why.details(),
    )
    happenings.alias_created(version, name)


def drop_alias(alias: Alias, *, why: Why) -> None:
    version = alias.version
    version.model = alias.model
    alias.delete()
    _record_alias(version, alias.name, version.version, None, why)
    audit.record("modelversion.delete_alias", version, by=why.by, token_id=why.token_id, alias=alias.name)
    happenings.alias_deleted(version, alias.name)


def _record_alias(version: ModelVersion, name: str, before: int | None, after: int | None, why: Why) -> None:
    StageEvent.objects.create(
        model=version.model,
        version=version,
        kind=Target.ALIAS,
        alias=name,
        from_version=before,
        to_version=after,
        **why.fields(),
    )


def _close_requests(version: ModelVersion, kind: str, target: str, why: Why) -> None:
    """Say of what was asked for that it came about."""
    asked = version.requests.filter(kind=kind, target=target, state=TransitionRequest.State.OPEN)
    for request in asked.select_related("requested_by"):
        request.state, request.decided_by, request.decided_at = TransitionRequest.State.APPLIED, why.by, timezone.now()
        request.decision_comment = why.comment
        request.save(update_fields=["state", "decided_by", "decided_at", "decision_comment"])
        request.version = version
        notices.request_closed(request, by=why.by)
