"""Webhooks as MLflow's client manages them (MLFLOW_CONTRACT 1.10). `model_name` is ours: without it, the whole site."""

import msgspec

from api import wire_webhooks as wire
from api.endpoint import Int64, RequiredText, caller_token_id
from api.registered_models import limit
from core.actions import webhooks
from core.errors import InvalidValue
from core.webhook_events import MLFLOW
from registry import webhooks as lookups

MAX_WEBHOOKS = 1_000
DEFAULT_WEBHOOKS = 100


class Event(msgspec.Struct):
    entity: RequiredText
    action: RequiredText

    @property
    def name(self) -> str:
        return f"{self.entity.lower()}.{self.action.lower()}"


class Create(msgspec.Struct):
    name: RequiredText
    url: RequiredText
    events: list[Event]
    description: str = ""
    secret: str = ""
    status: str = "ACTIVE"
    model_name: str = ""


def create(request, body: Create):
    """POST webhooks; of the whole site for site admins, of a model for who manages it"""
    made = webhooks.create(
        MLFLOW,
        about=lookups.scope_for(body.model_name, user=request.user),
        name=body.name,
        url=body.url,
        events=_names(body.events),
        description=body.description,
        secret=body.secret,
        status=_status(body.status),
        **_by(request),
    )
    return {"webhook": wire.mlflow([made])[0]}


class List(msgspec.Struct):
    max_results: Int64 = DEFAULT_WEBHOOKS
    page_token: str = ""


def list_(request, body: List):
    """GET webhooks; those that the caller manages"""
    rows, token = page_of(lookups.manageable_by(request.user, MLFLOW), body.max_results, body.page_token)
    answer = {"webhooks": wire.mlflow(rows)} if rows else {}
    return {**answer, "next_page_token": token} if token else answer


def page_of(rows, max_results: int, token: str) -> tuple[list, str]:
    """Return a page of webhooks, newest first, and the token of the next, empty if there is none."""
    number = limit(max_results, MAX_WEBHOOKS)
    if token and not (token.isascii() and token.isdigit() and len(token) <= 18):
        raise InvalidValue("Invalid page token.")
    rows = rows.filter(pk__lt=int(token)) if token else rows
    found = list(rows.order_by("-pk")[: number + 1])
    return found[:number], str(found[number - 1].pk) if len(found) > number else ""


def get(request, body, webhook_id):
    """GET webhooks/{webhook_id}"""
    return {"webhook": wire.mlflow([lookups.one(webhook_id, MLFLOW, user=request.user)])[0]}


class Update(msgspec.Struct):
    name: str = ""
    url: str = ""
    events: list[Event] = []
    description: str | None = None
    secret: str | None = None
    status: str = ""


def update(request, body: Update, webhook_id):
    """PATCH webhooks/{webhook_id}; what is not sent stays"""
    changed = webhooks.update(
        lookups.one(webhook_id, MLFLOW, user=request.user),
        name=body.name or None,
        url=body.url or None,
        events=_names(body.events) or None,
        description=body.description,
        secret=body.secret,
        status=_status(body.status) if body.status else None,
        **_by(request),
    )
    return {"webhook": wire.mlflow([changed])[0]}


def delete(request, body, webhook_id):
    """DELETE webhooks/{webhook_id}"""
    webhooks.delete(lookups.one(webhook_id, MLFLOW, user=request.user), **_by(request))
    return {}


class Test(msgspec.Struct):
    event: Event | None = None


def test(request, body: Test, webhook_id):
    """POST webhooks/{webhook_id}/test; sends an example at once and says what came of it"""
    webhook = lookups.one(webhook_id, MLFLOW, user=request.user)
    answer, error = webhooks.send_test(webhook, body.event.name if body.event else "")
    result = {"success": not error}
    if answer is not None:
        result |= {"response_status": answer.status, "response_body": answer.body}
    return {"result": {**result, "error_message": error} if error else result}


def _names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def _status(text: str) -> str:
    # the protocol has these two
    if text.upper() not in ("ACTIVE", "DISABLED"):
        raise InvalidValue("'status' must be ACTIVE or DISABLED.")
    return text.upper()


def _by(request) -> dict:
    return {"by": request.user, "token_id": caller_token_id(request)}
