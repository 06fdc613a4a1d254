"""What happens to people's accounts."""

from collections.abc import Iterable

from axes.utils import reset
from django.contrib.auth import password_validation
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from accounts.actions import tokens
from accounts.models import Invitation, User
from core.actions import audit
from core.errors import Conflict, InvalidValue, NotAllowed

# what `change` takes; the rest of a user has actions of its own
FIELDS = ("username", "first_name", "last_name", "email", "is_superuser")


@transaction.atomic
def create(username: str, password: str, *, by: User | None, **fields) -> User:
    """Return a new person who signs in; `fields` are of FIELDS. A site admin may use the administration pages.

    `by` is None where an invitation says so.
    """
    _check_may_manage_users(by)
    user = User(username=User.normalize_username(username), **_known(fields))
    user.is_staff = user.is_superuser
    check_fields(user)
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise InvalidValue(" ".join(error.messages))
    user.set_password(password)
    user.save()
    audit.record("user.create", user, by=by, is_site_admin=user.is_superuser)
    return user


@transaction.atomic
def change(user: User, *, by: User | None, **fields) -> None:
    """Set some of FIELDS; `by` is None where the provider of single sign-on says so."""
    _check_may_manage_users(by)
    before = User.objects.select_for_update().get(pk=user.pk)
    changed = {name: value for name, value in _known(fields).items() if getattr(before, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(user, name, value)
    if "is_superuser" in changed:
        user.is_staff = user.is_superuser
        if user.is_superuser and user.is_service:
            raise InvalidValue("A service account cannot be a site admin.")
        if not user.is_superuser:
            _keep_a_site_admin(user)
    check_fields(user)
    user.save(update_fields=[*changed, "is_staff"])
    audit.record("user.change", user, by=by, text=before.username, **changed)


@transaction.atomic
def set_groups(user: User, groups: Iterable[Group], *, by: User | None) -> None:
    """Put the user into exactly these groups, with what is granted to them."""
    _check_may_manage_users(by)
    before, after = set(user.groups.all()), set(groups)
    if before == after:
        return
    user.groups.set(after)
    audit.record("user.set_groups", user, by=by, groups=sorted(group.name for group in after))


@transaction.atomic
def unlock(user: User, *, by: User) -> None:
    """Let somebody try the password again who was locked out after too many wrong ones."""
    _check_may_manage_users(by)
    if reset(username=user.username):
        audit.record("user.unlock", user, by=by)


@transaction.atomic
def set_password(user: User, password: str, *, by: User) -> None:
    """Change a password that was validated before; every session but the caller's own ends, tokens go on working."""
    if by != user:
        _check_may_manage_users(by)
    if user.is_service:
        raise InvalidValue("A service account has tokens and no password.")
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record("user.set_password", user, by=by)


@transaction.atomic
def create_service_account(username: str, *, by: User | None) -> User:
    """Return a new user for programs: it has tokens and no password. `by` is None at a command line."""
    _check_may_manage_users(by)
    user = User(username=User.normalize_username(username), is_service=True)
    user.set_unusable_password()
    check_fields(user)
    user.save()
    audit.record("user.create_service_account", user, by=by)
    return user


@transaction.atomic
def deactivate(user: User, *, by: User | None) -> None:
    """Bar a user: sessions and tokens end at once, and stay dead if the user is made active again."""
    _check_may_manage_users(by)
    if user.is_superuser:
        _keep_a_site_admin(user)
    # a session that meets a barred user is left as it is: without another epoch it would live again
    if not User.objects.filter(pk=user.pk, is_active=True).update(
        is_active=False, session_epoch=F("session_epoch") + 1
    ):
        return
    user.refresh_from_db(fields=["is_active", "session_epoch"])
    for token in user.tokens.filter(revoked_at=None):
        tokens.revoke(token, by=by)
    # whom somebody invites who has left, nobody invites
    Invitation.objects.filter(invited_by=user).delete()
    audit.record("user.deactivate", user, by=by)


@transaction.atomic
def activate(user: User, *, by: User | None) -> None:
    """Let a deactivated user in again, with a password or with new tokens."""
    _check_may_manage_users(by)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        user.is_active = True
        audit.record("user.activate", user, by=by)


def _check_may_manage_users(by: User | None) -> None:
    if by is not None and not by.is_superuser:
        raise NotAllowed("Only site admins may do that to accounts.")


def _keep_a_site_admin(user: User) -> None:
    others = User.objects.select_for_update().filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if not others:
        raise InvalidValue("This is the last site admin who can sign in; make another one first.")


def _known(fields: dict) -> dict:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"users have no {', '.join(sorted(unknown))} to set here")
    return fields


def check_fields(user: User) -> None:
    """Raise InvalidValue or Conflict where the user's fields will not do."""
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise InvalidValue(" ".join(error.messages))
    if User.objects.filter(username=user.username).exclude(pk=user.pk).exists():
        raise Conflict(f"There is a user named {user.username!r} already.")
