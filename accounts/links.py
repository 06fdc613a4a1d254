"""Links that let somebody in by themselves: to set a password, to sign in once, to join. Signed, never stored."""

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.urls import reverse

from accounts.models import Invitation, User
from core.notices import absolute

_INVITATION = "accounts.links.invitation"


class OnceTokens(PasswordResetTokenGenerator):
    """Django's: dead after a sign-in, a change of password or address, a deactivation, and PASSWORD_RESET_TIMEOUT."""

    def __init__(self, what: str):
        super().__init__()
        self.key_salt = f"accounts.links.{what}"

    def _make_hash_value(self, user, timestamp):
        # somebody who is let in again after a deactivation must not be by a link from before it
        epoch = f".{user.session_epoch}" if user.session_epoch else ""
        return f"{super()._make_hash_value(user, timestamp)}{epoch}"

    def link(self, user: User) -> str:
        """Return what stands in the address, e.g. 12-cq3k1x-5f…"""
        return f"{user.pk}-{self.make_token(user)}"

    def user(self, text: str) -> User | None:
        """Return whose link it is, None where it is not good any more or never was."""
        key, _, token = text.partition("-")
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            return None
        user = User.objects.filter(pk=int(key), is_active=True, is_service=False).first()
        return user if user is not None and self.check_token(user, token) else None


reset_tokens = OnceTokens("reset")
sign_in_tokens = OnceTokens("sign_in")


def to_set_password(user: User) -> str:
    """Return the whole address, as it stands in a mail."""
    return absolute(reverse("password-reset", args=[reset_tokens.link(user)]))


def to_sign_in(user: User) -> str:
    return absolute(reverse("sign-in-link", args=[sign_in_tokens.link(user)]))


def to_join(invitation: Invitation) -> str:
    return absolute(reverse("invitation", args=[signing.dumps(invitation.pk, salt=_INVITATION)]))


def invitation(text: str) -> Invitation | None:
    """Return the invitation that the link is of, None where it was used, withdrawn or too old, or never was."""
    try:
        key = signing.loads(text, salt=_INVITATION)
    except signing.BadSignature:
        return None
    return Invitation.objects.open().filter(pk=key).select_related("invited_by").first()
