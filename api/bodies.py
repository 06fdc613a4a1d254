"""Bodies that are files: read as a stream, whether their length was announced or they come in chunks.

A client that goes away in the middle raises nothing in WSGI, it only ends the stream; so what comes is counted.
"""

import base64
import binascii
import hashlib

from django.conf import settings

from api.errors import TooLarge
from core.errors import InvalidValue


class Body:
    """The body of a request as a stream for tracker.blobs; `read` raises where it ends early or goes on too long."""

    def __init__(self, request, *, max_bytes: int | None = None):
        """`request` is DRF's; `max_bytes` None means the site's limit for files."""
        self._max_bytes = max_bytes or settings.ASSAY_MAX_ARTIFACT_BYTES
        self._length = _content_length(request)
        self._num_read = 0
        self._hash, self._digest = hashlib.sha256(), _announced_sha256(request)
        if self._length is not None:
            self._refuse_more_than_allowed(self._length)
            self._stream = request._request
        else:
            # Django drops a body without a length: requests sends an empty file so, curl a pipe
            is_chunked = request.META.get("wsgi.input_terminated")
            self._stream = request.META["wsgi.input"] if is_chunked else None

    def read(self, size: int) -> bytes:
        if self._length is not None:
            size = min(size, self._length - self._num_read)
        chunk = self._stream.read(size) if size and self._stream is not None else b""
        if chunk:
            self._take(chunk)
        elif self._length is None or size:
            self._end()
        return chunk

    def _take(self, chunk: bytes) -> None:
        self._num_read += len(chunk)
        self._refuse_more_than_allowed(self._num_read)
        if self._digest is not None:
            self._hash.update(chunk)
        if self._num_read == self._length:
            self._end()

    def _end(self) -> None:
        if self._length is not None and self._num_read < self._length:
            raise InvalidValue(f"The upload was cut short: {self._num_read} of {self._length} bytes came.")
        if self._digest is not None and self._hash.digest() != self._digest:
            raise InvalidValue("The upload is damaged: its sha-256 is not the one in Content-Digest.")

    def _refuse_more_than_allowed(self, num_bytes: int) -> None:
        if self._max_bytes and num_bytes > self._max_bytes:
            raise TooLarge(f"The file is larger than {self._max_bytes} bytes, the most that is allowed here.")


def _content_length(request) -> int | None:
    text = request.META.get("CONTENT_LENGTH")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidValue("Content-Length is not a number.")
    return int(text)


def _announced_sha256(request) -> bytes | None:
    """Return what Content-Digest (RFC 9530) says, as in `sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:`."""
    for part in request.META.get("HTTP_CONTENT_DIGEST", "").split(","):
        algorithm, _, value = part.strip().partition("=")
        if algorithm == "sha-256":
            try:
                return base64.b64decode(value.strip(":"), validate=True)
            except binascii.Error:
                raise InvalidValue("Content-Digest cannot be read.")
    return None
