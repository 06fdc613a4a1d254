"""From a secret to its owner: API tokens and passwords, with the caches that make each call cheap.

A token: `assay_`, 32 random bytes in base 62, and six characters of CRC-32, so that secret scanners know one when they
see it and a mistyped one is refused without a look-up. Only its sha256 is stored.
"""

import hashlib
import hmac
import secrets
import threading
import time
import zlib
from datetime import timedelta

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate
from django.db import OperationalError
from django.db.models import Q
from django.utils import timezone

from accounts import second_factors
from accounts.models import ApiToken, User
from core.sql import waiting_at_most

TOKEN_PREFIX = "assay_"
TOKEN_CACHE_S = 1.0  # a revoked token is dead within a second, in every process
PASSWORD_CACHE_S = 300.0  # Argon2 takes 130 ms and 100 MB a check
LAST_USED_EVERY = timedelta(minutes=1)
MAX_USERNAME = 150  # no name is longer, and the table in which django-axes counts ends at 255

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_lock = threading.Lock()
_tokens: dict[str, tuple[float, ApiToken]] = {}
_passwords: dict[bytes, tuple[float, str, str]] = {}
# keys this process's password cache, so that it holds nothing that could be tried offline
_cache_key = secrets.token_bytes(32)


def new_secret() -> str:
    """Return a new token, e.g. assay_3yQ…Zk0A1b2C."""
    number = int.from_bytes(secrets.token_bytes(32))
    body = _base62(number, width=43)
    return f"{TOKEN_PREFIX}{body}{_checksum(body)}"


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def token_by_secret(secret: str) -> ApiToken | None:
    """Return the usable token with this secret and its `user`, None if there is none."""
    body = secret.removeprefix(TOKEN_PREFIX)
    if not secret.isascii() or len(body) != 49:
        return None
    key, now = digest(secret), time.monotonic()
    cached = _tokens.get(key)
    if cached and cached[0] > now:
        return cached[1] if cached[1].is_usable else None
    if body[43:] != _checksum(body[:43]):
        return None
    token = ApiToken.objects.usable().select_related("user").filter(digest=key).first()
    if token is None:
        _tokens.pop(key, None)
        return None
    _remember(_tokens, key, (now + TOKEN_CACHE_S, token))
    _touch(token)
    return token


def why_refused(secret: str) -> str:
    """Return in words what is wrong with a secret that opens nothing; who has all of it may know what became of it.

    >>> why_refused("dapi0123")
    'tokens of Assay begin with assay_'
    """
    body = secret.removeprefix(TOKEN_PREFIX)
    if body == secret:
        return f"tokens of Assay begin with {TOKEN_PREFIX}"
    if not secret.isascii() or len(body) != 49 or body[43:] != _checksum(body[:43]):
        return "it is incomplete or mistyped"
    token = ApiToken.objects.filter(digest=digest(secret)).first()
    if token is None:
        return "it is unknown here"
    if token.revoked_at is not None:
        return f"it was revoked on {token.revoked_at:%Y-%m-%d}"
    if token.is_usable:
        return "its account is switched off"
    return f"it expired on {token.expires_at:%Y-%m-%d}"


class PasswordIsNotEnough(Exception):
    """The password was right, and opens nothing by itself; the message says what does."""


def user_by_password(username: str, password: str, *, request) -> User | None:
    """Return the active person with this name and password; wrong ones count towards the lock of django-axes.

    Raises PasswordIsNotEnough where passwords are off, or the person has or needs a second factor, which would be got
    around here.
    """
    if not settings.ASSAY_PASSWORD_SIGN_IN:
        raise PasswordIsNotEnough("Passwords are switched off here: use an API token, made under Account, API tokens.")
    user = _user_by_password(username, password, request=request)
    if user is not None and (second_factors.is_on(user) or second_factors.is_missing(user)):
        raise PasswordIsNotEnough(
            "This account has a second factor, or has to, so that its password alone opens nothing here: "
            "use an API token, made under Account, API tokens."
        )
    return user


def _user_by_password(username: str, password: str, *, request) -> User | None:
    if len(username) > MAX_USERNAME:
        return None
    key = hmac.digest(_cache_key, f"{username}\0{password}".encode(), "sha256")
    cached, now = _passwords.get(key), time.monotonic()
    if cached and cached[0] > now:
        user = User.objects.filter(username=cached[1], is_active=True, is_service=False).first()
        if user is not None and hmac.compare_digest(user.password, cached[2]):
            return user
        _passwords.pop(key, None)
    user = authenticate(request, username=username, password=password)
    if user is None or user.is_service:
        return None
    _remember(_passwords, key, (now + PASSWORD_CACHE_S, user.username, user.password))
    return user


def is_locked(username: str, *, request) -> bool:
    """Whether so many wrong passwords came for this name from this address that a right one does not help, either."""
    return AxesProxyHandler.is_locked(request, {"username": username})


def _touch(token: ApiToken) -> None:
    """Write when the token was last used, at most once a minute over all processes."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - LAST_USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
        try:
            with waiting_at_most(50):
                ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
        except OperationalError:
            # somebody else is writing: who only reads must not wait for that, and the next call tries again
            return
        token.last_used_at = now


def _remember(cache: dict, key, value) -> None:
    with _lock:
        if len(cache) > 10_000:
            cache.clear()
        cache[key] = value


def _base62(number: int, *, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), width=6)
