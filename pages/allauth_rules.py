"""How django-allauth behaves here: its hooks, filled with our rules. The settings name these classes."""

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.stages import LoginStage
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth import login as start_session

from accounts import second_factors
from accounts.addresses import client_address
from accounts.models import User
from core.secret_text import seal, unseal
from pages.errors import error_page
from pages.redirects import is_ours

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SecondFactorStage(LoginStage):
    """allauth's own stage for whoever has a second factor; its parts take 10 MB and are left alone for all others."""

    key = "mfa_authenticate"
    urlname = "mfa_authenticate"

    def handle(self):
        if not second_factors.is_on(self.login.user):
            return None, True
        from allauth.mfa.stages import AuthenticateStage

        self.state["proved"] = self._proved()
        return AuthenticateStage(self.controller, self.request, self.login).handle()

    def exit(self):
        """Go on, unless the password that was right is another by now."""
        if self.state.get("proved") != self._proved():
            return self.abort()
        return super().exit()

    def _proved(self) -> str:
        return self.login.user.get_session_auth_hash() if self.login.user else ""


class AccountAdapter(DefaultAccountAdapter):
    def get_login_stages(self):
        return ["pages.allauth_rules.SecondFactorStage"]

    def pre_login(self, request, user, **kwargs):
        _check_may_sign_in(request, user)

    def login(self, request, user):
        # much may have happened while somebody looked for a telephone
        user = User.objects.filter(pk=user.pk).first()
        _check_may_sign_in(request, user)
        start_session(request, user, backend=BACKEND)

    def respond_user_inactive(self, request, user):
        return _inactive(request)

    def is_safe_url(self, url):
        return is_ours(url or "")

    def get_client_ip(self, request):
        return client_address(request)

    def is_reauthentication_required(self, *, app, **kwargs):
        # whoever came by single sign-on and has nothing else to show yet
        return bool(self.get_reauthentication_methods(self.request.user))

    def get_reauthentication_methods(self, user):
        words = {
            "reauthenticate": "Your password",
            "mfa_reauthenticate": "A code of your app, or a recovery code",
            "mfa_reauthenticate:webauthn": "A passkey",
        }
        methods = super().get_reauthentication_methods(user)
        return [{**method, "description": words.get(method["id"], method["description"])} for method in methods]


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That is not right. A code is good for a minute, and once.",
    }

    def encrypt(self, text):
        return seal(text)

    def decrypt(self, encrypted_text):
        return unseal(encrypted_text)

    def get_totp_label(self, user):
        return user.get_username()

    def get_public_key_credential_rp_entity(self):
        """The host of ASSAY_URL: passkeys hold for the address that people open, whatever a Host header says."""
        return {"id": urlsplit(settings.ASSAY_URL).hostname, "name": "Assay"}

    def get_public_key_credential_user_entity(self, user):
        return {**super().get_public_key_credential_user_entity(user), "name": user.get_username()}

    def generate_authenticator_name(self, user, type):
        return "Passkey"


def _check_may_sign_in(request, user) -> None:
    """Raise the answer for whoever may not, however it was proved who they are."""
    if user is None or not user.is_active or user.is_service:
        raise ImmediateHttpResponse(_inactive(request))


def _inactive(request):
    from allauth.account.internal.stagekit import clear_login

    clear_login(request)
    return error_page(
        request,
        403,
        "This account is deactivated, so that nobody signs in with it.",
        title="No sign-in",
        advice="A site administrator can activate it again.",
    )
