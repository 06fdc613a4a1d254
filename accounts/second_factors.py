"""Second factors of people: authenticator apps and passkeys, kept by django-allauth; who has one and who has to."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import UsedCode, User

# recovery codes stand in for one of these and are none by themselves
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# longer than a code is right, clocks that are off included
CODES_KEPT_FOR = timedelta(minutes=5)


def is_on(user: User) -> bool:
    """Whether a password alone does not sign this person in."""
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def is_missing(user: User) -> bool:
    """Whether the site asks this person for a second factor that is not there yet."""
    required = settings.ASSAY_REQUIRE_SECOND_FACTOR
    is_asked = required == "all" or (required == "admins" and user.is_superuser)
    return is_asked and not is_on(user)


def use_code(user: User, code: str) -> bool:
    """Note that a right code was used; False where it was used before. One table holds for all processes."""
    now = timezone.now()
    UsedCode.objects.filter(user=user, used_at__lt=now - CODES_KEPT_FOR).delete()
    try:
        with transaction.atomic():
            UsedCode.objects.create(user=user, code=code)
    except IntegrityError:
        return False
    return True
