"""What people do with webhooks. Who may is asked by the app whose objects they are about."""

import re

from django.db import transaction

from core import deliveries, outgoing
from core.actions import audit, jobs
from core.errors import Conflict, DomainError, InvalidValue
from core.models import Delivery, Webhook
from core.secret_text import seal
from core.webhook_events import EXAMPLES, MLFLOW, SITE_WIDE_ONLY

MAX_SECRET = 1_000
MAX_DESCRIPTION = 1_000
# an event writes one delivery for each
MAX_OF_ONE_OBJECT = 100
_NAME = re.compile(r"(?=.{1,63}\Z)[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)


def create(
    vocabulary: str,
    *,
    url: str,
    events: list[str],
    about=None,
    name: str = "",
    description: str = "",
    secret: str = "",
    status: str = Webhook.Status.ACTIVE,
    by,
    token_id: int | None = None,
) -> Webhook:
    """Have an address told of events of `about`, of the whole site without it. Raises InvalidValue."""
    webhook = Webhook(
        vocabulary=vocabulary,
        kind=about._meta.model_name if about is not None else "",
        object_id=about.pk if about is not None else None,
        owner=by,
    )
    given = {"name": name, "url": url, "events": events, "description": description, "secret": secret, "status": status}
    if Webhook.objects.filter(kind=webhook.kind, object_id=webhook.object_id).count() >= MAX_OF_ONE_OBJECT:
        raise InvalidValue(f"There are {MAX_OF_ONE_OBJECT} webhooks already, which is as many as there may be.")
    _fill(webhook, given)
    with transaction.atomic():
        webhook.save()
        scope = str(about) if about is not None else "the whole site"
        audit.record("webhook.create", webhook, by=by, token_id=token_id, url=url, about=scope, events=webhook.events)
    return webhook


def update(webhook: Webhook, *, by, token_id: int | None = None, **given) -> Webhook:
    """Change what is given of name, url, events, description, secret and status; the owner is then who changed it."""
    # whoever decides where events go is who must be allowed to see them
    given = {field: value for field, value in given.items() if value is not None}
    _fill(webhook, given)
    webhook.owner = by
    with transaction.atomic():
        webhook.save()
        shown = {field: value for field, value in given.items() if field in ("name", "url", "events", "status")}
        audit.record("webhook.update", webhook, by=by, token_id=token_id, changed=sorted(given), **shown)
    return webhook


def _fill(webhook: Webhook, given: dict) -> None:
    """Set fields after looking at each; the name of a host is looked up here, outside of any transaction."""
    if _needs_look(webhook, given.get("name")) and not _NAME.fullmatch(given["name"]):
        raise InvalidValue(
            f"Webhook name '{given['name'][:100]}' is invalid. It must start and end with a letter or digit, be less than "
            "63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-)."
        )
    if len(given.get("description", "")) > MAX_DESCRIPTION:
        raise InvalidValue(f"'description' exceeds the maximum length of {MAX_DESCRIPTION} characters")
    if len(given.get("secret", "")) > MAX_SECRET:
        raise InvalidValue(f"'secret' exceeds the maximum length of {MAX_SECRET} characters")
    if "events" in given:
        given["events"] = _checked_events(webhook, given["events"])
    if "status" in given and given["status"] not in Webhook.Status.values:
        raise InvalidValue(f"'status' must be one of {', '.join(Webhook.Status.values)}.")
    if "url" in given:
        outgoing.check(given["url"])
    for field, value in given.items():
        if field != "secret":
            setattr(webhook, field, value)
    if "secret" in given:
        webhook.sealed_secret = seal(given["secret"])


def _needs_look(webhook: Webhook, name: str | None) -> bool:
    """Whether a name was given that has to fit; MLflow's webhooks need one."""
    return name is not None and (bool(name) or webhook.vocabulary == MLFLOW)


def _checked_events(webhook: Webhook, events: list[str]) -> list[str]:
    known = EXAMPLES[webhook.vocabulary]
    if not events:
        raise InvalidValue("Missing value for required parameter 'events'.")
    for event in events:
        if event not in known:
            raise InvalidValue(f"'{event[:100]}' is no event. Known are {', '.join(known)}.")
        if webhook.kind and event in SITE_WIDE_ONLY:
            raise InvalidValue(f"{event} is for webhooks of the whole site, not of one object.")
    return list(dict.fromkeys(events))


@transaction.atomic
def set_status(webhook: Webhook, status: str, *, by, token_id: int | None = None) -> None:
    """Start or stop telling; the owner stays, so that nobody is shown more by it."""
    webhook.status = status
    webhook.save(update_fields=["status", "updated_at"])
    audit.record("webhook.update", webhook, by=by, token_id=token_id, changed=["status"], status=status)


@transaction.atomic
def delete(webhook: Webhook, *, by, token_id: int | None = None) -> None:
    """Take the webhook away, and with it what was to be delivered."""
    audit.record("webhook.delete", webhook, by=by, token_id=token_id, url=webhook.url)
    webhook.delete()


def send_test(webhook: Webhook, event: str = "") -> tuple[outgoing.Answer | None, str]:
    """Send an example at once; return (what was answered, None if nothing; why it failed, empty if it did not)."""
    event = event or webhook.events[0]
    if event not in EXAMPLES[webhook.vocabulary]:
        raise InvalidValue(f"'{event[:100]}' is no event.")
    example = EXAMPLES[webhook.vocabulary][event]
    delivery = deliveries.write(webhook, event, example, kind="", is_test=True)
    try:
        return deliveries.send(delivery), delivery.error
    except DomainError as error:
        return None, error.message


@transaction.atomic
def replay(delivery: Delivery, *, by, token_id: int | None = None) -> None:
    """Send it again, now, under the same id, so that the other side can tell."""
    if delivery.is_test:
        raise Conflict("A test is repeated by testing again.")
    # a job that still waits to send it finds it delivered then
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.WAITING, error="")
    jobs.request(deliveries.JOB, {"delivery": delivery.pk}, by=by, max_attempts=deliveries.MAX_ATTEMPTS)
    audit.record("webhook.replay", delivery, by=by, token_id=token_id, delivery_id=delivery.delivery_id)
