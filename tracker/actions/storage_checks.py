"""Looking whether stored files are there and as they were stored: a bounded part a night, in a circle, with a report.

Files without a row go (artifact_sweep); rows without their bytes are named, and heal when equal content is uploaded again
(artifacts) or when their bytes are back. A check that is cut off goes on where it stood.
"""

import errno
import logging
from collections.abc import Callable

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.actions import jobs
from core.errors import Conflict, NotAllowed, Unavailable
from core.models import Job
from tracker import blobs
from tracker.actions import artifact_sweep
from tracker.models import Artifact, Blob, StorageCheck, StorageFault

log = logging.getLogger("assay.storage")

JOB = "storage.check"
MAX_FILES, MAX_BYTES = 50_000, 20_000_000_000
BATCH = 50
# so many in a row are not lost one by one: the disk is not mounted
ALL_GONE = 200
MAX_NAMED = 3
Kind = StorageFault.Kind
Report = Callable[[float, str], None]


@transaction.atomic
def request(*, by=None) -> StorageCheck:
    """Ask for a check, tonight's or one by hand; return its report, which a job fills: the one under way if there is one."""
    if by is not None and not by.is_superuser:
        raise NotAllowed("Storage is the site admins' to look at.")
    under_way = StorageCheck.objects.filter(finished_at=None, job__state__in=Job.UNFINISHED).first()
    if under_way is not None:
        return under_way
    report = _new_report(MAX_FILES, MAX_BYTES)
    report.job = jobs.request(JOB, {"report": report.pk}, by=by)
    report.save(update_fields=["job"])
    return report


def check_now(*, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> StorageCheck:
    """Check here and now, for the command."""
    report = _new_report(max_files, max_bytes)
    work(report.pk, lambda progress, doing: None)
    report.refresh_from_db()
    return report


def _new_report(max_files: int, max_bytes: int) -> StorageCheck:
    last = StorageCheck.objects.first()
    return StorageCheck.objects.create(max_files=max_files, max_bytes=max_bytes, after=last.after if last else 0)


def work(report_pk: int, say: Report) -> dict[str, int]:
    """Do what a check has yet to do; return its numbers. Safe to repeat after a stop or a crash."""
    report = StorageCheck.objects.filter(pk=report_pk, finished_at=None).first()
    if report is None:
        return {}
    if not report.num_files:
        _sweep(report)
        _look_again(report)
    num_gone = 0
    num_files = report.num_files + _left(report)[: report.max_files - report.num_files].count()
    while _is_within(report) and (batch := list(_left(report)[:BATCH])):
        num_gone = _check_batch(report, batch, num_gone)
        say(_progress(report, num_files), f"read {report.num_files:,} of {num_files:,} files")
    if _is_within(report):
        # the last was read: the next night begins with the first
        report.after = 0
    report.finished_at = timezone.now()
    report.save(update_fields=["after", "finished_at"])
    report.refresh_from_db()
    if report.num_missing or report.num_damaged:
        log.error("%s: %d files are missing, %d damaged", report, report.num_missing, report.num_damaged)
    return {"files": report.num_files, "missing": report.num_missing, "damaged": report.num_damaged}


def _sweep(report: StorageCheck) -> None:
    removed = artifact_sweep.remove_orphans()
    _count(report, num_orphans=removed["files"], num_replaced=removed["blobs"], replaced_bytes=removed["bytes"])


def _look_again(report: StorageCheck) -> None:
    """See which of the faults that are known are none any more."""
    for fault in (
        StorageFault.objects.filter(healed_at=None).exclude(blob=None).select_related("blob")[: report.max_files]
    ):
        if not fault_of(fault.blob):
            with transaction.atomic():
                _count(report, num_healed=heal(fault.blob))


def _is_within(report: StorageCheck) -> bool:
    return report.num_files < report.max_files and report.size_bytes < report.max_bytes


def _progress(report: StorageCheck, num_files: int) -> float:
    """Return how far a check is that reads so many files, unless their bytes are too many."""
    return max(report.num_files / max(num_files, 1), report.size_bytes / report.max_bytes)


def _left(report: StorageCheck):
    return Blob.objects.filter(pk__gt=report.after).order_by("pk")


def _check_batch(report: StorageCheck, batch: list[Blob], num_gone: int) -> int:
    """Read these, as far as the bounds allow; return how many were missing in a row at the end, `num_gone` before."""
    found, before, num_bytes = {}, report.after, 0
    for blob in batch[: report.max_files - report.num_files]:
        if report.size_bytes + num_bytes >= report.max_bytes:
            break
        found[blob] = fault_of(blob)
        num_bytes += blob.size_bytes
        num_gone = num_gone + 1 if found[blob] == Kind.MISSING else 0
    if num_gone >= ALL_GONE:
        raise Unavailable(f"{num_gone} stored files in a row are missing: is the file storage there at all?")
    report.after = max(blob.pk for blob in found)
    with transaction.atomic():
        # the row count settles it where another worker took over
        if not StorageCheck.objects.filter(pk=report.pk, after=before).update(after=report.after):
            raise Conflict("Another worker goes on with this check.")
        named = [_name(report, blob, kind) for blob, kind in found.items() if kind]
        _count(
            report,
            num_files=len(found),
            size_bytes=num_bytes,
            num_missing=named.count(Kind.MISSING),
            num_damaged=named.count(Kind.DAMAGED),
        )
    return num_gone


def fault_of(blob: Blob) -> str:
    """Read a blob; return what is wrong with it, "" for nothing. Raises what the storage raises when it is away."""
    try:
        found = blobs.sha256_of(blob)
    except FileNotFoundError:
        return Kind.MISSING
    except OSError as error:
        # without a number: it ends too early
        if error.errno in (None, errno.EIO):
            return Kind.DAMAGED
        raise
    return Kind.DAMAGED if blob.sha256 not in (None, found) else ""


def _name(report: StorageCheck, seen: Blob, kind: str) -> str:
    """Write a fault down and return its kind; "" where it is known, or the blob was removed or stored anew meanwhile."""
    blob = Blob.objects.select_for_update().filter(pk=seen.pk, key=seen.key).first()
    if blob is None or blob.faults.filter(healed_at=None).exists():
        return ""
    StorageFault.objects.create(found_by=report, blob=blob, kind=kind, what=_what(blob))
    return kind


def _what(blob: Blob) -> str:
    files = Artifact.objects.filter(blob=blob).select_related("run", "model").order_by("pk")[: MAX_NAMED + 1]
    named = [f"{file.path} of {file.run or file.model}" for file in files]
    return ", ".join([*named[:MAX_NAMED], *(["and more"] if len(named) > MAX_NAMED else [])]) or f"blob {blob.pk}"


def heal(blob: Blob) -> int:
    """Note that a blob is whole; return how many faults that ended."""
    return blob.faults.filter(healed_at=None).update(healed_at=timezone.now())


def _count(report: StorageCheck, **more: int) -> None:
    for field, number in more.items():
        setattr(report, field, getattr(report, field) + number)
    StorageCheck.objects.filter(pk=report.pk).update(**{field: F(field) + number for field, number in more.items()})
