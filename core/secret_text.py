"""Texts that must be had again but never shown, such as what a webhook is signed with: encrypted by the site's key."""

import base64

from django.conf import settings

from core.errors import InvalidValue


def seal(text: str) -> str:
    return _box().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """Return the text. Raises InvalidValue where SECRET_KEY has changed since."""
    from cryptography.fernet import InvalidToken

    try:
        return _box().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        raise InvalidValue("The secret was stored under another SECRET_KEY: set it anew.")


def _box():
    # imported where it is used: it takes 5 MB, and most processes never seal anything
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"assay.secret_text").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))
