"""Addresses that let whoever holds them move one thing for a while: parts of uploads and downloads, which the client asks
for without its credentials.

An address names its user and token, and allows nothing that these may no longer do.
"""

import time

from django.conf import settings
from django.core import signing
from rest_framework.authentication import BaseAuthentication

from accounts.models import ApiToken, User
from api.endpoint import EndpointView
from core.errors import NotAllowed

# A hundred gigabytes at a hundred megabits a second take two hours.
VALID_FOR_S = 6 * 3600
_SALT = "api.signed"


def url(path: str, what: list, *, user_id: int, token_id: int | None, valid_for_s: int = VALID_FOR_S) -> str:
    """Return an address below `path` whose last segment carries `what`, plain values, signed."""
    until = int(time.time()) + min(valid_for_s, VALID_FOR_S)
    signed = signing.dumps([*what, until, user_id, token_id], salt=f"{_SALT}:{path}", compress=True)
    return f"{settings.ASSAY_URL}/{path}/{signed}"


class SignedAuthentication(BaseAuthentication):
    """Takes user and token from the address; sets `request.signed`, the plain values that it carries."""

    path = ""

    def authenticate(self, request):
        text = request.parser_context["kwargs"]["ticket"]
        try:
            *request.signed, until, user_id, token_id = signing.loads(text, salt=f"{_SALT}:{self.path}")
        except signing.BadSignature:
            until = 0
        if until < time.time():
            raise NotAllowed("The address has expired or was changed; ask for a new one.")
        user = User.objects.filter(pk=user_id, is_active=True).first()
        token = None if token_id is None else ApiToken.objects.usable().filter(pk=token_id).first()
        if user is None or (token is None and token_id is not None):
            raise NotAllowed("Who asked for this address may no longer use it.")
        return user, token

    def authenticate_header(self, request):
        return "Signed"


def view_of(path: str) -> type[EndpointView]:
    """Return the view for routes below `path` that addresses of `url(path, …)` open."""
    authentication = type("SignedAuthentication", (SignedAuthentication,), {"path": path})
    return type("SignedEndpointView", (EndpointView,), {"authentication_classes": [authentication]})
