"""What people and programs do with versions of a registered model; what moves them stands in transitions.py."""

from django.db import transaction

from core.actions import audit
from core.errors import InvalidValue, NotAllowed, NotFound
from registry import happenings, names, policies, registrations, sources
from registry.actions.held import hold, hold_version, retire, touch, touch_version
from registry.models import ModelVersion, ModelVersionTag, RegisteredModel
from tracker.actions.logged_models import refuse_deleted as refuse_deleted_model
from tracker.models import LoggedModel, Run
from tracker.validation import check_text

MAX_RUN_LINK = 2048


@transaction.atomic
def create(
    model: RegisteredModel,
    *,
    source: str,
    run_id: str = "",
    model_id: str = "",
    description: str = "",
    run_link: str = "",
    tags: list[tuple[str, str]] = (),
    by,
    token_id: int | None = None,
) -> ModelVersion:
    """Register a version under the next number, which no version of this model ever had.

    Raises InvalidValue for a source that is refused, NotFound for a run or a logged model that `by` may not see.
    """
    names.check_tags(tags)
    check_text(description, "description", names.MAX_DESCRIPTION)
    check_text(run_link, "run_link", MAX_RUN_LINK)
    found = sources.resolve(source, run_id=run_id, model_id=model_id, is_prompt=names.says_prompt(tags), user=by)
    held = hold(model.pk)
    _hold_origin(found)
    held.last_version += 1
    touch(held, "last_version")
    version = ModelVersion.objects.create(
        model=held,
        version=held.last_version,
        description=description,
        source=found.address,
        storage_location=found.storage_location,
        run_id=found.run_id,
        logged_model_id=found.model_id,
        source_run=found.run,
        source_model=found.model,
        run_link=run_link,
        created_by=by,
        token_id=token_id,
        creation_time_ms=held.last_updated_time_ms,
        last_updated_time_ms=held.last_updated_time_ms,
    )
    ModelVersionTag.objects.bulk_create(
        ModelVersionTag(version=version, key=key, value=value) for key, value in sorted(dict(tags).items())
    )
    registrations.record([found.model.pk] if found.model else [])
    audit.record("modelversion.create", version, by=by, token_id=token_id, source=found.address)
    happenings.version_created(version, by=by)
    return version


def _hold_origin(found: sources.Source) -> None:
    """Keep what the version will stand on from being deleted until it is there."""
    if found.run is not None:
        run = Run.objects.select_for_update(no_key=True).filter(pk=found.run.pk).first()
        if run is None:
            raise NotFound(f"Run with id={found.run_id} not found")
    if found.model is not None:
        model = LoggedModel.objects.select_for_update(no_key=True).filter(pk=found.model.pk).first()
        if model is None:
            raise NotFound(f"Logged model with id={found.model_id} not found")
        refuse_deleted_model(model)


@transaction.atomic
def describe(version: ModelVersion, description: str, *, by, token_id: int | None = None) -> ModelVersion:
    """Say what the version is; an empty text takes the description away."""
    check_text(description, "description", names.MAX_DESCRIPTION)
    held = hold_version(version)
    _refuse_locked(held)
    before, held.description = held.description, description
    touch_version(held, "description")
    if before != description:
        audit.record("modelversion.describe", held, by=by, token_id=token_id, before=before[:2000])
    return held


@transaction.atomic
def set_tag(version: ModelVersion, key: str, value: str, *, by, token_id: int | None = None) -> None:
    names.check_tag(key, value)
    held = hold_version(version)
    _refuse_locked(held)
    ModelVersionTag.objects.update_or_create(version=held, key=key, defaults={"value": value})
    touch_version(held)
    audit.record("modelversion.set_tag", held, by=by, token_id=token_id, key=key, value=value[:500])
    happenings.version_tag_set(held, key, value, by=by)


@transaction.atomic
def delete_tag(version: ModelVersion, key: str, *, by, token_id: int | None = None) -> None:
    """Take a tag off; where there is none, nothing happens."""
    held = hold_version(version)
    _refuse_locked(held)
    if held.tags.filter(key=key).delete()[0]:
        touch_version(held)
        audit.record("modelversion.delete_tag", held, by=by, token_id=token_id, key=key)
        happenings.version_tag_deleted(held, key)


@transaction.atomic
def delete(version: ModelVersion, *, by, token_id: int | None = None) -> None:
    """Take the version off the wire, and its aliases with it; its number is never given again.

    Raises InvalidValue while its stage or an alias protects it.
    """
    held = hold_version(version)
    if protecting := policies.protection_of(held):
        raise InvalidValue(
            f"Version {held.version} of {held.model.name} is {' and '.join(protecting)}: take it out of there first."
        )
    retire(held, by=by, token_id=token_id)
    touch(held.model)
    audit.record("modelversion.delete", held, by=by, token_id=token_id)


def _refuse_locked(version: ModelVersion) -> None:
    if policies.is_locked(version):
        raise NotAllowed(f"Version {version.version} of {version.model.name} is locked while it is {version.place}.")
