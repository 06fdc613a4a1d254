"""Logged models (MLFLOW_CONTRACT 1.5); searching them stands in search.py."""

import msgspec

from accounts.access import Level
from api import downloads, wire
from api.artifacts import required
from api.endpoint import KeyValue, Nothing, caller_token_id
from core.errors import InvalidValue, NotFound
from registry import registrations
from tracker import artifact_tree
from tracker.actions import logged_models
from tracker.lookups import experiment_by_id, logged_model_by_id, run_by_id
from tracker.models import LoggedModel


def _active(model_id: str, *, user, level: Level = Level.VIEW) -> LoggedModel:
    model = logged_model_by_id(model_id, user=user, level=level)
    if model.is_deleted:
        raise NotFound(f"Logged model with ID '{model_id[:256]}' not found.")
    return model


class Create(msgspec.Struct):
    experiment_id: str
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


def create(request, body: Create):
    """POST logged-models; the client sends its first 100 params here and the rest to …/params"""
    experiment = experiment_by_id(body.experiment_id, user=request.user, level=Level.LOG)
    source_run = None
    if body.source_run_id:
        source_run = run_by_id(body.source_run_id, user=request.user, level=Level.LOG)
    model = logged_models.create(
        experiment,
        name=body.name or "",
        model_type=body.model_type or "",
        source_run=source_run,
        params=_pairs(body.params),
        tags=_pairs(body.tags),
        by=request.user,
        token_id=caller_token_id(request),
    )
    return _answer(model)


class LogParams(msgspec.Struct):
    params: list[KeyValue] = []


def log_params(request, body: LogParams, model_id: str):
    """POST logged-models/{id}/params; MLflow refuses a key that is there, with us the same value again is fine"""
    model = _active(model_id, user=request.user, level=Level.LOG)
    logged_models.log_params(model, _pairs(body.params), by=request.user)
    return {}


class Get(msgspec.Struct):
    # a query's bools come as True and False, too
    allow_deleted: str = ""


def get(request, body: Get, model_id: str):
    """GET logged-models/{id}?allow_deleted=true"""
    if body.allow_deleted.lower() == "true":
        return _answer(logged_model_by_id(model_id, user=request.user))
    return _answer(_active(model_id, user=request.user))


class Finalize(msgspec.Struct):
    status: str | int


def finalize(request, body: Finalize, model_id: str):
    """PATCH logged-models/{id}; the status comes by name or by its number in MLflow's proto"""
    model = _active(model_id, user=request.user, level=Level.LOG)
    return _answer(logged_models.finalize(model, _status(body.status), by=request.user))


def _status(text: str | int) -> LoggedModel.Status:
    by_number = {str(i): status for i, status in enumerate(LoggedModel.Status, 1)}
    try:
        return by_number.get(str(text)) or LoggedModel.Status(str(text).upper())
    except ValueError:
        raise InvalidValue(f"Invalid value '{str(text)[:100]}' for parameter 'status' supplied: no such status.")


def delete(request, body: Nothing, model_id: str):
    """DELETE logged-models/{id}; a second time changes nothing"""
    model = logged_model_by_id(model_id, user=request.user, level=Level.LOG)
    logged_models.delete(model, by=request.user, token_id=caller_token_id(request))
    return {}


class SetTags(msgspec.Struct):
    tags: list[KeyValue] = []


def set_tags(request, body: SetTags, model_id: str):
    """PATCH logged-models/{id}/tags; of what was registered from it, which the client sends too, the registry knows better"""
    tags = _pairs(body.tags)
    kept = [tag for tag in tags if tag[0] != registrations.TAG]
    if kept != tags and registrations.are_kept(_active(model_id, user=request.user)):
        tags = kept
        if not tags:
            return {}
    logged_models.set_tags(_active(model_id, user=request.user, level=Level.LOG), tags, by=request.user)
    return {}


def delete_tag(request, body: Nothing, model_id: str, key: str):
    """DELETE logged-models/{id}/tags/{key}; the client does not encode the key, which may hold slashes"""
    logged_models.delete_tag(_active(model_id, user=request.user, level=Level.LOG), key, by=request.user)
    return {}


class ListArtifacts(msgspec.Struct):
    artifact_directory_path: str = ""


def list_artifacts(request, body: ListArtifacts, model_id: str):
    """GET logged-models/{id}/artifacts/directories; the client itself lists through the proxy"""
    model = _active(model_id, user=request.user)
    return wire.artifacts(model.artifact_uri, artifact_tree.entries(model, body.artifact_directory_path))


class GetFile(msgspec.Struct):
    artifact_file_path: str = ""


def get_file(request, body: GetFile, model_id: str):
    """GET ajax logged-models/{id}/artifacts/files"""
    path = required(body.artifact_file_path, "artifact_file_path")
    return downloads.attachment(request, artifact_tree.find(_active(model_id, user=request.user), path))


def _pairs(items: list[KeyValue]) -> list[tuple[str, str]]:
    return [(item.key, item.value) for item in items]


def _answer(model: LoggedModel) -> dict:
    return {"model": wire.logged_models([model])[0]}
