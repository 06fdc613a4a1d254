"""Recording what somebody did, inside the transaction in which it was done."""

from typing import Any

from core.models import AuditEvent


def record(
    action: str,
    obj,
    *,
    by,
    token_id: int | None = None,
    text: str | None = None,
    object_id=None,
    **details: Any,
) -> AuditEvent:
    """Write an event as text that outlives its objects; `by` is a user, or None for the system itself."""
    event = _event(action, obj, by=by, token_id=token_id, text=text, object_id=object_id, details=details)
    event.save()
    return event


def record_each(action: str, objects: dict[str, Any], *, by, **details: Any) -> None:
    """Write the same event for each of {object_id: object}, in one statement."""
    AuditEvent.objects.bulk_create(
        _event(action, obj, by=by, object_id=object_id, details=details) for object_id, obj in objects.items()
    )


def _event(action: str, obj, *, by, token_id=None, text=None, object_id=None, details: dict) -> AuditEvent:
    return AuditEvent(
        actor_id=getattr(by, "pk", None),
        actor=by.get_username() if by is not None else "system",
        token_id=token_id,
        action=action,
        object_kind=obj._meta.model_name,
        object_id=str(object_id if object_id is not None else obj.pk),
        object_text=(text or str(obj))[:500],
        details=details,
    )
