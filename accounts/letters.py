"""Mails about accounts: a link to set a password, an invitation. A worker makes the link, so that none waits in a queue."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from accounts import links
from accounts.models import Invitation, User
from core import letters

RESET_JOB = "account.mail_reset"
INVITATION_JOB = "account.mail_invitation"
# a person waits for it: better no mail than one of yesterday
MAX_ATTEMPTS = 4


def send_reset(user_id: int) -> None:
    user = User.objects.filter(pk=user_id, is_active=True, is_service=False).exclude(email="").first()
    if user is not None:
        letters.post(reset(user))


def send_invitation(invitation_id: int) -> None:
    invitation = Invitation.objects.open().filter(pk=invitation_id).select_related("invited_by").first()
    if invitation is not None:
        letters.post(invite(invitation))


def reset(user: User) -> EmailMessage:
    hours = settings.PASSWORD_RESET_TIMEOUT // 3600
    return _letter(
        user.email,
        "Set a new password",
        f"Somebody asked for a new password of {user.username} at {settings.ASSAY_URL}.\n\n"
        f"Set it here: {links.to_set_password(user)}\n\n"
        f"The link works once, for {hours} hours. If it was not you, do nothing: the password stays as it is.",
    )


def invite(invitation: Invitation) -> EmailMessage:
    by = invitation.invited_by.display_name
    return _letter(
        invitation.email,
        f"{_one_line(by)} invites you to Assay",
        f"{by} invites you to {settings.ASSAY_URL}, where the team keeps its experiments and models.\n\n"
        f"Make your account: {links.to_join(invitation)}\n\n"
        f"The link works once, until {invitation.expires_at:%-d %B %Y}.",
    )


def _letter(to: str, subject: str, text: str) -> EmailMessage:
    host = urlsplit(settings.ASSAY_URL).hostname
    # no answers of absence, please (RFC 3834)
    return EmailMessage(
        f"[Assay] {subject}", f"{text}\n\n-- \nAssay at {host}\n", to=[to], headers={"Auto-Submitted": "auto-generated"}
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:100]
