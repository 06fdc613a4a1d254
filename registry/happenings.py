"""What webhooks are told of the registry, in MLflow's words and in Databricks'. Actions call these in their transaction.

A prompt is a registered model in all but name: in MLflow's vocabulary its events have names of their own, in Databricks'
it has none.
"""

from collections.abc import Callable

from accounts.models import User
from core.deliveries import emit
from core.models import Comment
from core.webhook_events import DATABRICKS, MLFLOW
from registry import policies
from registry.models import ModelVersion, RegisteredModel, TransitionRequest
from registry.models.policy import Target
from registry.names import IS_PROMPT, is_prompt, says_prompt

_PROMPT_TYPE, _PROMPT_TEXT = "_mlflow_prompt_type", "mlflow.prompt.text"
# what marks a prompt is not repeated to who is told of one
_INTERNAL = (IS_PROMPT, _PROMPT_TYPE, _PROMPT_TEXT)
_AS_PROMPT = {
    "registered_model.created": "prompt.created",
    "model_version.created": "prompt_version.created",
    "model_version_tag.set": "prompt_version_tag.set",
    "model_version_tag.deleted": "prompt_version_tag.deleted",
    "model_version_alias.created": "prompt_alias.created",
    "model_version_alias.deleted": "prompt_alias.deleted",
}

Events = list[tuple[str, dict]]


def may_see(user: User, model_id: int) -> bool:
    return RegisteredModel.objects.visible_to(user).filter(pk=model_id).exists()


def model_created(model: RegisteredModel, *, by) -> None:
    def of_mlflow() -> Events:
        tags = _tags(model)
        data = {"name": model.name, "tags": tags, "description": model.description or None}
        if says_prompt(list(tags.items())):
            return [("prompt.created", {**data, "tags": _without_internal(tags)})]
        return [("registered_model.created", data)]

    def of_databricks() -> Events:
        return [("REGISTERED_MODEL_CREATED", _databricks(model, by, f"registered {model.name}"))]

    _emit(model, of_mlflow, of_databricks)


def model_tag_set(model: RegisteredModel, key: str, value: str) -> None:
    """Tell of it where the model is a prompt; MLflow has no such event for a model."""
    _emit(model, lambda: _of_prompt(model, "prompt_tag.set", {"name": model.name, "key": key, "value": value}))


def model_tag_deleted(model: RegisteredModel, key: str) -> None:
    _emit(model, lambda: _of_prompt(model, "prompt_tag.deleted", {"name": model.name, "key": key}))


def version_created(version: ModelVersion, *, by) -> None:
    model = version.model

    def of_mlflow() -> Events:
        tags, named = _tags(version), {"name": model.name, "version": str(version.version)}
        described = {"description": version.description or None}
        if is_prompt(model):
            text = {"template": tags.get(_PROMPT_TEXT)}
            return [("prompt_version.created", {**named, **text, "tags": _without_internal(tags), **described})]
        origin = {"source": version.source, "run_id": version.run_id or None}
        return [("model_version.created", {**named, **origin, "tags": tags, **described})]

    def of_databricks() -> Events:
        data = _databricks(model, by, f"registered {version}", version=str(version.version))
        return [("MODEL_VERSION_CREATED", {**data, "run_id": version.run_id})]

    _emit(model, of_mlflow, of_databricks)


def version_tag_set(version: ModelVersion, key: str, value: str, *, by) -> None:
    tag = {"key": key, "value": value}

    def of_databricks() -> Events:
        data = _databricks(version.model, by, f"set the tag {key} on {version}", version=str(version.version))
        return [("MODEL_VERSION_TAG_SET", {**data, "tags": [tag]})]

    _emit(version.model, lambda: _of_version(version, "model_version_tag.set", **tag), of_databricks)


def version_tag_deleted(version: ModelVersion, key: str) -> None:
    _emit(version.model, lambda: _of_version(version, "model_version_tag.deleted", key=key))


def alias_created(version: ModelVersion, alias: str) -> None:
    _emit(version.model, lambda: _of_version(version, "model_version_alias.created", alias=alias))


def alias_deleted(version: ModelVersion, alias: str) -> None:
    model = version.model
    data = {"name": model.name, "alias": alias}
    _emit(model, lambda: [(_name(model, "model_version_alias.deleted"), data)])


def stage_changed(version: ModelVersion, before: str, *, by, comment: str = "") -> None:
    names = ["MODEL_VERSION_TRANSITIONED_STAGE", f"MODEL_VERSION_TRANSITIONED_TO_{version.stage.upper()}"]
    _emit(version.model, None, lambda: _of_transition(names, version, version.place, "moved", before, by, comment))


def request_created(request: TransitionRequest) -> None:
    """Tell of a request for a stage; Databricks knows none for an alias."""
    if request.kind != Target.STAGE:
        return
    version, by = request.version, request.requested_by
    wire = policies.wire_stage(version.model, request.target)
    names = ["TRANSITION_REQUEST_CREATED", f"TRANSITION_REQUEST_TO_{wire.upper()}_CREATED"]
    verb = "asked to move"
    _emit(
        version.model,
        None,
        lambda: _of_transition(names, version, request.target, verb, version.place, by, request.comment),
    )


def comment_created(about, comment: Comment) -> None:
    if not isinstance(about, ModelVersion):
        return

    def of_databricks() -> Events:
        data = _databricks(about.model, comment.author, f"commented on {about}", version=str(about.version))
        return [("COMMENT_CREATED", {**data, "comment": comment.text})]

    _emit(about.model, None, of_databricks)


# What both vocabularies are made of -----------------------------------------------------------------------------


def _emit(
    model: RegisteredModel,
    of_mlflow: Callable[[], Events] | None = None,
    of_databricks: Callable[[], Events] | None = None,
) -> None:
    by_vocabulary = {MLFLOW: of_mlflow, DATABRICKS: of_databricks}
    emit("registeredmodel", model.pk, lambda vocabulary: (by_vocabulary.get(vocabulary) or list)())


def _of_version(version: ModelVersion, event: str, **data: str) -> Events:
    data = {"name": version.model.name, "version": str(version.version), **data}
    return [(_name(version.model, event), data)]


def _of_prompt(model: RegisteredModel, event: str, data: dict) -> Events:
    return [(event, data)] if is_prompt(model) else []


def _of_transition(names: list[str], version: ModelVersion, stage: str, verb: str, before: str, by, comment) -> Events:
    data = _databricks(
        version.model,
        by,
        f"{verb} {version} from {before} to {stage}",
        version=str(version.version),
        from_stage=str(before),
        to_stage=str(stage),
        comment=comment,
    )
    return [(name, data) for name in names]


def _databricks(model: RegisteredModel, by, text: str, **more: str) -> dict:
    return {"model_name": model.name, **more, "text": f"{by.get_username()} {text}"}


def _name(model: RegisteredModel, event: str) -> str:
    return _AS_PROMPT[event] if is_prompt(model) else event


def _tags(row: RegisteredModel | ModelVersion) -> dict[str, str]:
    return dict(row.tags.order_by("key").values_list("key", "value"))


def _without_internal(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in _INTERNAL}
