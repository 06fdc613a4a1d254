"""Removing what no row needs any more: what a crash left, what was replaced or deleted, uploads that were given up."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from itertools import islice

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from core.batches import batches
from tracker import blobs
from tracker.models import Blob, Piece, Upload

# Nothing younger is touched: it may belong to an upload whose row is yet to come.
ORPHAN_AGE = timedelta(hours=24)
_BATCH = 500
# functions from keys of stored files to those among them that rows of higher apps name; their AppConfig.ready fills it
NAMED_ELSEWHERE: list[Callable[[list[str]], Iterable[str]]] = []


def remove_orphans(limit: int = 10_000) -> dict[str, int]:
    """Remove up to `limit` of each: unfinished uploads, blobs that no file needs, files that no row names.

    Return how many of each were removed, and their bytes. Safe to repeat, and beside uploads under way.
    """
    return {
        "uploads": _remove_old_uploads(limit),
        **remove_blobs(limit),
        "files": _remove_files(limit),
    }


def _remove_old_uploads(limit: int) -> int:
    """Forget uploads of yesterday; the parts of a complete one belong to its blob."""
    old = Upload.objects.filter(created_at__lt=timezone.now() - ORPHAN_AGE).order_by("pk").values_list("pk", flat=True)
    removed = 0
    for pk in list(old[:limit]):
        with transaction.atomic():
            upload = Upload.objects.select_for_update().filter(pk=pk).first()
            if upload is not None:
                remove_pieces(upload.pieces.filter(blob=None))
                upload.delete()
                removed += 1
    return removed


def remove_blobs(limit: int) -> dict[str, int]:
    """Remove blobs that no file needs, and after each batch's commit their bytes; return how many, and their bytes."""
    pks = list(Blob.objects.unreferenced().order_by("pk").values_list("pk", flat=True)[:limit])
    removed = {"blobs": 0, "bytes": 0}
    for start in range(0, len(pks), _BATCH):
        with transaction.atomic():
            # locked first and looked at then: an upload of equal content takes the same lock before it names the blob
            held = list(Blob.objects.select_for_update().filter(pk__in=pks[start : start + _BATCH]).order_by("pk"))
            doomed = list(Blob.objects.unreferenced().filter(pk__in=[blob.pk for blob in held]))
            _remove_all(doomed)
            removed["blobs"] += len(doomed)
            removed["bytes"] += sum(blob.size_bytes for blob in doomed)
    return removed


def remove_blob(blob: Blob) -> None:
    """Delete a blob that nothing names, and after the commit its bytes. Call it inside a transaction that holds it."""
    _remove_all([blob])


def _remove_all(doomed: list[Blob]) -> None:
    pks = [blob.pk for blob in doomed]
    keys = [blob.key for blob in doomed if blob.key is not None]
    transaction.on_commit(partial(blobs.discard_all, keys))
    remove_pieces(Piece.objects.filter(blob__in=pks))
    Blob.objects.filter(pk__in=pks).delete()


def remove_pieces(pieces) -> None:
    """Delete pieces of uploads, and after the commit their files."""
    transaction.on_commit(partial(blobs.discard_all, list(pieces.values_list("key", flat=True))))
    pieces.delete()


def _remove_files(limit: int) -> int:
    removed = 0
    for keys in batches(_stored_keys(), _BATCH):
        named = set(Blob.objects.filter(key__in=keys).values_list("key", flat=True))
        named |= set(Piece.objects.filter(key__in=keys).values_list("key", flat=True))
        named |= {key for ask in NAMED_ELSEWHERE for key in ask(keys)}
        unnamed = (key for key in keys if key not in named and _is_old(key))
        doomed = list(islice(unnamed, limit - removed))
        blobs.discard_all(doomed)
        removed += len(doomed)
        if removed >= limit:
            break
    return removed


def _stored_keys():
    """Yield the keys of all stored files, folder by folder."""
    for folder in default_storage.listdir("")[0]:
        for name in default_storage.listdir(folder)[1]:
            yield f"{folder}/{name}"


def _is_old(key: str) -> bool:
    try:
        return default_storage.get_modified_time(key) < timezone.now() - ORPHAN_AGE
    except FileNotFoundError:
        return False
