"""The bytes of a blob: written once while they are hashed, read in any part, never held whole in memory."""

import hashlib
import io
from collections.abc import Collection, Iterator
from contextlib import closing
from typing import NamedTuple, Protocol

from django.core.files.base import File
from django.core.files.storage import default_storage

from tracker.models import Blob
from tracker.storage import CHUNK_BYTES, new_key

READ_BYTES = 512 * 1024

# (key, size, sha256 or null) of every file that a row names: those of blobs, and parts of uploads
STORED_FILES = (
    "SELECT key, size_bytes, sha256 FROM tracker_blob WHERE key IS NOT NULL "
    "UNION ALL SELECT key, size_bytes, NULL FROM tracker_piece"
)


class Stream(Protocol):
    """What a blob is made of: bytes that come in order, once; `read` raises where they end too early."""

    def read(self, size: int) -> bytes: ...


class Stored(NamedTuple):
    """Bytes that are safely in storage and that no row names yet. `head` is their beginning, as much as was asked for."""

    key: str
    size_bytes: int
    sha256: str
    head: bytes


class _Hashing:
    """Hands on what it reads, and knows its hash, its length and its beginning."""

    closed = False

    def __init__(self, stream: Stream, head_bytes: int):
        self._stream, self._head_bytes = stream, head_bytes
        self._hash, self.size_bytes, self.head = hashlib.sha256(), 0, b""

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer only at the end: S3's client takes a short read for the end."""
        wanted, pieces = CHUNK_BYTES if size is None or size < 0 else size, []
        while wanted and (piece := self._stream.read(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        chunk = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        if len(self.head) < self._head_bytes:
            self.head += bytes(chunk[: self._head_bytes - len(self.head)])
        return chunk

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to close; storages close what they are given."""

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def store(stream: Stream, *, head_bytes: int = 0) -> Stored:
    """Write all of `stream` under a new key; when this returns the bytes survive kill -9. Nothing is left where it raises."""
    source = _Hashing(stream, head_bytes)
    key = default_storage.save(new_key(), File(source, name="upload"))
    try:
        if source.read(1):
            raise OSError("The file storage stopped before the end of the upload.")
    except BaseException:
        discard(key)
        raise
    return Stored(key, source.size_bytes, source.sha256, source.head)


def discard(key: str) -> None:
    default_storage.delete(key)


def discard_all(keys: Collection[str]) -> None:
    """Remove stored files, many at a time where the storage can; those that are gone already are no error."""
    default_storage.delete_all(keys)


def chunks(blob: Blob, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Yield the bytes from `start` up to `stop` (None: the end).

    Raises FileNotFoundError, before the first, where the bytes are gone.
    """
    stop = blob.size_bytes if stop is None else stop
    extents = list(_extents(blob, start, stop))
    if sum(extent.stop - extent.start for extent in extents) < stop - start:
        raise FileNotFoundError(f"{blob} has lost pieces")
    chunks = _chunks(extents)
    return _after(next(chunks, b""), chunks)


def holds(blob: Blob, *, is_read: bool) -> bool:
    """Return whether storage has the bytes: those of the checksum where they are read, else as many as there were."""
    try:
        if not is_read:
            extents = list(_extents(blob, 0, blob.size_bytes))
            return all(default_storage.size(extent.key) >= extent.stop for extent in extents)
        return sha256_of(blob) == blob.sha256
    except OSError:
        return False


def sha256_of(blob: Blob) -> str:
    """Read all of a blob; return the hex sha256 of its bytes as they are stored. Raises OSError where they are not all there."""
    digest = hashlib.sha256()
    for chunk in chunks(blob):
        digest.update(chunk)
    return digest.hexdigest()


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


class Extent(NamedTuple):
    """A part of a stored file."""

    key: str
    start: int
    stop: int


def _extents(blob: Blob, start: int, stop: int) -> Iterator[Extent]:
    """Yield where the bytes from `start` up to `stop` are in storage."""
    if blob.key is not None:
        files = [(blob.key, blob.size_bytes)]
    else:
        files = blob.pieces.order_by("number").values_list("key", "size_bytes")
    begin = 0
    for key, size_bytes in files:
        first, last = max(start - begin, 0), min(stop - begin, size_bytes)
        if first < last:
            yield Extent(key, first, last)
        begin += size_bytes


def _chunks(extents: list[Extent]) -> Iterator[bytes]:
    for key, start, stop in extents:
        with closing(default_storage.open(key)) as file:
            if start:
                file.seek(start)
            left = stop - start
            while left:
                chunk = file.read(min(READ_BYTES, left))
                if not chunk:
                    raise OSError(f"{key} ends {left} bytes too early")
                left -= len(chunk)
                yield chunk


def open(blob: Blob) -> io.BufferedReader:
    """Return the blob as a file that can seek, for readers of formats such as Parquet. Close it."""
    return io.BufferedReader(_BlobFile(blob), READ_BYTES)


class _BlobFile(io.RawIOBase):
    def __init__(self, blob: Blob):
        self._extents, self._size, self._position = list(_extents(blob, 0, blob.size_bytes)), blob.size_bytes, 0
        self._file = self._key = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def readinto(self, buffer) -> int:
        begin = 0
        for key, _, size_bytes in self._extents:
            if begin <= self._position < begin + size_bytes:
                chunk = self._read(key, self._position - begin, min(len(buffer), begin + size_bytes - self._position))
                buffer[: len(chunk)] = chunk
                self._position += len(chunk)
                return len(chunk)
            begin += size_bytes
        return 0

    def _read(self, key: str, start: int, size: int) -> bytes:
        if key != self._key:
            self._drop()
            self._key, self._file = key, default_storage.open(key)
        if self._file.tell() != start:
            self._file.seek(start)
        return self._file.read(size)

    def close(self) -> None:
        self._drop()
        super().close()

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = self._key = None
