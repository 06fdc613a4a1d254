"""Files that come in parts, side by side: begun, sent part by part, completed or aborted.

The parts stay files of their own, so that completing copies nothing and is quick whatever the size. The whole is hashed
by a job later; until then its blob counts as unverified.
"""

from functools import partial
from typing import NamedTuple

from django.db import transaction

from core.errors import InvalidValue, NotFound
from tracker import artifact_paths, blobs
from tracker.actions import verification
from tracker.actions.artifact_sweep import remove_pieces
from tracker.actions.artifacts import Owner, hold, refuse_impossible, write_row
from tracker.models import Blob, LoggedModel, Piece, Upload

MAX_PARTS = 10_000


class Part(NamedTuple):
    """A part as the client names it when it completes: `etag` may be empty."""

    number: int
    etag: str = ""


def begin(owner: Owner, path: str, *, num_parts: int, by, token_id: int | None = None) -> Upload:
    """Begin an upload of `num_parts` parts, numbered from 1."""
    path = artifact_paths.check(path)
    if not 1 <= num_parts <= MAX_PARTS:
        raise InvalidValue(
            f"Invalid value {num_parts} for parameter 'num_parts' supplied: 1 to {MAX_PARTS} are allowed."
        )
    refuse_impossible(owner, path, by=by)
    owned = {"model": owner} if isinstance(owner, LoggedModel) else {"run": owner}
    return Upload.objects.create(**owned, path=path, num_parts=num_parts, created_by=by, token_id=token_id)


def put_part(upload: Upload, number: int, stream: blobs.Stream, *, by) -> Piece:
    """Store one part, in place of what came for it before; a client may repeat a part that it is not sure of."""
    _refuse_complete(upload)
    if not 1 <= number <= upload.num_parts:
        raise InvalidValue(f"There is no part {number}: the upload has {upload.num_parts}.")
    stored = blobs.store(stream)
    try:
        return _replace_piece(upload, number, stored)
    except (InvalidValue, NotFound):
        blobs.discard(stored.key)
        raise


@transaction.atomic
def _replace_piece(upload: Upload, number: int, stored: blobs.Stored) -> Piece:
    _refuse_complete(_held(upload))
    before = upload.pieces.filter(number=number).first()
    if before is not None:
        transaction.on_commit(partial(blobs.discard, before.key))
    piece, _ = upload.pieces.update_or_create(
        number=number, defaults={"key": stored.key, "size_bytes": stored.size_bytes, "sha256": stored.sha256}
    )
    return piece


@transaction.atomic
def complete(upload: Upload, parts: list[Part], *, by) -> None:
    """Put the file where it belongs, made of these parts in the order of their numbers. A repeat changes nothing."""
    hold(upload.owner)
    if _held(upload).is_complete:
        return
    pieces = _chosen(upload, parts)
    refuse_impossible(upload.owner, upload.path, is_same=partial(_is_made_of, pieces), by=by)
    blob = Blob.objects.create(size_bytes=sum(piece.size_bytes for piece in pieces))
    upload.pieces.filter(pk__in=[piece.pk for piece in pieces]).update(blob=blob)
    Upload.objects.filter(pk=upload.pk).update(blob=blob, is_complete=True)
    remove_pieces(upload.pieces.filter(blob=None))
    write_row(upload.owner, upload.path, blob, by=by)
    verification.request(blob, by=by)


def _is_made_of(pieces: list[Piece], blob: Blob) -> bool:
    """Return whether a blob is known to hold what these pieces hold: as one of its own, or piece by piece."""
    if len(pieces) == 1 and blob.sha256 == pieces[0].sha256:
        return True
    there = blob.pieces.order_by("number").values_list("size_bytes", "sha256")
    return list(there) == [(piece.size_bytes, piece.sha256) for piece in pieces]


def _chosen(upload: Upload, parts: list[Part]) -> list[Piece]:
    stored = {piece.number: piece for piece in upload.pieces.all()}
    numbers = [part.number for part in parts]
    if not parts or len(set(numbers)) < len(numbers):
        raise InvalidValue("Invalid value for parameter 'parts' supplied: it must name each part once.")
    for number, etag in parts:
        if number not in stored:
            raise InvalidValue(f"Part {number} of the upload has not come.")
        if etag and etag.strip('"') != stored[number].sha256:
            raise InvalidValue(f"Part {number} of the upload is not the one that you name: its ETag differs.")
    return [stored[number] for number in sorted(numbers)]


@transaction.atomic
def abort(upload: Upload, *, by) -> None:
    """Forget an upload and its parts; what is complete stays."""
    if _held(upload).is_complete:
        return
    remove_pieces(upload.pieces.all())
    upload.delete()


def _held(upload: Upload) -> Upload:
    """Return the upload as it is now, kept from other writers. Raises NotFound where it was aborted."""
    held = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if held is None:
        raise NotFound("The upload was aborted.")
    return held


def _refuse_complete(upload: Upload) -> None:
    if upload.is_complete:
        raise InvalidValue("The upload is complete.")
