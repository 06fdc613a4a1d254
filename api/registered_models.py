"""Registered models (MLFLOW_CONTRACT 1.7); their versions stand in model_versions.py."""

import msgspec

from accounts.access import Level, Scope
from api import wire_registry as wire
from api.endpoint import Int64, KeyValue, RequiredText, caller_token_id
from core.errors import InvalidValue
from registry import lookups, names, rows, search
from registry.actions import registered_models, transitions
from registry.models import ModelVersion, RegisteredModel
from registry.models.policy import Target

MAX_MODELS = 1_000
DEFAULT_MODELS = 100


class Create(msgspec.Struct):
    name: RequiredText
    tags: list[KeyValue] = []
    description: str = ""


def create(request, body: Create):
    """POST registered-models/create; a taken name is RESOURCE_ALREADY_EXISTS, which registered_model_name= relies on"""
    model = registered_models.create(
        body.name,
        description=body.description,
        tags=[(tag.key, tag.value) for tag in body.tags],
        by=request.user,
        token_id=caller_token_id(request),
    )
    return _answer(model)


class OfModel(msgspec.Struct):
    name: RequiredText

    def __post_init__(self):
        # a name that no model can have is a bad argument rather than a missing model
        names.check_name(self.name)


def get(request, body: OfModel):
    """GET registered-models/get; the client asks before almost every other call"""
    return {"registered_model": wire.registered_model(rows.model_by_name(body.name, user=request.user))}


class Update(OfModel):
    description: str = ""


def update(request, body: Update):
    """PATCH registered-models/update; without a description it is taken away"""
    model = lookups.model_by_name(body.name, user=request.user, level=Level.EDIT)
    return _answer(registered_models.describe(model, body.description, **_by(request)))


class Rename(OfModel):
    new_name: RequiredText


def rename(request, body: Rename):
    """POST registered-models/rename"""
    model = lookups.model_by_name(body.name, user=request.user, level=Level.MANAGE)
    return _answer(registered_models.rename(model, body.new_name, **_by(request)))


def delete(request, body: OfModel):
    """DELETE registered-models/delete; a second time is a 404, and the name is free"""
    registered_models.delete(lookups.model_by_name(body.name, user=request.user, level=Level.MANAGE), **_by(request))
    return {}


class Search(msgspec.Struct):
    filter: str = ""
    max_results: Int64 = DEFAULT_MODELS
    order_by: list[str] = []
    page_token: str = ""


def search_models(request, body: Search):
    """GET registered-models/search; without prompts unless they are asked for"""
    page = search.models(
        user=request.user,
        query=search.Query(body.filter, body.order_by),
        limit=limit(body.max_results, MAX_MODELS),
        token=body.page_token,
    )
    return found("registered_models", wire.registered_models(rows.of_models(page.rows)), page)


class GetLatestVersions(OfModel):
    stages: list[str] = []


def get_latest_versions(request, body: GetLatestVersions):
    """POST and GET registered-models/get-latest-versions: the highest number in each stage asked for, or in each"""
    stages = {names.stage_of(stage).value for stage in body.stages} or ModelVersion.Stage.values
    model = rows.model_by_name(body.name, user=request.user)
    latest = rows.latest([model.pk], stages)
    return {"model_versions": wire.model_versions(latest)} if latest else {}


class SetTag(OfModel):
    key: RequiredText
    value: str = ""


def set_tag(request, body: SetTag):
    """POST registered-models/set-tag"""
    model = lookups.model_by_name(body.name, user=request.user, level=Level.EDIT)
    registered_models.set_tag(model, body.key, body.value, **_by(request))
    return {}


class DeleteTag(OfModel):
    key: RequiredText


def delete_tag(request, body: DeleteTag):
    """DELETE registered-models/delete-tag; a missing tag is no error"""
    model = lookups.model_by_name(body.name, user=request.user, level=Level.EDIT)
    registered_models.delete_tag(model, body.key, **_by(request))
    return {}


class OfAlias(OfModel):
    alias: RequiredText


def get_by_alias(request, body: OfAlias):
    """GET registered-models/alias; a missing alias is a 400, `latest` the highest number"""
    version = rows.version_by_alias(body.name, body.alias, user=request.user)
    return {"model_version": wire.model_version(version)}


class SetAlias(OfAlias):
    version: RequiredText


def set_alias(request, body: SetAlias):
    """POST registered-models/alias: new, or moved from another version; policies may protect it"""
    names.check_new_alias(body.alias)
    version = lookups.version_by_number(body.name, body.version, user=request.user)
    transitions.move(version, Target.ALIAS, body.alias, **_by(request))
    return {}


def may_ask(request) -> bool:
    return request.auth.scope >= Scope.LOG


def ask_for_alias(request, body: SetAlias) -> str:
    """Return where a script asks whose token has too small a scope to move an alias."""
    names.check_new_alias(body.alias)
    version = lookups.version_by_number(body.name, body.version, user=request.user)
    return transitions.ask_instead(version, Target.ALIAS, body.alias, opens=may_ask(request), **_by(request))


def delete_alias(request, body: OfAlias):
    """DELETE registered-models/alias; a missing alias is no error"""
    names.check_alias(body.alias)
    transitions.delete_alias(
        lookups.model_by_name(body.name, user=request.user, level=Level.EDIT), body.alias, **_by(request)
    )
    return {}


def limit(max_results: int, maximum: int) -> int:
    """Return how many rows a page of a search has. Raises InvalidValue beyond 1 to `maximum`."""
    if not 1 <= max_results <= maximum:
        raise InvalidValue(
            f"Invalid value {max_results} for parameter 'max_results' supplied: it must be from 1 to {maximum}."
        )
    return max_results


def found(name: str, rows: list[dict], page: search.Page) -> dict:
    """Return the answer of a search, in which an empty list and a missing token are left out."""
    answer = {name: rows} if rows else {}
    return {**answer, "next_page_token": page.next} if page.next else answer


def _by(request) -> dict:
    return {"by": request.user, "token_id": caller_token_id(request)}


def _answer(model: RegisteredModel) -> dict:
    (row,) = rows.of_models([model])
    return {"registered_model": wire.registered_model(row)}
