"""Files of artifacts in Google's and Azure's object stores, behind Django's storage API: the extras `google` and `azure`.

django-storages does the work, as for S3 (s3_storage.py). What differs here is the same: reading fetches ranges and never the
whole object, writing streams, and a service that does not answer is `Unavailable`, which clients wait for.
"""

import errno
import io
import os
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from importlib import import_module
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File

from core.errors import Unavailable

READ_BYTES = 4 * 1024 * 1024
WRITE_BYTES = 8 * 1024 * 1024


def parse(address: str, scheme: str, known: set[str]) -> tuple[str, str, dict[str, str]]:
    """Return (bucket, prefix, options) of an address. Raises ImproperlyConfigured.

    >>> parse("gs://ore/team/a?project=mine", "gs", {"project"})
    ('ore', 'team/a', {'project': 'mine'})
    """
    parts = urlsplit(address)
    given = dict(parse_qsl(parts.query))
    if parts.scheme != scheme or not parts.netloc or given.keys() - known:
        options = "&".join(f"{name}=…" for name in sorted(known))
        raise ImproperlyConfigured(f"ASSAY_STORAGE_URL must be like {scheme}://bucket/prefix?{options}.")
    return parts.netloc, parts.path.strip("/"), given


def backend(module: str, extra: str):
    """Return a backend's module of django-storages. Raises ImproperlyConfigured where its client is not installed."""
    try:
        return import_module(f"storages.backends.{module}")
    except (ImportError, ImproperlyConfigured):
        raise ImproperlyConfigured(
            f"ASSAY_STORAGE_URL needs a client that is not installed: `pip install assay[{extra}]`."
        )


class RangeReader(io.RawIOBase):
    """An object as a file that can seek. `fetch(start, stop)` returns bytes, fewer only at the end; `size()` its length."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: Callable[[], int]):
        self._fetch, self._size = fetch, size
        self._position, self._begin, self._held = 0, 0, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            offset += self._size()
        elif whence == io.SEEK_CUR:
            offset += self._position
        self._position = offset
        return offset

    def readinto(self, buffer) -> int:
        at = self._position - self._begin
        if not 0 <= at < len(self._held):
            wanted = max(len(buffer), READ_BYTES)
            self._begin, at = self._position, 0
            self._held = self._fetch(self._begin, self._begin + wanted)
        chunk = self._held[at : at + len(buffer)]
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)


class OneWay(io.RawIOBase):
    """What is uploaded, read once from its beginning; clients ask such a stream where it is, too."""

    def __init__(self, content):
        self._content, self._position = content, 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self._position += len(chunk)
        return bytes(chunk)


class _Translated:
    """Has every call of a backend raise FileNotFoundError for what is not there, Unavailable where the service fails."""

    # names of the errors of the client
    missing: tuple = ()
    failing: tuple = ()
    unsatisfiable: tuple = ()

    @contextmanager
    def translated(self, name: str):
        try:
            yield
        except self.missing:
            raise FileNotFoundError(errno.ENOENT, "not in storage", name)
        except self.failing as error:
            raise Unavailable(
                "The file storage does not answer or refuses; try again later.", retry_after_s=10
            ) from error

    def get_available_name(self, name, max_length=None):
        return name

    def delete(self, name):
        with self.translated(name):
            super().delete(name)

    def delete_all(self, names: Iterable[str]) -> None:
        for name in names:
            self.delete(name)

    def exists(self, name):
        with self.translated(name):
            return super().exists(name)

    def size(self, name):
        with self.translated(name):
            return super().size(name)

    def get_modified_time(self, name):
        with self.translated(name):
            return super().get_modified_time(name)

    def listdir(self, name):
        with self.translated(name):
            return super().listdir(name)

    def _open(self, name, mode="rb"):
        if mode != "rb":
            raise ValueError("A stored file is never changed.")

        def fetch(start: int, stop: int) -> bytes:
            with self.translated(name):
                return self.read_range(name, start, stop)

        return File(RangeReader(fetch, lambda: self.size(name)), name)

    def _save(self, name, content):
        with self.translated(name):
            self.write(name, OneWay(content))
        return name


def google_storage(address: str):
    """Return the storage of gs://bucket/prefix?project=…; credentials are found as Google's own client finds them."""
    bucket, prefix, given = parse(address, "gs", {"project"})
    module = backend("gcloud", "google")
    from google.api_core.exceptions import GoogleAPIError, NotFound, RequestRangeNotSatisfiable
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    class GoogleStorage(_Translated, module.GoogleCloudStorage):
        missing = (NotFound,)
        failing = (GoogleAPIError, GoogleAuthError, RequestException)

        def read_range(self, name, start, stop):
            try:
                return self.bucket.blob(self._normalize_name(name)).download_as_bytes(
                    start=start, end=stop - 1, checksum=None, raw_download=True
                )
            except RequestRangeNotSatisfiable:
                return b""

        def write(self, name, stream):
            blob = self.bucket.blob(self._normalize_name(name), chunk_size=WRITE_BYTES)
            blob.upload_from_file(stream, content_type="application/octet-stream")

    return GoogleStorage(bucket_name=bucket, location=prefix, project_id=given.get("project"), file_overwrite=True)


def azure_storage(address: str):
    """Return the storage of azure://container/prefix?account=…; AZURE_STORAGE_CONNECTION_STRING or the machine's identity opens it."""
    container, prefix, given = parse(address, "azure", {"account"})
    connection = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    if not connection and "account" not in given:
        raise ImproperlyConfigured(
            "ASSAY_STORAGE_URL must be like azure://container/prefix?account=NAME, or AZURE_STORAGE_CONNECTION_STRING be set."
        )
    module = backend("azure_storage", "azure")
    from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

    class AzureArtifactStorage(_Translated, module.AzureStorage):
        missing = (ResourceNotFoundError,)
        failing = (AzureError,)

        def read_range(self, name, start, stop):
            try:
                return self.client.download_blob(self._place(name), offset=start, length=stop - start).readall()
            except HttpResponseError as error:
                if error.status_code == 416:
                    # nothing stands from here on
                    return b""
                raise

        def write(self, name, stream):
            self.client.upload_blob(self._place(name), stream, overwrite=True, max_concurrency=1)

        def listdir(self, name):
            """Return ([folders], [files]); the backend lists all keys below, and no folders."""
            begin = f"{self._place(name)}/" if name else f"{prefix}/" if prefix else ""
            folders, files = [], []
            with self.translated(name):
                for found in self.client.walk_blobs(name_starts_with=begin, delimiter="/"):
                    rest = found.name.removeprefix(begin)
                    (folders if rest.endswith("/") else files).append(rest.rstrip("/"))
            return folders, files

        def _place(self, name):
            return self._get_valid_path(name)

    options = {"azure_container": container, "location": prefix, "overwrite_files": True}
    if connection:
        return AzureArtifactStorage(connection_string=connection, **options)
    from azure.identity import DefaultAzureCredential

    return AzureArtifactStorage(account_name=given["account"], token_credential=DefaultAzureCredential(), **options)
