"""Texts that must be had again but never shown, such as what a webhook is signed with: encrypted by the site's key.

What a key of SECRET_KEY_FALLBACKS encrypted is still read; `reseal` encrypts it by SECRET_KEY as it is now.
"""

import base64

from django.conf import settings

from core.errors import InvalidValue


def seal(text: str) -> str:
    return _box(settings.SECRET_KEY).encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """Return the text. Raises InvalidValue where it was encrypted by a key that the site does not know any more."""
    from cryptography.fernet import InvalidToken, MultiFernet

    boxes = MultiFernet([_box(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])
    try:
        return boxes.decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        raise InvalidValue("The secret was stored under another SECRET_KEY: set it anew.")


def reseal(sealed: str) -> str:
    """Return it encrypted by SECRET_KEY, unchanged where it is so already. Raises InvalidValue as `unseal` does."""
    from cryptography.fernet import InvalidToken

    try:
        _box(settings.SECRET_KEY).decrypt(sealed.encode())
    except InvalidToken:
        return seal(unseal(sealed))
    return sealed


def _box(site_key: str):
    # imported where it is used: it takes 5 MB, and most processes never seal anything
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"assay.secret_text").derive(site_key.encode())
    return Fernet(base64.urlsafe_b64encode(key))
