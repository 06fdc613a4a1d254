"""Hashing blobs that came in parts, after the fact; equal content then becomes one blob."""

import hashlib
from collections.abc import Callable

from django.db import transaction
from django.db.models import Q

from core.actions import jobs
from tracker import blobs
from tracker.actions.artifact_sweep import remove_blob
from tracker.models import Artifact, Blob

JOB = "blob.verify"


def request(blob: Blob, *, by) -> None:
    """Have a blob hashed by a worker. Call it in the transaction that makes the blob."""
    jobs.request(JOB, {"blob_id": blob.pk}, by=by)


def verify(blob_id: int, report: Callable[[float], None] = lambda progress: None) -> str | None:
    """Hash a blob, or put the one of equal content in its place; return its sha256, None where nothing is to be done.

    Safe to repeat. Raises OSError where its bytes are not all there.
    """
    blob = Blob.objects.filter(pk=blob_id, sha256=None).first()
    if blob is None:
        return None
    digest, num_read = hashlib.sha256(), 0
    for chunk in blobs.chunks(blob):
        digest.update(chunk)
        num_read += len(chunk)
        report(num_read / blob.size_bytes)
    _settle(blob, digest.hexdigest())
    return digest.hexdigest()


@transaction.atomic
def _settle(blob: Blob, sha256: str) -> None:
    # in the order of their keys, so that two who settle equal content do not wait in a circle
    held = list(Blob.objects.select_for_update().filter(Q(pk=blob.pk) | Q(sha256=sha256)).order_by("pk"))
    same = next((other for other in held if other.sha256 == sha256), None)
    if same is None:
        Blob.objects.filter(pk=blob.pk).update(sha256=sha256)
    elif same.pk != blob.pk and len(held) == 2:
        Artifact.objects.filter(blob=blob).update(blob=same)
        remove_blob(blob)
