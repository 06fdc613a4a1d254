"""The caller's own API tokens."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from django.utils import timezone

from accounts.access import Scope
from accounts.actions import tokens
from accounts.models import ApiToken
from api.endpoint import Nothing
from core.errors import InvalidValue, NotFound

MAX_DAYS = 3650


class Token(msgspec.Struct):
    id: int
    name: str
    prefix: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class Tokens(msgspec.Struct):
    tokens: list[Token]


def list_(request, body: Nothing) -> Tokens:
    """Your tokens, newest first, none with a wider scope than the one that you used; never a secret."""
    held = request.auth.scope if request.auth else Scope.FULL
    rows = ApiToken.objects.filter(user=request.user, scope__lte=held)
    return Tokens(tokens=[_token(row) for row in rows])


class CreateToken(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    scope: Literal["read", "log", "full"] = "log"
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=MAX_DAYS)] | None = 90


class NewToken(msgspec.Struct):
    token: Token
    secret: str


def create(request, body: CreateToken) -> NewToken:
    """Make a token. Its secret is in this answer and nowhere else, which is why this call takes no Idempotency-Key."""
    if "HTTP_IDEMPOTENCY_KEY" in request.META:
        raise InvalidValue("A token's secret is shown once and never kept, so this call cannot be repeated by a key.")
    expires_at = timezone.now() + timedelta(days=body.expires_in_days) if body.expires_in_days else None
    row, secret = tokens.create(
        request.user, name=body.name, scope=Scope[body.scope.upper()], expires_at=expires_at, by=request.user
    )
    return NewToken(token=_token(row), secret=secret)


def revoke(request, body: Nothing, token_id: int) -> dict:
    """End one of your tokens at once."""
    row = ApiToken.objects.select_related("user").filter(user=request.user, pk=token_id).first()
    if row is None:
        raise NotFound(f"You have no token with id {token_id}.")
    tokens.revoke(row, by=request.user)
    return {}


def _token(row: ApiToken) -> Token:
    return Token(
        id=row.pk,
        name=row.name,
        prefix=row.prefix,
        scope=Scope(row.scope).name.lower(),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
