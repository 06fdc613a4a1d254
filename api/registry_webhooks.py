"""Registry webhooks as Databricks' SDK manages them; jobs as their target are Databricks' own."""

from typing import Any

import msgspec

from api import wire_webhooks as wire
from api.endpoint import Int64, RequiredText, caller_token_id
from api.webhooks import DEFAULT_WEBHOOKS, page_of
from core.actions import webhooks
from core.errors import InvalidValue
from core.webhook_events import DATABRICKS
from registry import lookups as registry_lookups
from registry import webhooks as lookups


class HttpUrlSpec(msgspec.Struct):
    url: str = ""
    secret: str | None = None
    authorization: str = ""
    enable_ssl_verification: bool = True


class Create(msgspec.Struct):
    events: list[RequiredText]
    http_url_spec: HttpUrlSpec | None = None
    job_spec: Any = None
    model_name: str = ""
    description: str = ""
    status: str = "ACTIVE"


def create(request, body: Create):
    """POST registry-webhooks/create; without a model_name of the whole site, for site admins"""
    target = _target(body) or HttpUrlSpec()
    if not target.url:
        raise InvalidValue("Missing value for required parameter 'http_url_spec.url'.")
    made = webhooks.create(
        DATABRICKS,
        about=lookups.scope_for(body.model_name, user=request.user),
        url=target.url,
        events=body.events,
        description=body.description,
        secret=target.secret or "",
        status=body.status,
        **_by(request),
    )
    return {"webhook": wire.databricks([made])[0]}


class List(msgspec.Struct):
    events: list[str] = []
    model_name: str = ""
    max_results: Int64 = DEFAULT_WEBHOOKS
    page_token: str = ""


def list_(request, body: List):
    """GET registry-webhooks/list; those that the caller manages, by model and by events"""
    rows = lookups.manageable_by(request.user, DATABRICKS)
    if body.model_name:
        model = registry_lookups.model_by_name(body.model_name, user=request.user)
        rows = rows.filter(kind=lookups.KIND, object_id=model.pk)
    if body.events:
        # a list in JSON is not searched alike on both databases
        wanted = set(body.events)
        found = rows.values_list("pk", "events")
        rows = rows.filter(pk__in=[pk for pk, events in found if wanted & set(events)])
    page, token = page_of(rows, body.max_results, body.page_token)
    answer = {"webhooks": wire.databricks(page)} if page else {}
    return {**answer, "next_page_token": token} if token else answer


class OfWebhook(msgspec.Struct):
    id: RequiredText


class Update(OfWebhook):
    events: list[RequiredText] = []
    http_url_spec: HttpUrlSpec | None = None
    job_spec: Any = None
    description: str | None = None
    status: str = ""


def update(request, body: Update):
    """PATCH registry-webhooks/update; what is not sent stays"""
    target = _target(body) or HttpUrlSpec()
    changed = webhooks.update(
        lookups.one(body.id, DATABRICKS, user=request.user),
        url=target.url or None,
        secret=target.secret,
        events=body.events or None,
        description=body.description,
        status=body.status or None,
        **_by(request),
    )
    return {"webhook": wire.databricks([changed])[0]}


def delete(request, body: OfWebhook):
    """DELETE registry-webhooks/delete"""
    webhooks.delete(lookups.one(body.id, DATABRICKS, user=request.user), **_by(request))
    return {}


class Test(OfWebhook):
    event: str = ""


def test(request, body: Test):
    """POST registry-webhooks/test; sends an example at once; `body` says why where nothing was answered"""
    answer, error = webhooks.send_test(lookups.one(body.id, DATABRICKS, user=request.user), body.event)
    if answer is None:
        return {"body": error}
    return {"status_code": answer.status, "body": answer.body}


def _target(body: Create | Update) -> HttpUrlSpec | None:
    if body.job_spec:
        raise InvalidValue("'job_spec' is not supported: there are no jobs here. Send http_url_spec.")
    target = body.http_url_spec
    if target is not None and target.authorization:
        raise InvalidValue("'authorization' is not supported: verify the signature, for which 'secret' is.")
    if target is not None and not target.enable_ssl_verification:
        raise InvalidValue("'enable_ssl_verification' cannot be turned off.")
    return target


def _by(request) -> dict:
    return {"by": request.user, "token_id": caller_token_id(request)}
