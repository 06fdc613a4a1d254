"""The files of a move: copied under the keys that they have, and read back."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.core.files import File
from django.core.files.storage import default_storage

from core.errors import DomainError
from portal.backups import CHUNK_BYTES
from portal.moving.source import MoveError, Source
from tracker.blobs import STORED_FILES

# A service answers many at once sooner than one after the other.
AT_ONCE = 8


@dataclass
class Files:
    """What was found and copied; keys that the source itself has lost or that are not as they were stored."""

    num_copied: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def copy(source: Source, say: Callable[[str], None]) -> Files:
    """Copy every file that a row names, unless it is there already; read each back. Raises MoveError."""
    wanted = source.fetch(STORED_FILES)
    found = Files()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for (key, _, sha256), digest in zip(
                wanted, pool.map(lambda row: _copy_one(source, row[0]), wanted), strict=True
            ):
                if digest is None:
                    found.missing.append(key)
                    continue
                found.num_copied += 1
                if sha256 not in (None, digest):
                    found.damaged.append(key)
    except (OSError, DomainError) as error:
        raise MoveError(f"The files could not be copied: {error}. What is there already is not sent again.")
    say(f"{found.num_copied:,} files, each read back")
    return found


def _copy_one(source: Source, key: str) -> str | None:
    """Return the sha256 of a file that is now in storage; None where the source has lost it."""
    try:
        digest = _digest(source.storage, key)
    except FileNotFoundError:
        return None
    if _is_there(key, digest):
        return digest
    with source.storage.open(key) as content:
        default_storage.save(key, File(content, name="move"))
    if not _is_there(key, digest):
        raise MoveError(f"The file {key} does not read as it was written; see that the storage is sound.")
    return digest


def _is_there(key: str, digest: str) -> bool:
    try:
        return _digest(default_storage, key) == digest
    except FileNotFoundError:
        return False


def _digest(storage, key: str) -> str:
    digest = hashlib.sha256()
    with storage.open(key) as content:
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
