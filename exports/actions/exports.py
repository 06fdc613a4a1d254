"""Asking for an export, making its file, and forgetting it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core.actions import jobs
from core.errors import Conflict, NotFound
from core.models import Job
from exports import bundles, tables
from exports.models import Export
from exports.selection import Selection
from tracker import blobs
from tracker.models import Experiment, Run
from tracker.transfers import lend_connection

JOB = "export.make"
# a table of so many runs goes out while it is read; a larger one is made by a job
MAX_STREAMED = 10_000
KEPT_FOR = timedelta(days=7)

# told how far it is, 0 to 1, and what it is doing; may raise to stop
Tell = Callable[[float, str], None]


def streams(form: str, selection: Selection) -> bool:
    """Return whether a table is small enough to go out as it is read. Raises InvalidFilter."""
    return selection.count(MAX_STREAMED) <= MAX_STREAMED


@transaction.atomic
def request_table(form: str, selection: Selection, *, by) -> Export:
    """Have a job make the file. Raises InvalidFilter."""
    selection.count(0)
    return _request(form, selection.experiment, f"runs of {selection.experiment.name}", selection.as_json(), by=by)


@transaction.atomic
def request_bundle(experiment: Experiment, run: Run | None = None, *, by) -> Export:
    """Have a job write an experiment, or one run of it, as a bundle."""
    title = f"run {run.name} of {experiment.name}" if run is not None else experiment.name
    return _request(Export.Form.BUNDLE, experiment, title, {"run_id": run.run_id if run else ""}, by=by)


def _request(form: str, experiment, title: str, arguments: dict, *, by) -> Export:
    export = Export(form=form, experiment=experiment, title=title, arguments=arguments, created_by=by)
    export.expires_at = timezone.now() + KEPT_FOR
    export.save()
    export.job = jobs.request(JOB, {"export": export.pk}, by=by)
    export.save(update_fields=["job"])
    return export


def make(export_id: int, tell: Tell) -> dict:
    """Make the file of an export, with what its owner may see now. Safe to repeat; raises NotFound where it is given up."""
    export = Export.objects.select_related("experiment", "created_by").filter(pk=export_id).first()
    if export is None or not Export.objects.of(export.created_by).filter(pk=export_id).exists():
        raise NotFound("What was to be exported is gone, or its owner may not see it any more.")
    if export.key:
        return {"bytes": export.size_bytes}
    counter = _Counter()
    # whoever reads takes one of its own
    lend_connection()
    stored = blobs.store(_Readable(_bytes(export, counter, tell)))
    _keep(export, stored, counter.number)
    return {"bytes": stored.size_bytes, "runs": counter.number}


class _Counter:
    number = 0


def _bytes(export: Export, counter: _Counter, tell: Tell) -> Iterator[bytes]:
    if export.form == Export.Form.BUNDLE:
        counter.number = 1 if export.arguments["run_id"] else export.experiment.num_runs
        return bundles.written(export.experiment, export.arguments["run_id"], tell)
    selection = Selection.of_json(export.experiment, export.arguments)
    total = max(selection.count(10_000_000), 1)

    def told(number: int) -> None:
        counter.number = number
        tell(min(number / total, 1), f"{number:,} of {total:,} runs")

    return tables.written(export.form, selection, user=export.created_by, tell=told)


@transaction.atomic
def _keep(export: Export, stored: blobs.Stored, num_runs: int) -> None:
    now = timezone.now()
    wanted = Export.objects.filter(pk=export.pk, key="").exclude(job__state=Job.State.CANCELLED)
    kept = wanted.update(
        key=stored.key,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        num_runs=num_runs,
        finished_at=now,
        expires_at=now + KEPT_FOR,
    )
    if not kept:
        # another worker was quicker, or it was cancelled or forgotten
        transaction.on_commit(lambda: blobs.discard(stored.key))


def cancel(export: Export, *, by) -> None:
    """Stop the job. Raises Conflict where it is over."""
    if export.job is not None:
        jobs.cancel(export.job, by=by)


def retry(export: Export, *, by) -> None:
    """Have the file made after all. Raises Conflict where nothing failed."""
    if export.job is not None:
        jobs.retry(export.job, by=by)


def forget_expired(limit: int = 1_000) -> int:
    """Remove exports that are over, and their files; return how many. Safe to repeat."""
    rows = list(Export.objects.expired().order_by("pk")[:limit])
    for row in rows:
        forget(row)
    return len(rows)


def expire_all() -> None:
    """Let every export that is ready be over: the site stands elsewhere now, and their files were left behind."""
    Export.objects.exclude(key="").update(expires_at=timezone.now())


@transaction.atomic
def forget(export: Export) -> None:
    """Remove an export and its file; a job that still makes it ends for nothing."""
    if export.job is not None and not export.job.is_finished:
        # it may have ended since it was read
        with suppress(Conflict):
            jobs.cancel(export.job, by=None)
    export.delete()
    if export.key:
        transaction.on_commit(lambda: blobs.discard(export.key))


class _Readable:
    """Pieces as a stream that blobs.store reads."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces, self._rest = pieces, b""

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    return b""
                self._rest = piece
        finally:
            # a thread of S3's client may read here; a connection that it has when it ends is lost to the pool
            lend_connection()
        taken, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return taken
