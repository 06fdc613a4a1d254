"""Whose webhooks are whose: those about a thing are for who manages it, those of the whole site for site admins."""

from django.db.models import QuerySet

from core.errors import NotAllowed, NotFound
from core.models import Webhook


def manageable(rows: QuerySet[Webhook], kind: str, managed: QuerySet, *, user) -> QuerySet[Webhook]:
    """Return those of `rows` that are about what `user` manages, and for a site admin those of the site."""
    own = rows.filter(kind=kind, object_id__in=managed.values("pk"))
    return own | rows.filter(kind="") if user.is_active and user.is_superuser else own


def one(webhook_id: str, rows: QuerySet[Webhook], seen: QuerySet[Webhook], *, about: str) -> Webhook:
    """Return one of the manageable `rows`. Raises NotAllowed for one of those `seen`, which are about what one sees, else NotFound.

    `about` is said in the refusal: "a model".
    """
    found = rows.filter(webhook_id=webhook_id).first()
    if found is not None:
        return found
    if seen.filter(webhook_id=webhook_id).exists():
        raise NotAllowed(f"The webhooks of {about} are for who manages it.")
    raise NotFound(f"Webhook with ID {webhook_id[:50]} not found.")
