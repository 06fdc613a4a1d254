"""Coming by single sign-on: which account an identity at the OpenID provider is, made and kept in step on the way."""

import re

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from accounts import identities
from accounts.actions import groups, users
from accounts.identities import Identity
from accounts.models import User
from core.actions import audit
from core.errors import Conflict, InvalidValue, NotAllowed

ASK = "A site administrator of this Assay can help."


@transaction.atomic
def arrive(identity: Identity) -> User:
    """Return the account of who signs in, with groups and rights as the provider says. Raises NotAllowed with the reason."""
    _check_may_come(identity)
    link = _link_of(identity)
    user = link.user if link else _by_email(identity) or _new_user(identity)
    # what was read may be a moment old, and a deactivation must not be overtaken
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise NotAllowed(f"The account {user.username} here is deactivated. {ASK}")
    link = link or _make_link(user, identity)
    _set_groups(user, link, identity)
    _set_rights(user, identity)
    return user


@transaction.atomic
def link(user: User, identity: Identity) -> None:
    """Let this identity sign in as the user, who is signed in now. Raises Conflict where it is somebody else's."""
    _check_may_come(identity)
    found = _link_of(identity)
    if found is not None and found.user_id != user.pk:
        raise Conflict("That identity signs in as another account here already.")
    if found is None:
        if SocialAccount.objects.filter(user=user, provider=identity.issuer).exists():
            raise Conflict("Another identity is linked to your account. Unlink that one first.")
        _make_link(user, identity)


@transaction.atomic
def unlink(user: User, *, by: User) -> None:
    """Forget the identities of the user, who must have another way to sign in if the user asks for it."""
    if by != user and not by.is_superuser:
        raise NotAllowed("Only site admins may do that to accounts.")
    if by == user and not (user.has_usable_password() and settings.ASSAY_PASSWORD_SIGN_IN):
        raise InvalidValue("It is the way by which you sign in: without a password there would be none left.")
    for found in SocialAccount.objects.filter(user=user):
        audit.record("user.unlink_identity", user, by=by, issuer=found.provider, subject=found.uid)
        found.delete()


def _check_may_come(identity: Identity) -> None:
    allowed = {name.removeprefix("/") for name in settings.ASSAY_OIDC_ALLOWED_GROUPS}
    if allowed and not allowed & identity.groups:
        raise NotAllowed(
            f"You signed in at {settings.ASSAY_OIDC_NAME}, but are in none of the groups there that may use this Assay. "
            "Whoever manages the groups there can add you."
        )


def _link_of(identity: Identity) -> SocialAccount | None:
    found = SocialAccount.objects.filter(provider=identity.issuer, uid=identity.subject)
    return found.select_related("user").first()


def _by_email(identity: Identity) -> User | None:
    """Return the person with the verified address, where that is taken for proof."""
    if not identity.email:
        return None
    people = list(User.objects.filter(email__iexact=identity.email, is_service=False)[:2])
    if not people:
        return None
    if not (settings.ASSAY_OIDC_LINK_BY_EMAIL and identity.is_email_verified and len(people) == 1):
        raise NotAllowed(
            f"There is an account with the address {identity.email} here, and nothing says yet that it is yours. "
            "Sign in to it another way and link it under Account, Sign-in and security, or ask a site administrator."
        )
    return people[0]


def _new_user(identity: Identity) -> User:
    if not settings.ASSAY_OIDC_CREATE_USERS:
        raise NotAllowed(f"There is no account here for you. {ASK}")
    user = User(
        username=_free_username(identity),
        email=identity.email if identity.is_email_verified else "",
        first_name=identity.first_name[:150],
        last_name=identity.last_name[:150],
    )
    user.set_unusable_password()
    users.check_fields(user)
    user.save()
    audit.record("user.create_from_identity", user, by=None, issuer=identity.issuer, subject=identity.subject)
    return user


def _free_username(identity: Identity) -> str:
    """Return the name from the provider, with a number where somebody has it: a name alone is no proof of being the same."""
    wanted = identity.username or identity.email.partition("@")[0] or f"{identity.first_name}.{identity.last_name}"
    wanted = re.sub(r"[^\w.@+-]", "-", User.normalize_username(wanted)).strip("-.")[:140] or "user"
    taken = set(User.objects.filter(username__istartswith=wanted).values_list("username", flat=True))
    taken = {name.lower() for name in taken}
    number, name = 1, wanted
    while name.lower() in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _make_link(user: User, identity: Identity) -> SocialAccount:
    if user.is_service:
        raise NotAllowed("A service account has no sign-in.")
    audit.record("user.link_identity", user, by=None, issuer=identity.issuer, subject=identity.subject)
    # django-allauth keeps all claims here; of the person we need no more than who it is and what the provider gave
    return SocialAccount.objects.create(user=user, provider=identity.issuer, uid=identity.subject, extra_data={})


def _set_groups(user: User, link: SocialAccount, identity: Identity) -> None:
    """Put the user into the groups that the provider gives, out of those that it gave before; others stay as they are."""
    wanted = identities.groups_here(identity)
    given_before = set(link.extra_data.get("groups", ()))
    before = set(user.groups.values_list("name", flat=True))
    after = before - (given_before | identities.managed_groups()) | wanted
    if before != after:
        for name in sorted(wanted - before):
            if not Group.objects.filter(name=name).exists():
                groups.create(name, by=None)
        users.set_groups(user, Group.objects.filter(name__in=after), by=None)
    link.extra_data = {"groups": sorted(wanted)}
    link.save()


def _set_rights(user: User, identity: Identity) -> None:
    """Give or take site admin, where a group of the provider says who is; the last one stays."""
    group = settings.ASSAY_OIDC_ADMIN_GROUP.removeprefix("/")
    if group and user.is_superuser != (group in identity.groups):
        try:
            users.change(user, by=None, is_superuser=group in identity.groups)
        except InvalidValue:
            # the last site admin, whom nobody could make one again
            audit.record("user.keep_last_site_admin", user, by=None)
