"""Who the caller is."""

from datetime import datetime

import msgspec

from accounts.access import Scope
from api.endpoint import Nothing


class Me(msgspec.Struct):
    username: str
    is_site_admin: bool
    is_service_account: bool
    scope: str
    token_name: str | None
    token_expires_at: datetime | None


def get(request, body: Nothing) -> Me:
    """Who you are, and what the token that you used may do."""
    user, token = request.user, request.auth
    return Me(
        username=user.username,
        is_site_admin=user.is_superuser,
        is_service_account=user.is_service,
        scope=Scope(token.scope if token else Scope.FULL).name.lower(),
        token_name=token.name if token else None,
        token_expires_at=token.expires_at if token else None,
    )
