"""Builds the answers of the registry's calls; beside wire.py, and by its rules."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from accounts.access import Level
from core.models import Comment
from registry import activities, rows
from registry.actions import requests
from registry.models import ModelVersion, RegisteredModel, TransitionRequest
from registry.rows import ModelRow, VersionRow


def registered_model(row: ModelRow) -> dict:
    return registered_models([row])[0]


def registered_models(found: Iterable[ModelRow]) -> list[dict]:
    """Return whole models in the order of `found`, in four statements however many there are."""
    found = list(found)
    pks = [row.pk for row in found]
    tags, aliases = rows.tags_of_models(pks), rows.aliases_of_models(pks)
    newest = rows.latest(pks)
    latest = defaultdict(list)
    for row, answer in zip(newest, model_versions(newest, with_aliases=False), strict=True):
        latest[row.model_pk].append(answer)
    return [
        {
            "name": row.name,
            "creation_timestamp": row.creation_time_ms,
            "last_updated_timestamp": row.last_updated_time_ms,
            "user_id": row.creator or "",
            "description": row.description,
            "latest_versions": latest.get(row.pk, []),
            "tags": _key_values(tags.get(row.pk, ())),
            "aliases": [{"alias": alias, "version": str(version)} for alias, version in aliases.get(row.pk, ())],
        }
        for row in found
    ]


def model_version(row: VersionRow) -> dict:
    """Return one version, its aliases included."""
    return model_versions([row])[0]


def model_versions(found: Iterable[VersionRow], *, with_aliases: bool = True) -> list[dict]:
    """Return versions in the order of `found`, in two statements; searches leave aliases out, as MLflow's do."""
    found = list(found)
    if not found:
        return []
    pks = [row.pk for row in found]
    tags = rows.tags_of_versions(pks)
    aliases = rows.aliases_of_versions(pks) if with_aliases else {}
    return [
        {
            "name": row.model_name,
            "version": str(row.version),
            "creation_timestamp": row.creation_time_ms,
            "last_updated_timestamp": row.last_updated_time_ms,
            "user_id": row.creator or "",
            "current_stage": row.stage,
            "description": row.description,
            "source": row.source,
            "run_id": row.run_id,
            "status": ModelVersion.STATUS,
            "status_message": "",
            "tags": _key_values(tags.get(row.pk, ())),
            "run_link": row.run_link,
            "aliases": [alias for (alias,) in aliases.get(row.pk, ())],
        }
        for row in found
    ]


def _key_values(tags: Iterable[tuple[str, str]]) -> list[dict]:
    return [{"key": key, "value": value} for key, value in tags]


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
    (found,) = rows.of_versions([row])
    answer = model_version(found)
    del answer["aliases"]
    return {
        **answer,
        "permission_level": _LEVELS[row.model.level_of(viewer)],
        "open_requests": [transition_request(request, viewer) for request in open_requests],
    }


def registered_model_databricks(row: RegisteredModel, viewer) -> dict:
    (found,) = rows.of_models([row])
    answer = registered_model(found)
    del answer["aliases"]
    return {**answer, "id": str(row.pk), "permission_level": _LEVELS[row.level_of(viewer)]}


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
