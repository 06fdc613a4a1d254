"""Asking for background work, and what may be done about it: cancel, try again, sweep up."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core import doorbell
from core.errors import Conflict, NotAllowed
from core.models import Job

MAX_ATTEMPTS = 5
# A ring that nobody answered for so long is taken for lost.
RING_AGAIN_S = 10.0
DONE_KEPT_FOR = timedelta(days=30)
FAILED_KEPT_FOR = timedelta(days=90)


def request(
    kind: str, arguments: dict | None = None, *, by, run_after: datetime | None = None, max_attempts: int = MAX_ATTEMPTS
) -> Job:
    """Return a new job, written in the caller's transaction; workers are told once that is committed.

    `arguments` are ids and plain values (JSON). `by` is a user, or None for the system itself. What runs it is the
    function registered with core.jobs.handler(kind).
    """
    now = timezone.now()
    job = Job.objects.create(
        kind=kind,
        arguments=arguments or {},
        created_by=by,
        run_after=run_after or now,
        rung_at=now,
        max_attempts=max_attempts,
    )
    if run_after is None:
        transaction.on_commit(partial(doorbell.ring, job.pk))
    return job


def cancel(job: Job, *, by) -> None:
    """Cancel a job; one that is running stops at its next report of progress."""
    _check_may_change(job, by)
    unfinished = Job.objects.filter(pk=job.pk, state__in=Job.UNFINISHED)
    if not unfinished.update(state=Job.State.CANCELLED, finished_at=timezone.now(), lease_until=None):
        raise Conflict("The job has already finished.")


def retry(job: Job, *, by) -> None:
    """Queue a failed or cancelled job again, with all its attempts."""
    _check_may_change(job, by)
    now = timezone.now()
    over = Job.objects.filter(pk=job.pk, state__in=Job.STOPPED)
    queued = over.update(
        state=Job.State.QUEUED, attempts=0, error="", progress=0, doing="", run_after=now, rung_at=now, finished_at=None
    )
    if not queued:
        raise Conflict("Only a job that failed or was cancelled can be tried again.")
    transaction.on_commit(partial(doorbell.ring, job.pk))


def needs_sweep() -> bool:
    return Job.objects.unheard(RING_AGAIN_S).exists() or Job.objects.exhausted().exists()


def sweep(limit: int = 100) -> int:
    """Ring again for jobs that nobody claimed, give up those whose worker died too often; return how many rang.

    Whoever finishes a job looks for the next by itself, so a hundred rings wake everybody who sleeps.
    """
    Job.objects.exhausted().update(
        state=Job.State.FAILED,
        error="The worker died each time that this was tried.",
        finished_at=timezone.now(),
        lease_until=None,
    )
    unheard = Job.objects.unheard(RING_AGAIN_S).order_by("run_after", "pk")
    job_ids = list(unheard.values_list("pk", flat=True)[:limit])
    Job.objects.filter(pk__in=job_ids).update(rung_at=timezone.now())
    for job_id in job_ids:
        doorbell.ring(job_id)
    return len(job_ids)


def dismiss(job: Job, *, by) -> None:
    """Remove a failed job that somebody looked at and that nobody will try again."""
    _check_may_change(job, by)
    if not Job.objects.filter(pk=job.pk, state=Job.State.FAILED).delete()[0]:
        raise Conflict("Only a job that failed can be dismissed.")


def forget_finished(limit: int = 10_000) -> int:
    """Remove jobs that ended a month ago; return how many. Failed ones stay for longer, unless somebody dismisses them."""
    now = timezone.now()
    over = Job.objects.filter(
        Q(state__in=[Job.State.DONE, Job.State.CANCELLED], finished_at__lt=now - DONE_KEPT_FOR)
        | Q(state=Job.State.FAILED, finished_at__lt=now - FAILED_KEPT_FOR)
    )
    job_ids = list(over.values_list("pk", flat=True)[:limit])
    return Job.objects.filter(pk__in=job_ids).delete()[0]


def _check_may_change(job: Job, by) -> None:
    if by is not None and not by.is_superuser and job.created_by_id != by.pk:
        raise NotAllowed("Only who asked for this job and site admins may change it.")
