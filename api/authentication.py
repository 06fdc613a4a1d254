"""Who calls: a bearer token, Basic with a token as the password, or Basic with the user's own password.

A password is refused where it would get around a second factor."""

import base64
import binascii

from django.http import QueryDict
from django.urls import reverse
from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as FormSessionAuthentication

from accounts import credentials
from api.errors import Unauthenticated
from core.notices import absolute


def how_to_sign_in() -> str:
    """Return what a script's author does who was not let in."""
    return f"Set MLFLOW_TRACKING_TOKEN to a token made at {absolute(reverse('token-list'))}"


class TokenAuthentication(BaseAuthentication):
    """Sets request.user and request.auth, the ApiToken used or None for a password."""

    def authenticate(self, request):
        header = request.META.get("HTTP_AUTHORIZATION")
        if not header:
            return None
        scheme, _, value = header.partition(" ")
        match scheme.lower():
            case "bearer":
                return self._by_token(value.strip())
            case "basic":
                username, password = _decode_basic(value.strip())
                if password.startswith(credentials.TOKEN_PREFIX):
                    return self._by_token(password)
                try:
                    user = credentials.user_by_password(username, password, request=request._request)
                except credentials.PasswordIsNotEnough as error:
                    raise Unauthenticated(str(error))
                if user is not None:
                    return user, None
                if credentials.is_locked(username, request=request._request):
                    # not 429, which the client would repeat for minutes
                    raise Unauthenticated("Too many wrong passwords from this address: wait, or use a token.")
                raise Unauthenticated(f"The name or the password is wrong. {how_to_sign_in()}")
        raise Unauthenticated(f"The Authorization header is neither Bearer nor Basic. {how_to_sign_in()}")

    def _by_token(self, secret: str):
        token = credentials.token_by_secret(secret)
        if token is None:
            raise Unauthenticated(f"The token is not valid: {credentials.why_refused(secret)}. {how_to_sign_in()}")
        return token.user, token

    def authenticate_header(self, request):
        return 'Basic realm="assay"'


class SessionAuthentication(FormSessionAuthentication):
    """Takes a browser's session; its CSRF token comes in a header alone, since no body is a form."""

    def enforce_csrf(self, request):
        # or the check would read the body, which is the endpoint's
        request._request.POST = QueryDict()
        super().enforce_csrf(request._request)


def _decode_basic(value: str) -> tuple[str, str]:
    try:
        username, separator, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        separator = ""
    # no name holds NUL, and PostgreSQL does not take it in a question, either
    if not separator or "\0" in username:
        raise Unauthenticated("The Authorization header cannot be read.")
    return username, password
