"""Backups: a folder with the database of one moment, every file that it names, secrets, and a manifest of all of it.

    manifest.json          what the folder holds: engine, migrations, rows of each table, sha256 and size of the database
    files.tsv              sha256, size and key of each file of an artifact, a line each; its own sha256 is in the manifest
    database.sqlite3       or database.sql, which pg_dump wrote
    artifacts/3f/3f0c…     the files, by key
    secrets/               secret-key, audit-key, .env

The manifest is written last, so a folder without one is a backup that was cut off.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

MANIFEST, FILES, ARTIFACTS, SECRETS = "manifest.json", "files.tsv", "artifacts", "secrets"
SECRET_NAMES = ("secret-key", "audit-key", ".env")
FORMAT = 1
CHUNK_BYTES = 1024 * 1024


class BackupError(Exception):
    """Says in one sentence what is wrong, and what to do."""


class Stored(NamedTuple):
    """A file of an artifact as a backup knows it."""

    sha256: str
    size_bytes: int
    key: str


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
