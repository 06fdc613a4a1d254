"""What stands in the database about the work behind the pages; asked only where the database answers."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from accounts.actions import setup
from core.models import AuditEvent, Job, Lease
from core.schedule import PULSE
from portal.doctor import Finding, ok, warning

LATE_S = 120
RECENT_DAYS = 1
HOW_TO_START = (
    "Start `serve`, or `python -m portal.background worker` and `python -m portal.background beat`; see their log."
)


def background_work() -> Iterator[Finding]:
    """See by the pulse of periodic work whether a worker and a beat live."""
    now = timezone.now()
    pulse = Lease.objects.filter(name=PULSE).exclude(last_run_at=None).first()
    late_since = now - timedelta(seconds=LATE_S)
    waiting = Job.objects.unheard(LATE_S).filter(created_at__lt=late_since).count()
    if waiting:
        yield warning("background work", f"{waiting} jobs wait for longer than {LATE_S} s", HOW_TO_START)
    elif pulse is None or pulse.last_run_at < late_since:
        since = f"since {pulse.last_run_at:%Y-%m-%d %H:%M:%S} UTC" if pulse else "yet"
        yield warning("background work", f"nothing has been done {since}", HOW_TO_START)
    else:
        yield ok("background work", f"a worker was at work at {pulse.last_run_at:%H:%M:%S} UTC, and no job waits")


def failed_jobs() -> Iterator[Finding]:
    since = timezone.now() - timedelta(days=RECENT_DAYS)
    failed = Job.objects.filter(state=Job.State.FAILED, finished_at__gte=since)
    if num_failed := failed.count():
        last = failed.latest("finished_at")
        yield warning(
            "jobs",
            f"{num_failed} failed within a day, {last.kind} the last: {last.error[:200]}",
            "See them at /admin/core/job/.",
        )
    else:
        yield ok("jobs", "none failed within a day")


def audit_log() -> Iterator[Finding]:
    late = AuditEvent.objects.filter(seal=None, at__lt=timezone.now() - timedelta(seconds=LATE_S)).count()
    if late:
        yield warning("audit log", f"{late} events are not sealed yet", HOW_TO_START)
    else:
        yield ok("audit log", "every event is sealed; `verify_audit` reads the whole chain")


def administrator() -> Iterator[Finding]:
    if setup.is_needed():
        yield warning(
            "administrator",
            "there is none yet",
            "Open the link that `serve` or `upgrade` prints, or run `python manage.py createsuperuser`.",
        )
    else:
        yield ok("administrator", "there is one")


CHECKS = [background_work, failed_jobs, audit_log, administrator]
