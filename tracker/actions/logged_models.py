"""What people and programs do with logged models; their files come through artifacts, their metrics through batches."""

import uuid

from django.db import transaction
from django.utils import timezone

from core.actions import audit
from core.clock import now_ms
from core.errors import InvalidValue, NotAllowed, NotFound
from tracker import holds
from tracker.locations import below
from tracker.models import Experiment, LoggedModel, LoggedModelParam, LoggedModelTag, Run
from tracker.names import random_name
from tracker.validation import MAX_KEY, check_text, invalid

MAX_NAME = 500
MAX_TAG_VALUE = 100_000
MAX_PARAMS = 1_000
MAX_TAGS = 1_000
BAD_IN_NAME = ("/", ":", ".", "%", '"', "'")


@transaction.atomic
def create(
    experiment: Experiment,
    *,
    name: str = "",
    model_type: str = "",
    source_run: Run | None = None,
    params: list[tuple[str, str]] = (),
    tags: list[tuple[str, str]] = (),
    by,
    token_id: int | None = None,
) -> LoggedModel:
    """Make a model whose files are to come; it is pending until `finalize`. Without a name it gets one."""
    if any(char in name for char in BAD_IN_NAME) or len(name) > MAX_NAME:
        raise InvalidValue(
            f"Invalid model name ({name[:250]!r}) provided. Model name must be a non-empty string of at most {MAX_NAME} "
            f"characters and cannot contain the following characters: {BAD_IN_NAME}"
        )
    check_text(model_type, "model_type", MAX_NAME)
    if experiment.is_deleted:
        raise InvalidValue(f"The experiment {experiment.pk} must be in the 'active' state. Current state is deleted.")
    now, model_id = now_ms(), f"m-{uuid.uuid4().hex}"
    model = LoggedModel.objects.create(
        model_id=model_id,
        experiment=experiment,
        name=name or random_name(),
        model_type=model_type,
        source_run=source_run,
        artifact_uri=below(experiment.artifact_location, "models", model_id, "artifacts"),
        creation_time_ms=now,
        last_updated_time_ms=now,
        created_by=by,
        token_id=token_id,
    )
    _write_params(model, params)
    _write_tags(model, tags)
    return model


@transaction.atomic
def log_params(model: LoggedModel, params: list[tuple[str, str]], *, by) -> None:
    """Add params. The same value again changes nothing; raises InvalidValue where one has another value already."""
    _write_params(_held(model), params)


@transaction.atomic
def finalize(model: LoggedModel, status: LoggedModel.Status, *, by) -> LoggedModel:
    """Say whether the files of the model came whole; any status may follow any."""
    model = _held(model)
    model.status, model.last_updated_time_ms = status, now_ms()
    model.save(update_fields=["status", "last_updated_time_ms"])
    return model


@transaction.atomic
def set_tags(model: LoggedModel, tags: list[tuple[str, str]], *, by) -> None:
    """Write tags over those of the same key; of a repeated key the last counts."""
    _write_tags(_held(model), tags)


@transaction.atomic
def delete_tag(model: LoggedModel, key: str, *, by) -> None:
    """Take a tag off. Raises NotFound where there is none."""
    deleted, _ = LoggedModelTag.objects.filter(model=_held(model), key=key).delete()
    if not deleted:
        raise NotFound(f"No tag with key {key[:250]!r} found for model with ID {model.model_id!r}.")


@transaction.atomic
def delete(model: LoggedModel, *, by, token_id: int | None = None) -> None:
    """Put the model into the trash, files and all; one that is there stays there."""
    _set_deleted(model, timezone.now(), "loggedmodel.delete", by=by, token_id=token_id)


@transaction.atomic
def restore(model: LoggedModel, *, by, token_id: int | None = None) -> None:
    """Take the model out of the trash."""
    _set_deleted(model, None, "loggedmodel.restore", by=by, token_id=token_id)


def _set_deleted(model: LoggedModel, deleted_at, action: str, *, by, token_id: int | None) -> None:
    if model.created_by_id != by.pk and not LoggedModel.objects.editable_by(by).filter(pk=model.pk).exists():
        raise NotAllowed("Deleting and restoring somebody else's model takes the level edit.")
    # taken first, so that no version is registered from it meanwhile
    LoggedModel.objects.select_for_update(no_key=True).get(pk=model.pk)
    if deleted_at is not None:
        holds.refuse(holds.LOGGED_MODELS, [model.pk], "logged models", by=by)
    rows = LoggedModel.objects.filter(pk=model.pk, deleted_at__isnull=deleted_at is not None)
    if rows.update(deleted_at=deleted_at, last_updated_time_ms=now_ms()):
        audit.record(action, model, by=by, token_id=token_id, object_id=model.model_id)


def _held(model: LoggedModel) -> LoggedModel:
    """Return the model as it is now, kept from other writers. Raises InvalidValue where it is deleted."""
    model = LoggedModel.objects.select_for_update(no_key=True).get(pk=model.pk)
    refuse_deleted(model)
    return model


def refuse_deleted(model: LoggedModel) -> None:
    if model.is_deleted:
        raise InvalidValue(f"The logged model {model.model_id} is deleted.")


def _write_params(model: LoggedModel, params: list[tuple[str, str]]) -> None:
    _check_keys(params, "params", MAX_PARAMS)
    wanted: dict[str, str] = {}
    for key, value in params:
        if wanted.setdefault(key, value) != value:
            raise _changed(model, key)
    stored = dict(model.params.filter(key__in=wanted).values_list("key", "value")) if wanted else {}
    for key, value in stored.items():
        if wanted[key] != value:
            raise _changed(model, key)
    LoggedModelParam.objects.bulk_create(
        LoggedModelParam(model=model, key=key, value=value) for key, value in wanted.items() if key not in stored
    )


def _changed(model: LoggedModel, key: str) -> InvalidValue:
    return InvalidValue(
        f"Changing param values is not allowed. Param with key='{key}' was already logged for model ID='{model.model_id}'."
    )


def _write_tags(model: LoggedModel, tags: list[tuple[str, str]]) -> None:
    _check_keys(tags, "tags", MAX_TAGS)
    for _, value in tags:
        check_text(value, "tags.value", MAX_TAG_VALUE)
    LoggedModelTag.objects.bulk_create(
        [LoggedModelTag(model=model, key=key, value=value) for key, value in sorted(dict(tags).items())],
        update_conflicts=True,
        unique_fields=["model", "key"],
        update_fields=["value"],
    )


def _check_keys(pairs: list[tuple[str, str]], name: str, limit: int) -> None:
    if len(pairs) > limit:
        raise InvalidValue(f"A request can contain at most {limit} {name}. Got {len(pairs)}.")
    for key, _ in pairs:
        if not key:
            raise invalid(f"{name}.key", key, "A key name must be provided.")
        check_text(key, f"{name}.key", MAX_KEY)
