"""What people and programs do with registered models: their versions, aliases and transitions have modules of their own."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.access import Level
from core.actions import audit
from core.clock import now_ms
from core.errors import Conflict, InvalidValue
from registry import happenings, names, policies, registrations
from registry.actions.held import hold, retire, touch
from registry.models import ModelGrant, ModelVersion, RegisteredModel, RegisteredModelTag
from tracker.validation import check_text


@transaction.atomic
def create(
    name: str,
    *,
    description: str = "",
    tags: list[tuple[str, str]] = (),
    is_private: bool = False,
    by,
    token_id: int | None = None,
) -> RegisteredModel:
    """Make a model that `by` manages. Raises Conflict for a name in use; that of a deleted model is free."""
    names.check_name(name)
    names.check_tags(tags)
    check_text(description, "description", names.MAX_DESCRIPTION)
    now = now_ms()
    try:
        with transaction.atomic():
            model = RegisteredModel.objects.create(
                name=name,
                description=description,
                is_private=is_private,
                created_by=by,
                token_id=token_id,
                creation_time_ms=now,
                last_updated_time_ms=now,
            )
    except IntegrityError:
        raise Conflict(f"Registered Model (name={name}) already exists.")
    RegisteredModelTag.objects.bulk_create(
        RegisteredModelTag(model=model, key=key, value=value) for key, value in sorted(dict(tags).items())
    )
    ModelGrant.objects.create(model=model, user=by, level=Level.MANAGE, granted_by=by)
    audit.record("registeredmodel.create", model, by=by, token_id=token_id)
    happenings.model_created(model, by=by)
    return model


@transaction.atomic
def describe(model: RegisteredModel, description: str, *, by, token_id: int | None = None) -> RegisteredModel:
    """Say what the model is; an empty text takes the description away."""
    check_text(description, "description", names.MAX_DESCRIPTION)
    held = hold(model.pk)
    before, held.description = held.description, description
    touch(held, "description")
    if before != description:
        audit.record("registeredmodel.describe", held, by=by, token_id=token_id, before=before[:2000])
    return held


@transaction.atomic
def rename(model: RegisteredModel, name: str, *, by, token_id: int | None = None) -> RegisteredModel:
    """Give the model another name, at once and for everybody; its own changes nothing. Raises Conflict for one in use."""
    names.check_name(name)
    held = hold(model.pk)
    if name == held.name:
        return held
    _refuse_way_round(held, "renamed")
    before, held.name = held.name, name
    try:
        with transaction.atomic():
            touch(held, "name")
    except IntegrityError:
        raise Conflict(f"Registered Model (name={name}) already exists.")
    ModelVersion.objects.filter(model=held, deleted_at=None).update(last_updated_time_ms=held.last_updated_time_ms)
    registrations.record_all(held)
    audit.record("registeredmodel.rename", held, by=by, token_id=token_id, before=before)
    return held


@transaction.atomic
def delete(model: RegisteredModel, *, by, token_id: int | None = None) -> None:
    """Take the model off the wire with its versions, and free its name; rows and history stay.

    Raises InvalidValue while a version of it is protected by its stage or an alias.
    """
    held = hold(model.pk)
    _refuse_way_round(held, "deleted")
    standing = list(held.versions.filter(deleted_at=None).order_by("version"))
    for version in standing:
        version.model = held
        retire(version, because="The model was deleted.", by=by, token_id=token_id)
    held.deleted_at = timezone.now()
    touch(held, "deleted_at")
    audit.record("registeredmodel.delete", held, by=by, token_id=token_id, num_versions=len(standing))


def _refuse_way_round(model: RegisteredModel, verb: str) -> None:
    """Raise where renaming or deleting would let somebody begin anew under the name without its policies.

    Who relies on models:/name/Production would get whatever takes the name then.
    """
    if standing := policies.protected_versions(model):
        number, target = standing[0]
        raise InvalidValue(
            f"{model.name} cannot be {verb} while version {number} is {target}: take it out of there first."
        )
    if model.policies.exists():
        raise InvalidValue(f"{model.name} cannot be {verb} while it has policies of its own: take them away first.")


@transaction.atomic
def set_tag(model: RegisteredModel, key: str, value: str, *, by, token_id: int | None = None) -> None:
    names.check_tag(key, value)
    held = hold(model.pk)
    RegisteredModelTag.objects.update_or_create(model=held, key=key, defaults={"value": value})
    touch(held)
    audit.record("registeredmodel.set_tag", held, by=by, token_id=token_id, key=key, value=value[:500])
    happenings.model_tag_set(held, key, value)


@transaction.atomic
def delete_tag(model: RegisteredModel, key: str, *, by, token_id: int | None = None) -> None:
    """Take a tag off; where there is none, nothing happens."""
    held = hold(model.pk)
    if held.tags.filter(key=key).delete()[0]:
        touch(held)
        audit.record("registeredmodel.delete_tag", held, by=by, token_id=token_id, key=key)
        happenings.model_tag_deleted(held, key)
