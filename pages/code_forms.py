"""Forms for a code of an authenticator app or a recovery code: django-allauth's, and a code is taken once by all processes."""

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator

from accounts import second_factors


class _OnceForm:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 16}

    def clean_code(self):
        code = super().clean_code()
        is_of_app = self.authenticator.type == Authenticator.Type.TOTP
        if is_of_app and not second_factors.use_code(self.user, normalize_user_code(code)[:16]):
            raise get_adapter().validation_error("incorrect_code")
        return code


class SignInForm(_OnceForm, forms.AuthenticateForm):
    pass


class ConfirmForm(_OnceForm, forms.ReauthenticateForm):
    pass
