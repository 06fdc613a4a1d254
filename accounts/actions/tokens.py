"""Making and revoking API tokens."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import credentials
from accounts.access import Scope
from accounts.models import ApiToken, User
from core.actions import audit
from core.errors import InvalidValue, NotAllowed


@transaction.atomic
def create(
    user: User, *, name: str, scope: Scope, expires_at: datetime | None, by: User | None
) -> tuple[ApiToken, str]:
    """Return the new token and its secret, which is not kept and cannot be shown again; `by` is None at a command line."""
    if by is not None and by != user and not (by.is_superuser and user.is_service):
        raise NotAllowed("People make their own tokens; site admins make those of service accounts.")
    name = name.strip()
    if not name:
        raise InvalidValue("Give the token a name that says where it is used.")
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidValue("The token would already have expired.")
    secret = credentials.new_secret()
    token = ApiToken.objects.create(
        user=user,
        name=name[:100],
        prefix=secret[:14],
        digest=credentials.digest(secret),
        scope=scope,
        expires_at=expires_at,
    )
    audit.record("token.create", token, by=by, owner=user.username, scope=scope.name.lower())
    return token, secret


@transaction.atomic
def revoke(token: ApiToken, *, by: User | None) -> None:
    """End a token at once; revoking it again changes nothing."""
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    if revoked:
        audit.record("token.revoke", token, by=by, owner=token.user.username)
