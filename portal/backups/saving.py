"""Making a backup while everybody works."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from portal.backups import (
    ARTIFACTS,
    CHUNK_BYTES,
    FILES,
    FORMAT,
    MANIFEST,
    SECRET_NAMES,
    SECRETS,
    BackupError,
    Stored,
    databases,
    digest_of,
)

# How often the database is copied anew because files that it names went away meanwhile.
MAX_SNAPSHOTS = 3


def save(target: Path, say: Callable[[str], None] = lambda line: None) -> dict:
    """Write a backup into the new folder `target`; return its manifest. Raises BackupError.

    Files never change, they come and go: those that are there are copied first, then the database, then what came
    meanwhile. Should one that the copy names have gone by then, the database is copied again.
    """
    if target.exists() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty; name a new folder.")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.chmod(0o700)
        copied: dict[str, Stored] = {}
        _copy(databases.stored_files(databases.fetch_live), target, copied)
        say(f"{len(copied):,} files")
        manifest = _with_database(target, copied, say)
        manifest["files"] = _write_files(target, copied)
        manifest["secrets"] = _copy_secrets(target)
        _write(target / MANIFEST, json.dumps(manifest, indent=1).encode())
        return manifest
    except OSError as error:
        raise BackupError(f"The backup could not be written to {target}: {error.strerror or error}.")


def _with_database(target: Path, copied: dict[str, Stored], say) -> dict:
    for attempt in range(MAX_SNAPSHOTS):
        started = time.time()
        with databases.snapshot(target) as (name, fetch):
            wanted = databases.stored_files(fetch)
            missing = _copy({key: facts for key, facts in wanted.items() if key not in copied}, target, copied)
            gone = missing and set(missing) - set(databases.stored_files(databases.fetch_live))
            if gone and attempt + 1 < MAX_SNAPSHOTS:
                say(f"{len(gone)} files were deleted meanwhile; again")
                continue
            _forget(target, copied, set(wanted))
            counts, migrations = databases.counts(fetch), databases.migrations(fetch)
        break
    path = target / name
    say(f"database of {path.stat().st_size:,} bytes")
    damaged = sorted(key for key, file in copied.items() if wanted[key][1] not in (None, file.sha256))
    return {
        "format": FORMAT,
        "made_by": _version(),
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "engine": databases.engine(),
        "database": {"name": name, "size_bytes": path.stat().st_size, "sha256": digest_of(path)},
        "rows": counts,
        "migrations": migrations,
        # rows whose bytes storage had lost, or that are not what was uploaded, before this backup was made
        "missing": sorted(missing),
        "damaged": damaged,
    }


def _copy(wanted: dict, target: Path, copied: dict[str, Stored]) -> list[str]:
    """Copy files out of storage, note them in `copied`; return the keys that are not there."""
    missing = []
    for key in sorted(wanted):
        place = target / ARTIFACTS / key
        place.parent.mkdir(parents=True, exist_ok=True)
        digest, size_bytes = hashlib.sha256(), 0
        try:
            with default_storage.open(key) as source, place.open("wb") as file:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    size_bytes += len(chunk)
                    file.write(chunk)
        except FileNotFoundError:
            missing.append(key)
            place.unlink(missing_ok=True)
            continue
        copied[key] = Stored(digest.hexdigest(), size_bytes, key)
    return missing


def _forget(target: Path, copied: dict[str, Stored], wanted: set[str]) -> None:
    """Take away what the database of this backup does not name."""
    for key in copied.keys() - wanted:
        (target / ARTIFACTS / key).unlink()
        del copied[key]


def _write_files(target: Path, copied: dict[str, Stored]) -> dict:
    lines = "".join(
        f"{file.sha256}\t{file.size_bytes}\t{file.key}\n" for file in sorted(copied.values(), key=lambda f: f.key)
    )
    _write(target / FILES, lines.encode())
    total = sum(file.size_bytes for file in copied.values())
    return {"number": len(copied), "size_bytes": total, "sha256": digest_of(target / FILES)}


def _copy_secrets(target: Path) -> list[str]:
    folder = target / SECRETS
    folder.mkdir(mode=0o700)
    names = [name for name in SECRET_NAMES if (settings.ASSAY_HOME / name).is_file()]
    for name in names:
        shutil.copyfile(settings.ASSAY_HOME / name, folder / name)
        (folder / name).chmod(0o600)
    return names


def _write(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def _version() -> str:
    try:
        return version("assay")
    except PackageNotFoundError:
        return "a checkout"
