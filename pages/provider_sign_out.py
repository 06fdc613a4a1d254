"""Signing out at the OpenID provider too, where the next person at the same screen would come in again with a click.

OpenID Connect RP-Initiated Logout 1.0. What it takes is kept in the session since the sign-in, so that signing out here
asks nobody and works while the provider is away.
"""

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.urls import reverse

from core.errors import InvalidValue
from core.notices import absolute
from core.secret_text import seal, unseal

_KEY = "provider_sign_out"
# what is longer does not go into an address: servers cut those at 8,000 characters
MAX_HINT = 4_000


class WayOut(NamedTuple):
    """Where the provider signs people out, empty where it does not, and the ID token by which it knows the session."""

    endpoint: str
    id_token: str


def remember(request, user, way_out: WayOut) -> None:
    """Note in the session how this user leaves. The token is encrypted: sessions lie in the database."""
    if way_out.endpoint:
        token = way_out.id_token if len(way_out.id_token) <= MAX_HINT else ""
        request.session[_KEY] = {"user": user.pk, "endpoint": way_out.endpoint, "id_token": seal(token)}


def address(request) -> str:
    """Return where the browser of who signs out goes to, empty where nobody came by the provider in this session."""
    kept = request.session.get(_KEY)
    if not kept or not settings.ASSAY_OIDC_SIGN_OUT or kept["user"] != request.user.pk:
        return ""
    asked = {
        "client_id": settings.ASSAY_OIDC_CLIENT_ID,
        "post_logout_redirect_uri": absolute(reverse("sign-in")),
        "id_token_hint": _hint(kept),
    }
    separator = "&" if urlsplit(kept["endpoint"]).query else "?"
    return f"{kept['endpoint']}{separator}{urlencode({name: value for name, value in asked.items() if value})}"


def _hint(kept: dict) -> str:
    try:
        return unseal(kept["id_token"])
    except InvalidValue:
        # by a key that was taken away: the provider asks the person then
        return ""
