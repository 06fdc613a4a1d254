"""What an authenticator app shows: RFC 6238, written from the RFC and not from the library that checks it."""

import base64
import hmac
import time


def code_at(secret: str, *, at: float | None = None) -> str:
    """Return the six digits for a secret in base 32, now or at some time.

    >>> code_at(base64.b32encode(b"12345678901234567890").decode(), at=59)  # RFC 6238, appendix B, its last six digits
    '287082'
    """
    step = int((time.time() if at is None else at) // 30)
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    start = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06}"
