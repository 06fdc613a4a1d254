"""Builds the answers about webhooks, which never hold a secret; beside wire.py, and by its rules."""

from core.models import Webhook
from registry.webhooks import model_names


def mlflow(rows: list[Webhook]) -> list[dict]:
    """Return webhooks as MLflow's; `model_name`, where there is one, is ours."""
    names = model_names(rows)
    return [
        {
            "webhook_id": row.webhook_id,
            "name": row.name,
            "url": row.url,
            "events": [_event(name) for name in row.events],
            "description": row.description,
            **_common(row, names),
        }
        for row in rows
    ]


def _event(name: str) -> dict:
    entity, _, action = name.partition(".")
    return {"entity": entity.upper(), "action": action.upper()}


def databricks(rows: list[Webhook]) -> list[dict]:
    names = model_names(rows)
    return [
        {
            "id": row.webhook_id,
            "events": row.events,
            "description": row.description,
            "http_url_spec": {"url": row.url, "enable_ssl_verification": True},
            **_common(row, names),
        }
        for row in rows
    ]


def _common(row: Webhook, names: dict[int, str]) -> dict:
    found = {
        "status": row.status,
        "creation_timestamp": int(row.created_at.timestamp() * 1000),
        "last_updated_timestamp": int(row.updated_at.timestamp() * 1000),
    }
    return {**found, "model_name": names.get(row.object_id, "")} if row.kind else found
