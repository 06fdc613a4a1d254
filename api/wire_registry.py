"""Builds the answers of the registry's calls; beside wire.py, and by its rules."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from accounts.access import Level
from accounts.models import User
from api import wire
from core.models import Comment
from registry import activities
from registry.actions import requests
from registry.models import (
    Alias,
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelTag,
    TransitionRequest,
)


def registered_model(row: RegisteredModel) -> dict:
    return registered_models([row])[0]


def registered_models(rows: Iterable[RegisteredModel]) -> list[dict]:
    """Return whole models in the order of `rows`, in five statements however many there are."""
    rows = list(rows)
    by_pk = {row.pk: row for row in rows}
    tags = _tags(RegisteredModelTag.objects.filter(model__in=by_pk), "model_id")
    aliases = defaultdict(list)
    for alias in Alias.objects.filter(model__in=by_pk).select_related("version").order_by("name"):
        aliases[alias.model_id].append({"alias": alias.name, "version": str(alias.version.version)})
    latest = defaultdict(list)
    found = list(ModelVersion.objects.filter(model__in=by_pk, deleted_at=None).latest_of_stages())
    for row, answer in zip(found, _versions(found, by_pk, with_aliases=False), strict=True):
        latest[row.model_id].append(answer)
    users = _usernames(rows)
    return [
        {
            "name": row.name,
            "creation_timestamp": row.creation_time_ms,
            "last_updated_timestamp": row.last_updated_time_ms,
            "user_id": users.get(row.created_by_id, ""),
            "description": row.description,
            "latest_versions": latest.get(row.pk, []),
            "tags": tags.get(row.pk, []),
            "aliases": aliases.get(row.pk, []),
        }
        for row in rows
    ]


def model_version(row: ModelVersion) -> dict:
    """Return one version, its aliases included."""
    return model_versions([row])[0]


def model_versions(rows: Iterable[ModelVersion], *, with_aliases: bool = True) -> list[dict]:
    """Return versions, whose models are at hand, in three statements; searches leave aliases out, as MLflow's do."""
    rows = list(rows)
    return _versions(rows, {row.model_id: row.model for row in rows}, with_aliases=with_aliases)


def _versions(rows: list[ModelVersion], models: dict[int, RegisteredModel], *, with_aliases: bool) -> list[dict]:
    if not rows:
        return []
    pks = [row.pk for row in rows]
    tags = _tags(ModelVersionTag.objects.filter(version__in=pks), "version_id")
    aliases = defaultdict(list)
    if with_aliases:
        for version, name in Alias.objects.filter(version__in=pks).order_by("name").values_list("version_id", "name"):
            aliases[version].append(name)
    users = _usernames(rows)
    return [
        {
            "name": models[row.model_id].name,
            "version": str(row.version),
            "creation_timestamp": row.creation_time_ms,
            "last_updated_timestamp": row.last_updated_time_ms,
            "user_id": users.get(row.created_by_id, ""),
            "current_stage": str(row.stage),
            "description": row.description,
            "source": row.source,
            "run_id": row.run_id,
            "status": row.STATUS,
            "status_message": "",
            "tags": tags.get(row.pk, []),
            "run_link": row.run_link,
            "aliases": aliases.get(row.pk, []),
        }
        for row in rows
    ]


def _tags(rows, owner: str) -> dict[int, list[dict]]:
    by_owner = defaultdict(list)
    for row in rows.order_by("key"):
        by_owner[getattr(row, owner)].extend(wire.key_values([row]))
    return by_owner


def _usernames(rows: list) -> dict[int, str]:
    pks = {row.created_by_id for row in rows if row.created_by_id}
    return dict(User.objects.filter(pk__in=pks).values_list("pk", "username"))


# Databricks' protocol ---------------------------------------------------------------------------------------

_LEVELS = {
    Level.VIEW: "CAN_READ",
    Level.LOG: "CAN_READ",
    Level.EDIT: "CAN_EDIT",
    Level.MANAGE: "CAN_MANAGE",
}


def transition_request(row: TransitionRequest, viewer) -> dict:
    """Return a request with what `viewer` may do about it, which is all that Databricks' pages offer."""
    may_decide, may_cancel = not requests.why_not_decide(row, viewer), not requests.why_not_cancel(row, viewer)
    actions = ["APPROVE_TRANSITION_REQUEST", "REJECT_TRANSITION_REQUEST"] if may_decide else []
    actions += ["CANCEL_TRANSITION_REQUEST"] if may_cancel else []
    return {**activity(activities.asked(row)), "available_actions": actions}


def activity(row: activities.Activity) -> dict:
    answer = {
        "id": row.id,
        "activity_type": row.type,
        "comment": row.comment,
        "system_comment": row.system_comment,
        "from_stage": row.from_stage,
        "to_stage": row.to_stage,
        "user_id": row.user,
        "creation_timestamp": _millis(row.at),
        "last_updated_timestamp": _millis(row.at),
    }
    return {key: value for key, value in answer.items() if value != ""}


def comment(row: Comment, viewer) -> dict:
    return {
        "id": str(row.pk),
        "comment": row.text,
        "user_id": row.author.username,
        "creation_timestamp": _millis(row.created_at),
        "last_updated_timestamp": _millis(row.edited_at or row.created_at),
        "available_actions": ["EDIT_COMMENT", "DELETE_COMMENT"] if row.author_id == viewer.pk else [],
    }


def model_version_databricks(row: ModelVersion, open_requests: list[TransitionRequest], viewer) -> dict:
    answer = model_version(row)
    del answer["aliases"]
    return {
        **answer,
        "permission_level": _LEVELS[row.model.level_of(viewer)],
        "open_requests": [transition_request(request, viewer) for request in open_requests],
    }


def registered_model_databricks(row: RegisteredModel, viewer) -> dict:
    answer = registered_model(row)
    del answer["aliases"]
    return {**answer, "id": str(row.pk), "permission_level": _LEVELS[row.level_of(viewer)]}


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
