"""Running jobs: handlers by kind, claims by lease, heartbeats, progress, and what follows a failure.

    @jobs.handler("artifact.verify")
    def verify(job, arguments):
        …
        jobs.report(job, 0.5, "hashing 3 of 6 files")
        return {"files": 6}      # kept as the job's result

stands in an app's tasks.py. A worker may die at any moment and the job starts over elsewhere, so a handler is safe to
repeat. Jobs are asked for with core.actions.jobs.request.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from core import leases
from core.errors import DomainError, Unavailable
from core.models import Job

log = logging.getLogger("assay.jobs")

# A dead worker's job is taken over after this long. It outlasts a heartbeat that waits 20 s for SQLite's lock.
LEASE_S = 30.0
HEARTBEAT_S = 5.0
REPORT_EVERY_S = 1.0
LONGEST_BACKOFF_S = 600.0

Handler = Callable[[Job, dict], Any]
_handlers: dict[str, Handler] = {}

# set when this process shall end: jobs stop at their next report and are queued again
is_stopping = threading.Event()


class Stopped(BaseException):
    """Raised by `report` in a job that shall not go on; not an Exception, so that no handler swallows it."""


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register what runs jobs of a kind."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        return function

    return register


def run(job_id: int) -> bool:
    """Claim a job and run it to its end; False if there was nothing to claim."""
    job = claim(job_id)
    if job is None:
        return False
    try:
        with _heartbeat(job):
            result = _handler_of(job)(job, job.arguments)
    except Stopped:
        release(job)
    except Exception as error:
        fail(job, error)
    else:
        finish(job, result)
    return True


def run_next() -> bool:
    """Run the job that has been due for longest; False if none is due."""
    for job_id in Job.objects.claimable().order_by("run_after", "pk").values_list("pk", flat=True)[:20]:
        if run(job_id):
            return True
    return False


def claim(job_id: int) -> Job | None:
    """Return the job, now ours until its lease ends, or None if it is not to be had; the row count settles races."""
    now, holder = timezone.now(), leases.holder_name()
    claimed = (
        Job.objects.claimable()
        .filter(pk=job_id)
        .update(
            state=Job.State.RUNNING,
            attempts=F("attempts") + 1,
            leased_by=holder,
            lease_until=now + timedelta(seconds=LEASE_S),
            started_at=Coalesce("started_at", now),
            progress=0,
            doing="",
        )
    )
    return Job.objects.get(pk=job_id) if claimed else None


def report(job: Job, progress: float, doing: str = "") -> None:
    """Say how far a job is, 0 to 1, and what it is doing; written at most once a second.

    Raises Stopped where the job was cancelled, was taken over by another worker, or has to make way for a stop.
    """
    if is_stopping.is_set() or job.is_lost:
        raise Stopped
    now = time.monotonic()
    if now - job.reported_at < REPORT_EVERY_S:
        return
    job.reported_at = now
    if not _ours(job).update(progress=min(max(progress, 0.0), 1.0), doing=doing[:200]):
        raise Stopped


def finish(job: Job, result: Any) -> None:
    done = _ours(job).update(
        state=Job.State.DONE,
        progress=1,
        doing="",
        error="",
        result=result,
        finished_at=timezone.now(),
        lease_until=None,
    )
    if not done:
        log.warning("job %s (%s) was done, but was cancelled or taken over meanwhile", job.pk, job.kind)


def fail(job: Job, error: Exception) -> None:
    """Queue a failed job again after a while, or give it up: out of attempts, or hopeless by its own account."""
    is_hopeless = isinstance(error, DomainError) and not isinstance(error, Unavailable)
    if not connection.in_atomic_block:
        # the failure may have been the connection's own
        connection.close_if_unusable_or_obsolete()
    reason = error.message if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
    if is_hopeless or job.attempts >= job.max_attempts:
        log.error("job %s (%s) failed: %s", job.pk, job.kind, reason, exc_info=None if is_hopeless else error)
        _ours(job).update(state=Job.State.FAILED, error=reason, finished_at=timezone.now(), lease_until=None)
        return
    wait_s = min(2.0**job.attempts, LONGEST_BACKOFF_S)
    log.warning("job %s (%s) is tried again in %.0f s: %s", job.pk, job.kind, wait_s, reason)
    _ours(job).update(
        state=Job.State.QUEUED,
        error=reason,
        run_after=timezone.now() + timedelta(seconds=wait_s),
        rung_at=None,
        lease_until=None,
    )


def release(job: Job) -> None:
    """Queue a job again that was stopped through no fault of its own: the attempt does not count."""
    _ours(job).update(state=Job.State.QUEUED, attempts=F("attempts") - 1, rung_at=None, lease_until=None, doing="")


def _ours(job: Job):
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, leased_by=job.leased_by)


def _handler_of(job: Job) -> Handler:
    if job.kind not in _handlers:
        autodiscover_modules("tasks")
    if job.kind not in _handlers:
        # during an update another worker's code may know it
        raise Unavailable(f"This version of Assay does not know jobs of the kind {job.kind!r}.")
    return _handlers[job.kind]


@contextmanager
def _heartbeat(job: Job):
    """Extend the lease from a thread while the job runs; it sets `job.is_lost` once the job is no longer ours."""
    is_over = threading.Event()

    def beat():
        try:
            while not is_over.wait(HEARTBEAT_S):
                _beat_once(job)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _beat_once(job: Job) -> None:
    try:
        job.is_lost = not _ours(job).update(lease_until=timezone.now() + timedelta(seconds=LEASE_S))
    except Exception as error:
        log.warning("job %s (%s): no heartbeat: %s", job.pk, job.kind, error)
        connection.close()
