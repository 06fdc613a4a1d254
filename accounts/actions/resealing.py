"""Encrypting anew by SECRET_KEY what an older key encrypted, so that the older one can be taken away."""

from collections.abc import Callable, Iterator

from allauth.mfa.models import Authenticator
from django.db import transaction

from core.errors import InvalidValue
from core.models import AuditEvent, Webhook
from core.secret_text import reseal

WEBHOOKS, SECOND_FACTORS = "secrets of webhooks", "second factors"
# where django-allauth keeps what it encrypts: of authenticator apps, and of recovery codes
_FIELDS = ("secret", "seed")


def reseal_all() -> dict[str, list[int]]:
    """Return {what: [how many were encrypted anew, how many no known key reads]}. Safe to repeat, and while people work."""
    found = {WEBHOOKS: [0, 0], SECOND_FACTORS: [0, 0]}
    for pk in Webhook.objects.exclude(sealed_secret="").values_list("pk", flat=True):
        _count(found[WEBHOOKS], lambda pk=pk: _webhook(pk))
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    for pk in Authenticator.objects.filter(type__in=kinds).values_list("pk", flat=True):
        _count(found[SECOND_FACTORS], lambda pk=pk: _second_factor(pk))
    numbers = {what: num for what, (num, _) in found.items() if num}
    if numbers:
        AuditEvent.objects.create(
            actor="system", action="site.reseal", object_kind="site", object_id="", object_text="", details=numbers
        )
    return found


def _count(numbers: list[int], change: Callable[[], bool]) -> None:
    try:
        numbers[0] += change()
    except InvalidValue:
        numbers[1] += 1


@transaction.atomic
def _webhook(pk: int) -> bool:
    webhook = Webhook.objects.select_for_update().filter(pk=pk).first()
    if webhook is None or (sealed := reseal(webhook.sealed_secret)) == webhook.sealed_secret:
        return False
    # past `save`, which would say that somebody changed it
    Webhook.objects.filter(pk=pk).update(sealed_secret=sealed)
    return True


@transaction.atomic
def _second_factor(pk: int) -> bool:
    # a recovery code that is used meanwhile must stay used
    factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if factor is None:
        return False
    data = {**factor.data, **dict(_resealed(factor.data))}
    if data == factor.data:
        return False
    Authenticator.objects.filter(pk=pk).update(data=data)
    return True


def _resealed(data: dict) -> Iterator[tuple[str, str]]:
    return ((name, reseal(data[name])) for name in _FIELDS if data.get(name))
