"""Tokens that are about to end: who uses them is told a week before, so that a successor is there in time."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, User
from core.actions import notices
from core.models import Notice, Topic

WITHIN = timedelta(days=7)
# one that was made to live for hours ends as its maker wanted it to
LONG_LIVED = timedelta(days=2)
KIND = ApiToken._meta.model_name


def visible_to(user):
    """Return one's own tokens that can be used, and for site admins those of service accounts."""
    own = Q(user=user) | Q(user__is_service=True) if user.is_superuser else Q(user=user)
    return ApiToken.objects.usable().filter(own).select_related("user")


def address(token: ApiToken) -> str:
    if token.user.is_service:
        return reverse("service-token-list", args=[token.user.username])
    return reverse("token-list")


def untold(limit: int = 500) -> list[ApiToken]:
    """Return tokens that end soon and of which nobody was told."""
    told = Notice.objects.filter(kind=KIND, object_id=OuterRef("pk"), topic=Topic.TOKEN)
    ending = ApiToken.objects.usable().filter(~Exists(told), expires_at__lt=timezone.now() + WITHIN)
    rows = ending.select_related("user").order_by("expires_at")[:limit]
    return [token for token in rows if _is_due(token)]


def _is_due(token: ApiToken) -> bool:
    """Whether it ends within a week and within a quarter of its life: one of eight days is not told of on its second."""
    life = token.expires_at - token.created_at
    return life >= LONG_LIVED and token.expires_at - timezone.now() < min(WITHIN, life / 4)


def tell() -> int:
    """Tell the owners, of a service account's tokens the site admins; return of how many tokens."""
    tokens = untold()
    admins = (
        list(User.objects.filter(is_superuser=True, is_active=True)) if any(t.user.is_service for t in tokens) else []
    )
    for token in tokens:
        whose = f" of {token.user.username}" if token.user.is_service else ""
        text = f"The API token “{token.name}”{whose} ends on {token.expires_at:%-d %B %Y}"
        detail = "Make its successor and put that where this one is used."
        notices.tell(admins if token.user.is_service else [token.user], Topic.TOKEN, token, text, detail=detail)
    return len(tokens)
