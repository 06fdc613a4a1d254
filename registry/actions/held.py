"""Rows taken for writing, and what every change of them writes along. Call these inside a transaction."""

from django.utils import timezone

from core.actions import audit
from core.clock import now_ms
from core.errors import NotFound
from registry import notices, registrations
from registry.models import ModelVersion, RegisteredModel, StageEvent, TransitionRequest
from registry.models.policy import Target


def hold(model_id: int) -> RegisteredModel:
    """Return the model as it is now, kept from other writers until the transaction ends. Raises NotFound if it is gone.

    Everything that changes a model or its versions takes this one lock, so that two reviewers wait for each other.
    """
    held = RegisteredModel.objects.select_for_update(no_key=True).get(pk=model_id)
    if held.is_deleted:
        raise NotFound(f"Registered Model with name={held.name} not found")
    return held


def hold_version(version: ModelVersion) -> ModelVersion:
    """Return the version as it is now, its model held with it. Raises NotFound where it was deleted meanwhile."""
    model = hold(version.model_id)
    held = ModelVersion.objects.get(pk=version.pk)
    if held.is_deleted:
        raise NotFound(f"Model Version (name={model.name}, version={held.version}) not found")
    held.model = model
    return held


def touch(model: RegisteredModel, *fields: str) -> None:
    """Write these fields, and that the model was updated now."""
    model.last_updated_time_ms = now_ms()
    model.save(update_fields=[*fields, "last_updated_time_ms"])


def retire(version: ModelVersion, *, because: str = "The version was deleted.", by, token_id: int | None) -> None:
    """Take a held version off the wire: its aliases, its open requests, and what it kept from being purged."""
    actor = {"actor_id": by.pk, "actor": by.get_username(), "token_id": token_id}
    for alias in version.aliases.all():
        StageEvent.objects.create(
            model=version.model,
            version=version,
            kind=Target.ALIAS,
            alias=alias.name,
            from_version=version.version,
            is_side_effect=True,
            **actor,
        )
    version.aliases.all().delete()
    StageEvent.objects.create(
        model=version.model,
        version=version,
        kind=Target.STAGE,
        from_stage=version.place,
        to_stage=StageEvent.DELETED,
        **actor,
    )
    _cancel_requests(version, because, by=by, token_id=token_id)
    origin = version.source_model_id
    version.deleted_at = timezone.now()
    version.source_run = version.source_model = None
    touch_version(version, "deleted_at", "source_run", "source_model")
    registrations.record([origin] if origin else [])


def _cancel_requests(version: ModelVersion, because: str, *, by, token_id: int | None) -> None:
    """Close what was asked for a version that goes, each request with an event of its own, as if it were taken back."""
    asked = version.requests.filter(state=TransitionRequest.State.OPEN)
    lost = list(asked.select_related("requested_by").order_by("pk"))
    if not lost:
        return
    notices.requests_lost(version, lost, by=by)
    asked.update(
        state=TransitionRequest.State.CANCELLED, decided_by=by, decided_at=timezone.now(), decision_comment=because
    )
    for request in lost:
        request.version = version
        audit.record(
            "transition.cancel",
            request,
            by=by,
            token_id=token_id,
            target=request.target,
            evidence=request.evidence_digest,
            comment=because,
        )


def touch_version(version: ModelVersion, *fields: str) -> None:
    """Write these fields, and that the version was updated now."""
    version.last_updated_time_ms = now_ms()
    version.save(update_fields=[*fields, "last_updated_time_ms"])
