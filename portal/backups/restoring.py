"""Putting a backup back: looked through before anything is touched, and counted afterwards."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.migrations.loader import MigrationLoader

from core import sealer
from core.models import AuditEvent
from exports.actions import exports
from exports.models import Export
from portal.backups import (
    ARTIFACTS,
    CHUNK_BYTES,
    FILES,
    FORMAT,
    MANIFEST,
    SECRETS,
    BackupError,
    Stored,
    databases,
    digest_of,
)


def restore(source: Path, *, is_forced: bool = False, say: Callable[[str], None] = lambda line: None) -> dict:
    """Put the backup in the folder `source` back; return its manifest. Raises BackupError, before it changes anything if it can.

    Into an empty home, unless `is_forced`: then what stands there is moved aside (on PostgreSQL it is dropped).
    """
    manifest, files = check(source)
    say(f"the backup is whole: {len(files):,} files, {sum(manifest['rows'].values()):,} rows")
    if not is_forced:
        _refuse_unless_empty()
    aside = settings.ASSAY_HOME / f"replaced-{databases.stamp()}"
    try:
        databases.restore(source / manifest["database"]["name"], aside)
        _restore_files(source, files)
        _restore_secrets(source, manifest["secrets"], aside)
    except OSError as error:
        raise BackupError(
            f"The backup could not be put back: {error.strerror or error}. Mend that, then restore with --force."
        )
    _verify(manifest, files)
    if Export._meta.db_table in manifest["rows"]:
        exports.expire_all()
    _go_on_with_audit(manifest, aside, say)
    if aside.exists():
        say(f"what stood here before is in {aside}")
    return manifest


def check(source: Path) -> tuple[dict, list[Stored]]:
    """Return the manifest and the files of a backup that is whole and fits this installation. Raises BackupError."""
    manifest = _manifest(source)
    if manifest["format"] > FORMAT:
        raise BackupError(f"The backup was made by a newer version of Assay ({manifest['made_by']}).")
    if manifest["engine"] != databases.engine():
        raise BackupError(
            f"The backup is of {manifest['engine']}, and this database is {databases.engine()}: set DATABASE_URL."
        )
    unknown = set(manifest["migrations"]) - {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown:
        raise BackupError(
            f"The backup comes from a newer version of Assay (it has {sorted(unknown)[-1]}); install that version."
        )
    _refuse_changed(source / manifest["database"]["name"], manifest["database"]["sha256"])
    _refuse_changed(source / FILES, manifest["files"]["sha256"])
    files = [_stored(line) for line in (source / FILES).read_text().splitlines()]
    for file in files:
        _refuse_changed(source / ARTIFACTS / file.key, file.sha256)
    return manifest, files


def _manifest(source: Path) -> dict:
    try:
        return json.loads((source / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise BackupError(f"{source} holds no whole backup: {MANIFEST}, which is written last, is missing.")
    except (OSError, ValueError) as error:
        raise BackupError(f"{source / MANIFEST} cannot be read: {error}.")


def _stored(line: str) -> Stored:
    sha256, size_bytes, key = line.split("\t")
    return Stored(sha256, int(size_bytes), key)


def _refuse_changed(path: Path, sha256: str) -> None:
    try:
        found = digest_of(path)
    except FileNotFoundError:
        raise BackupError(f"The backup is damaged: {path} is missing.")
    if found != sha256:
        raise BackupError(f"The backup is damaged: {path} is not what was written.")


def _refuse_unless_empty() -> None:
    if not databases.is_empty():
        raise BackupError("There is a database here already; --force replaces it.")
    if any(default_storage.listdir(folder)[1] for folder in default_storage.listdir("")[0]):
        raise BackupError("There are files of artifacts here already; --force keeps them beside those of the backup.")


def _restore_files(source: Path, files: list[Stored]) -> None:
    for file in files:
        with (source / ARTIFACTS / file.key).open("rb") as content:
            # a key that is there holds the same bytes or damaged ones
            default_storage.delete(file.key)
            default_storage.save(file.key, File(content, name="restore"))


def _restore_secrets(source: Path, names: list[str], aside: Path) -> None:
    for name in names:
        place = settings.ASSAY_HOME / name
        content = (source / SECRETS / name).read_bytes()
        if place.exists() and place.read_bytes() != content:
            aside.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.rename(aside / name)
        shutil.copyfile(source / SECRETS / name, place)
        place.chmod(0o600)


def _go_on_with_audit(manifest: dict, aside: Path, say: Callable[[str], None]) -> None:
    """Write into the restored audit log where it ended before, and let the head that is kept begin anew with it."""
    before, restored = sealer.kept_head(), sealer.head()
    AuditEvent.objects.create(
        actor="system",
        action="audit.restore",
        object_kind="auditseal",
        object_id=str(restored.sequence if restored else 0),
        object_text=f"the backup of {manifest['made_at']}",
        details={"head": str(restored or ""), "head_before": str(before or "")},
    )
    if before is not None:
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        sealer.head_file().rename(aside / sealer.head_file().name)
        say(f"the audit log ended at {before} and ends at {restored} now, which it says itself")


def _verify(manifest: dict, files: list[Stored]) -> None:
    """Compare what is there now, row counts and every byte, with the manifest."""
    rows = databases.counts(databases.fetch_live)
    wrong = sorted(table for table, number in manifest["rows"].items() if rows.get(table) != number)
    if wrong:
        raise BackupError(
            f"Restored, but {wrong[0]} has {rows.get(wrong[0])} rows instead of {manifest['rows'][wrong[0]]}."
        )
    for file in files:
        digest = hashlib.sha256()
        with default_storage.open(file.key) as content:
            while chunk := content.read(CHUNK_BYTES):
                digest.update(chunk)
        if digest.hexdigest() != file.sha256:
            raise BackupError(f"Restored, but the file {file.key} does not read as it was written.")
