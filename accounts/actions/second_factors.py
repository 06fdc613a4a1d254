"""What site admins may do about the second factor of somebody who lost it."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.models import User
from core.actions import audit
from core.errors import NotAllowed


@transaction.atomic
def remove(user: User, *, by: User | None) -> bool:
    """Take away every second factor and recovery code, so that the password alone signs in; False where there was none."""
    if by is not None and not by.is_superuser:
        raise NotAllowed("Only site admins may do that to accounts.")
    num_removed, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    if num_removed:
        audit.record("user.remove_second_factors", user, by=by)
    return bool(num_removed)
