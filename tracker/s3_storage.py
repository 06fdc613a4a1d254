"""Files of artifacts in S3 or what speaks like it, behind Django's storage API.

django-storages does the work. What differs here: reading fetches a range and never the whole object into memory, writing
holds few parts at a time, and a service that does not answer is `Unavailable`, which clients wait for.
"""

import errno
import io
from collections.abc import Iterable
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

from core.batches import batches
from core.errors import Unavailable

# Some services know no checksums in trailers; ours is sha256 over the whole, which is in the database.
_CLIENT = {
    "connect_timeout": 5,
    "read_timeout": 60,
    "retries": {"max_attempts": 3},
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
_KNOWN = {"endpoint", "region"}
# keys in a request that deletes, by the protocol
MOST_AT_ONCE = 1000
# what services answer that know only some of S3's requests, or want other checksums with this one than boto's
_NO_SUCH_REQUEST = {400, 405, 501}


@deconstructible
class S3ArtifactStorage(S3Storage):
    """Keeps one object a key. `address` is s3://bucket/prefix?endpoint=https://…&region=…; credentials are boto's own."""

    _takes_many = True

    def __init__(self, address: str):
        parts = urlsplit(address)
        given = dict(parse_qsl(parts.query))
        if parts.scheme != "s3" or not parts.netloc or given.keys() - _KNOWN:
            raise ImproperlyConfigured(
                "ASSAY_STORAGE_URL must be like s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-central-1."
            )
        endpoint = given.get("endpoint")
        super().__init__(
            bucket_name=parts.netloc,
            location=parts.path.strip("/"),
            endpoint_url=endpoint,
            region_name=given.get("region"),
            file_overwrite=True,
            default_acl=None,
            client_config=Config(s3={"addressing_style": "path" if endpoint else "auto"}, **_CLIENT),
            # 300 MB cost 209 MB of memory with the default of ten
            transfer_config=TransferConfig(max_concurrency=2),
        )

    def _open(self, name, mode="rb"):
        if mode != "rb":
            raise ValueError("A stored file is never changed.")
        key = self._normalize_name(name)
        return File(ObjectReader(self.bucket.Object(key)), name)

    def _save(self, name, content):
        with _translated(name, may_be_missing=False):
            return super()._save(name, content)

    def delete(self, name):
        with _translated(name):
            super().delete(name)

    def delete_all(self, names: Iterable[str]) -> None:
        """Delete objects, a thousand a request where the service takes such requests, else one by one."""
        for some in batches(names, MOST_AT_ONCE):
            for name in self._delete_at_once(some) if self._takes_many else some:
                self.delete(name)

    def _delete_at_once(self, names: list[str]) -> list[str]:
        """Delete them by one request; return those that it did not delete, whose own requests say why."""
        keys = {self._normalize_name(name): name for name in names}
        try:
            answer = self.bucket.delete_objects(Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})
        except ClientError as error:
            self._takes_many = error.response["ResponseMetadata"]["HTTPStatusCode"] not in _NO_SUCH_REQUEST
            return names
        except BotoCoreError:
            return names
        return [keys[failed["Key"]] for failed in answer.get("Errors", ())]

    def exists(self, name):
        with _translated(name):
            return super().exists(name)

    def size(self, name):
        with _translated(name):
            return super().size(name)

    def get_modified_time(self, name):
        with _translated(name):
            return super().get_modified_time(name)

    def listdir(self, name):
        with _translated(name):
            return super().listdir(name)


class ObjectReader(io.RawIOBase):
    """An object as a file that can seek; it asks for bytes from its position on when it is first read there."""

    def __init__(self, obj):
        self._object, self._position, self._body = obj, 0, None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            with _translated(self._object.key):
                offset += self._object.content_length
        elif whence == io.SEEK_CUR:
            offset += self._position
        if offset != self._position:
            self._drop()
            self._position = offset
        return offset

    def readinto(self, buffer) -> int:
        with _translated(self._object.key):
            if self._body is None:
                self._body = self._request()
            chunk = self._body.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def close(self) -> None:
        self._drop()
        super().close()

    def _request(self):
        try:
            return self._object.get(Range=f"bytes={self._position}-")["Body"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 416:
                # nothing stands from here on
                return io.BytesIO()
            raise

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


@contextmanager
def _translated(name: str, *, may_be_missing: bool = True):
    """Raise FileNotFoundError for what is not there, Unavailable where the service fails, refuses us or has no bucket."""
    try:
        yield
    except ClientError as error:
        if may_be_missing and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            raise FileNotFoundError(errno.ENOENT, "not in storage", name)
        raise Unavailable("The file storage refused; try again later.", retry_after_s=10) from error
    except BotoCoreError as error:
        raise Unavailable("The file storage does not answer; try again.", retry_after_s=10) from error
