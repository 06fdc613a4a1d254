"""The first site admin, made through a one-time link that `serve` prints; there is no default password.

The page at /setup/TOKEN shows its form while `is_valid(token)`, answers 404 otherwise, and on POST calls

    user = setup.create_first_admin(token, username=…, email=…, password=…)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")

which raises NotFound where the link is dead and InvalidValue where name, address or password will not do.
"""

import secrets

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.credentials import digest
from accounts.models import SetupToken, User
from core.actions import audit
from core.errors import InvalidValue, NotFound

# Each start of `serve` prints a new link, and those of the last few starts work.
NUM_KEPT = 10


def is_needed() -> bool:
    """While nobody is site admin, not even somebody inactive."""
    return not User.objects.filter(is_superuser=True).exists()


def path_of(token: str) -> str:
    return f"/setup/{token}"


@transaction.atomic
def new_token() -> str | None:
    """Return a new set-up token, which is not kept; None where there is a site admin already."""
    if not is_needed():
        SetupToken.objects.all().delete()
        return None
    token = secrets.token_urlsafe(32)
    SetupToken.objects.create(digest=digest(token))
    kept = SetupToken.objects.values_list("pk", flat=True)[:NUM_KEPT]
    SetupToken.objects.exclude(pk__in=list(kept)).delete()
    return token


def is_valid(token: str) -> bool:
    return SetupToken.objects.filter(digest=digest(token)).exists() and is_needed()


@transaction.atomic
def create_first_admin(token: str, *, username: str, email: str, password: str) -> User:
    """Return the new site admin; every set-up link is dead afterwards."""
    # Of two submissions at once the second waits for these rows, and then finds them gone.
    digests = {row.digest for row in SetupToken.objects.select_for_update()}
    if digest(token) not in digests or not is_needed():
        raise NotFound(
            "This set-up link is not valid any more. While there is no administrator, `serve` prints a new one."
        )
    user = User(username=User.normalize_username(username), email=email, is_staff=True, is_superuser=True)
    try:
        user.clean_fields(exclude=["password"])
        user.validate_unique()
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise InvalidValue(" ".join(error.messages))
    user.set_password(password)
    user.save()
    SetupToken.objects.all().delete()
    audit.record("user.create_first_admin", user, by=user)
    return user
