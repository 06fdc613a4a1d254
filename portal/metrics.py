"""GET /metrics for Prometheus: what the database says of the whole site, the same from every web process.

Counters of a process would be those of whichever of many answers, and wrong after each restart. What the proxy sees
(requests, their time) is counted there, or from the log (ASSAY_LOG_REQUESTS).
"""

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Min, Sum
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from core.models import AuditEvent, Delivery, Job, Lease
from core.schedule import PULSE
from tracker import quotas
from tracker.models import Experiment, StorageFault, StorageFigure

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# (labels, value)
Sample = tuple[dict[str, str], float]


@login_not_required
@require_safe
def metrics(request):
    """Answer who has the token of ASSAY_METRICS_TOKEN; for everybody else, and where none is set, there is nothing."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    wanted = settings.ASSAY_METRICS_TOKEN
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Http404
    return HttpResponse("".join(exposition()), content_type=CONTENT_TYPE)


def exposition() -> Iterator[str]:
    """Yield Prometheus' text format, see https://prometheus.io/docs/instrumenting/exposition_formats/."""
    for name, (says, read) in GAUGES.items():
        yield f"# HELP assay_{name} {says}\n# TYPE assay_{name} gauge\n"
        for labels, value in read():
            inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            yield f"assay_{name}{f'{{{inner}}}' if inner else ''} {value!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _jobs() -> Iterator[Sample]:
    """Yield every state, so that a rule on one never meets a series that is not there."""
    found = dict(Job.objects.order_by().values_list("state").annotate(Count("pk")))
    yield from (({"state": state}, found.get(state, 0)) for state in Job.State.values)


def _oldest_job() -> Iterator[Sample]:
    yield {}, _age_s(Job.objects.claimable().aggregate(since=Min("run_after"))["since"])


def _pulse() -> Iterator[Sample]:
    if lease := Lease.objects.filter(name=PULSE).exclude(last_run_at=None).first():
        yield {}, _age_s(lease.last_run_at)


def _deliveries() -> Iterator[Sample]:
    found = dict(Delivery.objects.order_by().values_list("state").annotate(Count("pk")))
    yield from (({"state": state}, found.get(state, 0)) for state in Delivery.State.values)


def _unsealed() -> Iterator[Sample]:
    yield {}, _age_s(AuditEvent.objects.filter(seal=None).aggregate(since=Min("at"))["since"])


def _runs() -> Iterator[Sample]:
    # kept per experiment, so that no run is counted here
    yield {}, Experiment.objects.aggregate(total=Sum("num_runs"))["total"] or 0


def _experiments() -> Iterator[Sample]:
    yield {}, Experiment.objects.count()


def _users() -> Iterator[Sample]:
    yield {}, User.objects.filter(is_active=True, is_service=False).count()


def _stored_bytes() -> Iterator[Sample]:
    if figure := StorageFigure.objects.filter(kind=StorageFigure.Kind.TOTAL).first():
        yield {}, figure.size_bytes


def _filled() -> Iterator[Sample]:
    yield from (({"percent": str(step)}, quotas.filled(step).count()) for step in quotas.STEPS)


def _faults() -> Iterator[Sample]:
    yield {}, StorageFault.objects.filter(healed_at=None).count()


def _age_s(since) -> float:
    return max((timezone.now() - since).total_seconds(), 0.0) if since else 0.0


GAUGES = {
    "jobs": ("Jobs that are kept, by state; failed ones for days.", _jobs),
    "oldest_waiting_job_seconds": ("How long the oldest job waits that could run; 0 where none does.", _oldest_job),
    "worker_pulse_age_seconds": ("Since a worker was last at work; it is every minute.", _pulse),
    "webhook_deliveries": ("Deliveries of webhooks that are kept, by state.", _deliveries),
    "audit_unsealed_seconds": ("How long the oldest event waits for its seal; 0 where none does.", _unsealed),
    "runs": ("Runs that are not deleted.", _runs),
    "experiments": ("Experiments, deleted ones included.", _experiments),
    "active_users": ("People who may sign in.", _users),
    "stored_bytes": ("Bytes of artifacts, as counted last night.", _stored_bytes),
    "experiments_near_limit": ("Experiments that fill so much of their storage limit, as counted last night.", _filled),
    "storage_faults": ("Stored files that are missing or damaged.", _faults),
}
