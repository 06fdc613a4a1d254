"""Telling webhooks of events: one delivery a webhook, written with the event itself and sent by a job after the commit.

Whether the webhook's owner may see what an event is about is asked when it is sent, since much may have changed by then.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from core import outgoing
from core.actions import jobs
from core.errors import DomainError, InvalidValue, Unavailable
from core.models import Delivery, Webhook
from core.secret_text import unseal
from core.webhook_events import DATABRICKS

JOB = "webhook.deliver"
# with the waits of core.jobs: about four minutes
MAX_ATTEMPTS = 8
KEPT_FOR = timedelta(days=30)

# {kind of object: a function (user, id) that returns whether the user may see it}, filled by the apps that have them
MAY_SEE: dict[str, Callable[[Any, int], bool]] = {}

# for a vocabulary: (event, what its payload says) of one happening, which may have several names
Happening = Callable[[str], list[tuple[str, dict]]]


def emit(kind: str, object_id: int, happening: Happening, *, about: tuple[str, int] | None = None) -> None:
    """Write what webhooks are to be told into the caller's transaction; where nobody listens, that is one look-up.

    `about` is what one must be allowed to see to be told, where that is not what the webhook is of: a run may move.
    """
    seen_kind, seen_id = about or (kind, object_id)
    events: dict[str, list[tuple[str, dict]]] = {}
    for webhook in Webhook.objects.listening(kind, object_id):
        if webhook.vocabulary not in events:
            events[webhook.vocabulary] = happening(webhook.vocabulary)
        for event, data in events[webhook.vocabulary]:
            if event in webhook.events:
                delivery = write(webhook, event, data, kind=seen_kind, object_id=seen_id)
                jobs.request(JOB, {"delivery": delivery.pk}, by=None, max_attempts=MAX_ATTEMPTS)


def write(webhook: Webhook, event: str, data: dict, **fields) -> Delivery:
    body = json.dumps(envelope(webhook, event, data, timezone.now()), ensure_ascii=False)
    return Delivery.objects.create(webhook=webhook, event=event, body=body, **fields)


def envelope(webhook: Webhook, event: str, data: dict, at: datetime) -> dict:
    """Return what the vocabulary puts around the data of an event."""
    if webhook.vocabulary != DATABRICKS:
        entity, _, action = event.partition(".")
        return {"entity": entity, "action": action, "timestamp": at.isoformat(), "data": data}
    return {
        "event": event,
        "webhook_id": webhook.webhook_id,
        "event_timestamp": int(at.timestamp() * 1000),
        **data,
    }


def deliver(delivery_id: int) -> None:
    """Try to send once. Raises Unavailable where trying again may help, InvalidValue where it is hopeless."""
    delivery = Delivery.objects.select_related("webhook__owner").filter(pk=delivery_id).first()
    if delivery is None or delivery.state == Delivery.State.DELIVERED:
        # the webhook is gone, or the worker died after it had sent
        return
    if why := _why_withheld(delivery):
        delivery.note_try(state=Delivery.State.WITHHELD, error=why)
        return
    send(delivery)


def send(delivery: Delivery) -> outgoing.Answer:
    """Send, and write down what came of it. Raises as `deliver` does."""
    try:
        answer = outgoing.post(delivery.webhook.url, delivery.body.encode(), headers(delivery))
    except DomainError as error:
        is_over = delivery.is_test or not isinstance(error, Unavailable)
        delivery.note_try(state=_after_failure(is_over), error=error.message)
        raise
    if 200 <= answer.status < 300:
        delivery.note_try(state=Delivery.State.DELIVERED, status_code=answer.status)
        return answer
    may_help = answer.status >= 500 or answer.status in (408, 425, 429)
    message = f"The answer was {answer.status}; redirects are not followed." if answer.status < 400 else ""
    message = message or f"The answer was {answer.status}."
    delivery.note_try(state=_after_failure(delivery.is_test or not may_help), status_code=answer.status, error=message)
    if delivery.is_test:
        return answer
    raise Unavailable(message) if may_help else InvalidValue(message)


def _after_failure(is_over: bool) -> str:
    return Delivery.State.FAILED if is_over else Delivery.State.WAITING


def give_up(delivery_id: int) -> None:
    Delivery.objects.filter(pk=delivery_id, state=Delivery.State.WAITING).update(state=Delivery.State.FAILED)


def _why_withheld(delivery: Delivery) -> str:
    webhook = delivery.webhook
    if webhook.status != Webhook.Status.ACTIVE:
        return "The webhook is not active."
    if not webhook.owner.is_active:
        return f"{webhook.owner}, who owns the webhook, is not active."
    may_see = MAY_SEE.get(delivery.kind)
    if may_see is None or not may_see(webhook.owner, delivery.object_id):
        return f"{webhook.owner}, who owns the webhook, may not see this."
    return ""


def headers(delivery: Delivery) -> dict[str, str]:
    """Return the headers of one try: MLflow's for every vocabulary, and Databricks' signature for its own."""
    timestamp = str(int(time.time()))
    found = {
        "Content-Type": "application/json",
        "User-Agent": "Assay",
        "X-MLflow-Delivery-Id": delivery.delivery_id,
        "X-MLflow-Timestamp": timestamp,
    }
    if secret := unseal(delivery.webhook.sealed_secret).encode():
        signed = f"{delivery.delivery_id}.{timestamp}.{delivery.body}".encode()
        mac = hmac.new(secret, signed, hashlib.sha256).digest()
        found["X-MLflow-Signature"] = f"v1,{base64.b64encode(mac).decode()}"
        if delivery.webhook.vocabulary == DATABRICKS:
            found["X-Databricks-Signature"] = hmac.new(secret, delivery.body.encode(), hashlib.sha256).hexdigest()
    return found


def forget_old(limit: int = 10_000) -> int:
    """Remove deliveries of a month ago; return how many."""
    old = Delivery.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    return Delivery.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]
