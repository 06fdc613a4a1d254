"""Asking people in: by a site admin, to an address, with groups; the link works once."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts import letters, links
from accounts.actions import users
from accounts.models import Invitation, User
from core.actions import audit, jobs
from core.errors import Conflict, InvalidValue, NotAllowed, NotFound


@transaction.atomic
def create(email: str, groups: Iterable[Group] = (), *, is_site_admin: bool = False, by: User) -> Invitation:
    """Return the invitation, mailed where the site sends mail; one that the address has already is replaced."""
    _check_may_invite(by)
    if not settings.ASSAY_PASSWORD_SIGN_IN:
        # who joins by an invitation chooses a password
        raise InvalidValue(
            "Nobody signs in with a password here, so that nobody is invited: people come by the provider."
        )
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidValue(f"{email!r} is no e-mail address.")
    if User.objects.filter(email__iexact=email, is_active=True).exists():
        raise Conflict(f"Somebody with the address {email} has an account already.")
    Invitation.objects.filter(email__iexact=email).delete()
    invitation = Invitation.objects.create(email=email, is_site_admin=is_site_admin, invited_by=by)
    invitation.groups.set(groups)
    names = sorted(group.name for group in invitation.groups.all())
    audit.record("invitation.create", invitation, by=by, groups=names, is_site_admin=is_site_admin)
    if settings.ASSAY_SENDS_MAIL:
        jobs.request(letters.INVITATION_JOB, {"invitation": invitation.pk}, by=by, max_attempts=letters.MAX_ATTEMPTS)
    return invitation


@transaction.atomic
def withdraw(invitation: Invitation, *, by: User) -> None:
    """End the invitation: its link is dead."""
    _check_may_invite(by)
    audit.record("invitation.withdraw", invitation, by=by)
    invitation.delete()


@transaction.atomic
def accept(token: str, *, username: str, password: str, **names: str) -> User:
    """Return the new person, who is in the groups of the invitation. Raises NotFound where the link is dead, else InvalidValue."""
    found = links.invitation(token)
    # of two at once the second waits for the row, and then finds it gone
    invitation = found and Invitation.objects.select_for_update().filter(pk=found.pk).first()
    if invitation is None:
        raise NotFound("This invitation is not good any more.")
    user = users.create(
        username, password, by=None, email=invitation.email, is_superuser=invitation.is_site_admin, **names
    )
    users.set_groups(user, invitation.groups.all(), by=None)
    audit.record("invitation.accept", invitation, by=user, invited_by=invitation.invited_by.username)
    invitation.delete()
    return user


def _check_may_invite(by: User) -> None:
    if not by.is_superuser:
        raise NotAllowed("Only site admins invite people.")
