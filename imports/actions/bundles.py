"""Importing a bundle that somebody sent: it is kept until a job has taken it over."""

from django.core.files.storage import default_storage
from django.db import transaction

from core.actions import jobs
from core.errors import Conflict, DomainError, InvalidValue, Unavailable
from core.models import Job
from imports.actions import imports
from imports.models import Import
from imports.options import Options
from imports.sources.bundle import BundleSource
from imports.taking import Tell
from tracker import blobs
from tracker.models import Blob

JOB = "import.bundle"
MAX_NAME = 200


def request(name: str, stream: blobs.Stream, options: Options, *, by) -> Import:
    """Store what was sent and have a job import it; all that comes is `by`'s, but for what matching users says.

    Raises InvalidValue for options that cannot be, whatever `stream.read` raises. A job that was cancelled or given
    up leaves the file to the sweep of orphans.
    """
    options.check()
    stored = blobs.store(stream)
    try:
        with transaction.atomic():
            row = imports.begin(name[:MAX_NAME], options, owner=by, by=by)
            arguments = {"import_id": row.pk, "key": stored.key, "size_bytes": stored.size_bytes}
            row.job = jobs.request(JOB, arguments, by=by)
            row.save(update_fields=["job"])
    except DomainError:
        blobs.discard(stored.key)
        raise
    return row


def pending_among(keys: list[str]) -> set[str]:
    """Return the keys of stored bundles that wait for their job, or that one reads."""
    waiting = Job.objects.filter(kind=JOB, state__in=Job.UNFINISHED, arguments__key__in=list(keys))
    return {arguments["key"] for arguments in waiting.values_list("arguments", flat=True)}


def can_retry(row: Import) -> bool:
    """Tell whether its job failed or was cancelled, and the bundle is kept yet: the sweep of orphans takes it after a day."""
    job = row.job
    return job is not None and job.state in Job.STOPPED and default_storage.exists(job.arguments["key"])


def retry(row: Import, *, by) -> None:
    """Have the job go on where it stopped. Raises Conflict where it did not, or the bundle is gone."""
    if not can_retry(row):
        raise Conflict("The bundle is not kept any more, or its import is not over: send it again.")
    jobs.retry(row.job, by=by)


def work(import_id: int, key: str, size_bytes: int, tell: Tell) -> dict:
    """Import; return what was taken. Safe to repeat: what is here by then is found."""
    row = Import.objects.get(pk=import_id)
    if not default_storage.exists(key):
        raise InvalidValue("The bundle is not kept any more: send it again.")
    if row.state != Import.State.RUNNING:
        row.state, row.error, row.finished_at = Import.State.RUNNING, "", None
        row.save(update_fields=["state", "error", "finished_at"])
    file = blobs.open(Blob(key=key, size_bytes=size_bytes))
    try:
        report = imports.carry_out_from(row, lambda report: BundleSource(file, report, tell), tell)
    except DomainError as error:
        if not isinstance(error, Unavailable):
            blobs.discard(key)
        raise
    blobs.discard(key)
    return {kind: count["taken"] for kind, count in report.counts.items() if count["taken"]}
