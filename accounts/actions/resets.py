"""A password that was forgotten, and a way in for who has none."""

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import letters, links
from accounts.actions import users
from accounts.models import User
from core.actions import audit, jobs
from core.errors import InvalidValue, NotAllowed, NotFound

# of one address; whoever asks more often has the mail already
MAX_PEOPLE = 5


@transaction.atomic
def ask(email: str) -> None:
    """Mail a link to whoever has this address and a password; nothing tells whether anybody has."""
    if not (settings.ASSAY_SENDS_MAIL and settings.ASSAY_PASSWORD_SIGN_IN) or not email:
        return
    for user in User.objects.filter(email__iexact=email, is_active=True, is_service=False)[:MAX_PEOPLE]:
        # who comes by single sign-on alone gets no second way in by mail
        if user.has_usable_password():
            audit.record("user.ask_password_reset", user, by=None)
            jobs.request(letters.RESET_JOB, {"user": user.pk}, by=None, max_attempts=letters.MAX_ATTEMPTS)


@transaction.atomic
def link_for(user: User, *, by: User) -> str:
    """Return the link for a site admin to hand over, who reads it once and sets no password for somebody else."""
    if not by.is_superuser:
        raise NotAllowed("Only site admins may do that to accounts.")
    if user.is_service or not user.is_active:
        raise InvalidValue("Only somebody who may sign in can set a password.")
    audit.record("user.make_reset_link", user, by=by)
    return links.to_set_password(user)


@transaction.atomic
def reset(token: str, password: str) -> User:
    """Set the password; every session ends, the second factor stays. Raises NotFound where the link is dead, else InvalidValue."""
    found = links.reset_tokens.user(token)
    # of two at once the second waits for the row, and then finds another password
    user = found and User.objects.select_for_update().get(pk=found.pk)
    if user is None or not links.reset_tokens.check_token(user, token.partition("-")[2]):
        raise NotFound("This link is not good any more.")
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise InvalidValue(" ".join(error.messages))
    users.set_password(user, password, by=user)
    return user
