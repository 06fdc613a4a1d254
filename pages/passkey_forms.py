"""Forms for passkeys: django-allauth's, which let some malformed answers of a browser through to fido2 and fail there."""

from contextlib import contextmanager

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms


@contextmanager
def _malformed_is_wrong():
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        raise get_adapter().validation_error("incorrect_code")


class _Guarded:
    def clean_credential(self):
        with _malformed_is_wrong():
            return super().clean_credential()


class SignInForm(_Guarded, forms.AuthenticateWebAuthnForm):
    pass


class PasskeyAloneForm(_Guarded, forms.LoginWebAuthnForm):
    pass


class ConfirmForm(_Guarded, forms.ReauthenticateWebAuthnForm):
    pass


class AddForm(forms.AddWebAuthnForm):
    def clean(self):
        with _malformed_is_wrong():
            return super().clean()
