"""Versions of registered models (MLFLOW_CONTRACT 1.8)."""

from typing import Any

import msgspec

from accounts.access import Level
from api import downloads
from api import wire_registry as wire
from api.endpoint import Int64, KeyValue, RequiredText, caller_token_id
from api.registered_models import OfModel, found, limit, may_ask
from core.errors import InvalidValue, NotFound
from registry import lookups, names, rows, search
from registry.actions import model_versions, transitions
from registry.files import place_of
from registry.models import ModelVersion
from registry.models.policy import Target
from tracker import artifact_paths, artifact_tree
from tracker.lookups import logged_model_by_id, run_by_id
from tracker.models import Run

MAX_VERSIONS = 200_000


class Create(OfModel):
    source: RequiredText
    run_id: str = ""
    tags: list[KeyValue] = []
    run_link: str = ""
    description: str = ""
    model_id: str = ""


def create(request, body: Create):
    """POST model-versions/create; ready at once, since the files are there before"""
    version = model_versions.create(
        lookups.model_by_name(body.name, user=request.user, level=Level.LOG),
        source=body.source,
        run_id=body.run_id,
        model_id=body.model_id,
        description=body.description,
        run_link=body.run_link,
        tags=[(tag.key, tag.value) for tag in body.tags],
        **_by(request),
    )
    return _answer(version)


class OfVersion(OfModel):
    version: RequiredText


def get(request, body: OfVersion):
    """GET model-versions/get"""
    return {"model_version": wire.model_version(rows.version_by_number(body.name, body.version, user=request.user))}


class Update(OfVersion):
    description: str = ""


def update(request, body: Update):
    """PATCH model-versions/update; without a description it is taken away"""
    version = lookups.version_to_edit(body.name, body.version, user=request.user)
    return _answer(model_versions.describe(version, body.description, **_by(request)))


def delete(request, body: OfVersion):
    """DELETE model-versions/delete; its number is not given again"""
    version = lookups.version_by_number(body.name, body.version, user=request.user, level=Level.EDIT)
    model_versions.delete(version, **_by(request))
    return {}


class Search(msgspec.Struct):
    filter: str = ""
    max_results: Int64 = MAX_VERSIONS
    order_by: list[str] = []
    page_token: str = ""


def search_versions(request, body: Search):
    """GET model-versions/search; without aliases, and without prompts unless they are asked for"""
    page = search.versions(
        user=request.user,
        query=search.Query(body.filter, body.order_by),
        limit=limit(body.max_results, MAX_VERSIONS),
        token=body.page_token,
    )
    return found("model_versions", wire.model_versions(rows.of_versions(page.rows), with_aliases=False), page)


def get_download_uri(request, body: OfVersion):
    """GET model-versions/get-download-uri: where the files are, which `source` need not be"""
    version = rows.version_by_number(body.name, body.version, user=request.user)
    return {"artifact_uri": version.storage_location}


class GetArtifact(OfVersion):
    path: RequiredText


def get_artifact(request, body: GetArtifact):
    """GET /model-versions/get-artifact; who may see the version needs to see its run or logged model too"""
    version = lookups.version_by_number(body.name, body.version, user=request.user)
    path = artifact_paths.check(body.path)
    owner, place = place_of(version)
    if owner is None:
        raise NotFound("The files of this version are not on this server.")
    if isinstance(owner, Run):
        owner = run_by_id(owner.run_id, user=request.user)
    else:
        owner = logged_model_by_id(owner.model_id, user=request.user)
    return downloads.attachment(request, artifact_tree.find(owner, f"{place}/{path}" if place else path))


class TransitionStage(OfVersion):
    stage: RequiredText
    archive_existing_versions: Any = False
    comment: str = ""


def transition_stage(request, body: TransitionStage):
    """POST model-versions/transition-stage; PERMISSION_DENIED says where to ask, if a policy wants somebody's approval"""
    return _answer(transition(request, body))


def transition(request, body: TransitionStage) -> ModelVersion:
    return transitions.move(*_wanted(request, body), **_options(request, body))


def ask_for_stage(request, body: TransitionStage) -> str:
    """Return where a script asks whose token has too small a scope for a transition."""
    return transitions.ask_instead(*_wanted(request, body), opens=may_ask(request), **_options(request, body))


def _wanted(request, body: TransitionStage) -> tuple[ModelVersion, str, str]:
    stage = names.stage_of(body.stage)
    return lookups.version_by_number(body.name, body.version, user=request.user), Target.STAGE, stage.value


def _options(request, body: TransitionStage) -> dict:
    archives = flag(body.archive_existing_versions, "archive_existing_versions")
    return {"archives_incumbent": archives, "comment": body.comment, **_by(request)}


def flag(value: Any, parameter: str) -> bool:
    """Return a JSON boolean, null being false; a text such as "false" must not archive what serves."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidValue(f"Invalid value for parameter '{parameter}' supplied: it must be true or false.")
    return value


class SetTag(OfVersion):
    key: RequiredText
    value: str = ""


def set_tag(request, body: SetTag):
    """POST model-versions/set-tag"""
    version = lookups.version_to_edit(body.name, body.version, user=request.user)
    model_versions.set_tag(version, body.key, body.value, **_by(request))
    return {}


class DeleteTag(OfVersion):
    key: RequiredText


def delete_tag(request, body: DeleteTag):
    """DELETE model-versions/delete-tag; a missing tag is no error"""
    version = lookups.version_to_edit(body.name, body.version, user=request.user)
    model_versions.delete_tag(version, body.key, **_by(request))
    return {}


def _by(request) -> dict:
    return {"by": request.user, "token_id": caller_token_id(request)}


def _answer(version: ModelVersion) -> dict:
    (row,) = rows.of_versions([version])
    return {"model_version": wire.model_version(row)}
