"""Webhooks of runs, for which neither MLflow nor Databricks has words."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api.endpoint import Int64, Nothing, RequiredText, caller_token_id
from api.webhooks import DEFAULT_WEBHOOKS, page_of
from core.actions import webhooks
from core.models import Webhook as Row
from core.webhook_events import ASSAY
from tracker import webhooks as lookups

Event = Literal["run.finished", "run.failed", "run.killed", "run.stalled"]
Status = Literal["ACTIVE", "DISABLED"]


class RunWebhook(msgspec.Struct):
    id: str
    name: str
    url: str
    events: list[str]
    description: str
    status: str
    experiment_id: str | None
    created_at: datetime
    updated_at: datetime


class RunWebhooks(msgspec.Struct):
    webhooks: list[RunWebhook]
    next_page_token: str = ""


class CreateRunWebhook(msgspec.Struct):
    url: RequiredText
    events: Annotated[list[Event], msgspec.Meta(min_length=1)]
    experiment_id: str = ""
    name: str = ""
    description: str = ""
    secret: str = ""
    status: Status = "ACTIVE"


def create(request, body: CreateRunWebhook) -> RunWebhook:
    """Have an address told of runs: of an experiment that you manage, without one of the whole site, for site admins."""
    given = msgspec.structs.asdict(body)
    about = lookups.scope_for(given.pop("experiment_id"), user=request.user)
    return _webhook(webhooks.create(ASSAY, about=about, **given, **_by(request)))


class ListRunWebhooks(msgspec.Struct):
    max_results: Int64 = DEFAULT_WEBHOOKS
    page_token: str = ""


def list_(request, body: ListRunWebhooks) -> RunWebhooks:
    """The webhooks of runs that you manage, oldest first; never a secret."""
    rows, token = page_of(lookups.manageable_by(request.user), body.max_results, body.page_token)
    return RunWebhooks(webhooks=[_webhook(row) for row in rows], next_page_token=token)


def get(request, body: Nothing, webhook_id: str) -> RunWebhook:
    """One webhook."""
    return _webhook(lookups.one(webhook_id, user=request.user))


class UpdateRunWebhook(msgspec.Struct):
    url: RequiredText | None = None
    events: Annotated[list[Event], msgspec.Meta(min_length=1)] | None = None
    name: str | None = None
    description: str | None = None
    secret: str | None = None
    status: Status | None = None


def update(request, body: UpdateRunWebhook, webhook_id: str) -> RunWebhook:
    """Change what is sent; you own it then, and it tells what you may see."""
    row = lookups.one(webhook_id, user=request.user)
    return _webhook(webhooks.update(row, **msgspec.structs.asdict(body), **_by(request)))


def delete(request, body: Nothing, webhook_id: str) -> dict:
    """Take it away, and with it what was to be delivered."""
    webhooks.delete(lookups.one(webhook_id, user=request.user), **_by(request))
    return {}


class TestRunWebhook(msgspec.Struct):
    event: Event | None = None


class Tested(msgspec.Struct):
    is_delivered: bool
    status_code: int | None
    error: str


def test(request, body: TestRunWebhook, webhook_id: str) -> Tested:
    """Send an example at once and say what came of it."""
    answer, error = webhooks.send_test(lookups.one(webhook_id, user=request.user), body.event or "")
    return Tested(is_delivered=not error, status_code=answer.status if answer else None, error=error)


def _webhook(row: Row) -> RunWebhook:
    return RunWebhook(
        id=row.webhook_id,
        name=row.name,
        url=row.url,
        events=row.events,
        description=row.description,
        status=row.status,
        experiment_id=str(row.object_id) if row.kind else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _by(request) -> dict:
    return {"by": request.user, "token_id": caller_token_id(request)}
