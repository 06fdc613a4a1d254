"""What people and programs do with files of runs and logged models.

A row appears only when its bytes are safely in storage: a crash at any moment leaves a file that no row names, which the
sweep removes, and never a row without bytes.
"""

from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.actions import audit
from core.errors import DomainError, InvalidValue, NotAllowed, NotFound, Unavailable
from tracker import artifact_paths, blobs, environment, holds
from tracker.actions import environments
from tracker.models import Artifact, Blob, LoggedModel, Run

Owner = Run | LoggedModel
_MAX_TRIES = 5


def upload(owner: Owner, path: str, stream: blobs.Stream, *, by, though_deleted: bool = False) -> Artifact:
    """Store all of `stream` at `path` below the owner's root, in place of what was there.

    Raises InvalidValue for a path that cannot be a file's, and where the owner is deleted, unless it came so from
    elsewhere (`though_deleted`); whatever `stream.read` raises, with nothing stored.
    """
    path = artifact_paths.check(path)
    refuse_impossible(owner, path, though_deleted=though_deleted, by=by)
    stored = blobs.store(stream, head_bytes=environment.MAX_BYTES if environment.is_environment_file(path) else 0)
    try:
        return _put(owner, path, stored, by=by, though_deleted=though_deleted)
    except DomainError:
        # after any other error the row may be there all the same; the sweep knows
        blobs.discard(stored.key)
        raise


def refuse_impossible(
    owner: Owner, path: str, *, though_deleted: bool = False, is_same: holds.IsSame | None = None, by
) -> None:
    """Raise InvalidValue where no file can be put now: before a body is read, and with `is_same` when it is there."""
    if owner.deleted_at is not None and not though_deleted:
        kind = "run" if isinstance(owner, Run) else "logged model"
        raise InvalidValue(f"The {kind} is deleted; restore it to add files to it.")
    names = path.split("/")
    folders = ["/".join(names[:i]) for i in range(1, len(names))]
    if owner.artifacts.filter(path__in=folders).exists():
        raise InvalidValue("Invalid path: a part of it is a file, which cannot be a folder too.")
    if owner.artifacts.below(path).exists():
        raise InvalidValue("Invalid path: it is a folder, which cannot be a file too.")
    holds.refuse_change(owner, path, by=by, is_same=is_same)


@transaction.atomic
def _put(owner: Owner, path: str, stored: blobs.Stored, *, by, though_deleted: bool) -> Artifact:
    held = hold(owner)
    refuse_impossible(
        held, path, though_deleted=though_deleted, is_same=lambda blob: blob.sha256 == stored.sha256, by=by
    )
    blob = _claim(stored)
    if blob.key != stored.key:
        transaction.on_commit(partial(blobs.discard, stored.key))
    if 0 < stored.size_bytes == len(stored.head):
        environments.note(owner, path, stored.head)
    return write_row(owner, path, blob, by=by)


def hold(owner: Owner) -> Owner:
    """Return the owner as it is now, with its files kept from other writers until the transaction ends.

    Else two uploads at once could make one name a file and a folder.
    """
    held = type(owner).objects.select_for_update(no_key=True).filter(pk=owner.pk).first()
    if held is None:
        raise NotFound("It was deleted for good.")
    return held


def write_row(owner: Owner, path: str, blob: Blob, *, by) -> Artifact:
    """Name a blob whose bytes are safe. Call it inside a transaction that holds the owner."""
    artifact, _ = owner.artifacts.update_or_create(
        path=path, defaults={"blob": blob, "created_by": by, "created_at": timezone.now()}
    )
    return artifact


def _claim(stored: blobs.Stored) -> Blob:
    """Return the blob with this content, locked, so that no sweep takes it away before its row is there."""
    for _ in range(_MAX_TRIES):
        blob = Blob.objects.select_for_update(no_key=True).filter(sha256=stored.sha256).first()
        if blob is not None:
            return _healed(blob, stored)
        try:
            with transaction.atomic():
                return Blob.objects.create(key=stored.key, size_bytes=stored.size_bytes, sha256=stored.sha256)
        except IntegrityError:
            # somebody was quicker with the same content, or the sweep took away what was there
            continue
    raise Unavailable("Many are storing this same file; try again.")


def _healed(blob: Blob, stored: blobs.Stored) -> Blob:
    """Return a held blob, with the bytes that were just stored where its own are known to be missing or damaged."""
    if not blob.faults.filter(healed_at=None).update(healed_at=timezone.now()):
        return blob
    for key in [*blob.pieces.values_list("key", flat=True), *([blob.key] if blob.key else [])]:
        transaction.on_commit(partial(blobs.discard, key))
    blob.pieces.all().delete()
    blob.key = stored.key
    blob.save(update_fields=["key"])
    return blob


def may_delete(owner: Owner, *, by) -> bool:
    return owner.created_by_id == by.pk or type(owner).objects.editable_by(by).filter(pk=owner.pk).exists()


@transaction.atomic
def delete_all(owner: Owner, paths: list[str], *, by) -> int:
    """Delete the files and folders at `paths`, all or none; return how many files that were. Raises NotAllowed."""
    return sum(delete(owner, path, by=by) for path in paths)


@transaction.atomic
def delete(owner: Owner, path: str, *, by, token_id: int | None = None) -> int:
    """Delete the file or the folder at `path` ("": all of them); return how many files that were. Safe to repeat.

    Who made the run or the model may, since uploads replace its files as well, and who holds Edit. Raises NotAllowed.
    """
    if not may_delete(owner, by=by):
        raise NotAllowed("Deleting files of somebody else's run takes the level edit.")
    path = artifact_paths.check_folder(path)
    holds.refuse_change(hold(owner), path, by=by, is_same=holds.gone)
    num_files, _ = owner.artifacts.at_or_below(path).delete()
    if num_files:
        audit.record("artifact.delete", owner, by=by, token_id=token_id, path=path, num_files=num_files)
    return num_files
