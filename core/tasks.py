"""Core's background work. A message names a job or says that a second has passed; the database says what to do."""

import logging
import threading

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError

from core import deliveries, heartbeats, idempotency, jobs, letters, schedule, sealer, sql
from core.actions import jobs as job_actions
from core.actions import notices
from core.errors import DomainError, Unavailable
from core.models import Topic

log = logging.getLogger("assay.schedule")

# whether the last tick of this process met no database
_is_away = threading.Event()
# The worker has more threads than this, so that the clock's work goes on while long jobs run.
_slots = threading.BoundedSemaphore(settings.ASSAY_JOBS_AT_ONCE)


@shared_task(name="core.run_job")
def run_job(job_id: int) -> None:
    """Run a job, then whatever else is due. Where all slots are busy, whoever gets done will look for it."""
    if not _slots.acquire(blocking=False):
        return
    try:
        jobs.run(job_id)
        while not jobs.is_stopping.is_set() and jobs.run_next():
            pass
    finally:
        _slots.release()


@shared_task(name="core.tick", acks_late=False)
def tick() -> None:
    """Do the periodic work that is due. A database that is away is one line in the log, and not a traceback a second."""
    try:
        heartbeats.beat()
        schedule.run_due()
    except DatabaseError as error:
        if not sql.is_busy(error):
            raise
        if not _is_away.is_set():
            log.warning("the database cannot be used, background work waits: %s", " ".join(str(error).split()))
        _is_away.set()
    else:
        if _is_away.is_set():
            log.warning("the database can be used again")
        _is_away.clear()


@jobs.handler(deliveries.JOB)
def deliver_webhook(job, arguments):
    """Send a delivery. The job's attempts and waits are the delivery's; after the last it counts as failed."""
    try:
        deliveries.deliver(arguments["delivery"])
    except DomainError as error:
        if not isinstance(error, Unavailable) or job.attempts >= job.max_attempts:
            deliveries.give_up(arguments["delivery"])
        raise


@jobs.handler(notices.MAIL_JOB)
def mail_notices(job, arguments):
    """Send what waits for one person on one topic; after the last try it counts as failed."""
    try:
        return letters.send(job.pk, arguments["recipient"], Topic(arguments["topic"]))
    except DomainError as error:
        if not isinstance(error, Unavailable) or job.attempts >= job.max_attempts:
            letters.give_up(job.pk)
        raise


@schedule.periodic(schedule.PULSE, every_s=60)
def beat_pulse() -> None:
    """Leave the time in its lease."""


schedule.periodic("audit.seal", every_s=1, is_needed=sealer.has_unsealed)(sealer.seal)
schedule.periodic("audit.seal_late", every_s=3600)(sealer.seal_late)
schedule.periodic("audit.log_head", every_s=3600, is_needed=sealer.has_seals)(sealer.log_head)
schedule.periodic("jobs.sweep", every_s=5, is_needed=job_actions.needs_sweep)(job_actions.sweep)
schedule.periodic("jobs.forget_finished", every_s=3600)(job_actions.forget_finished)
schedule.periodic("idempotency.forget_old", every_s=3600)(idempotency.forget_old)
schedule.periodic("webhooks.forget_old", every_s=3600)(deliveries.forget_old)
schedule.periodic("notices.forget_old", every_s=3600)(notices.forget_old)
