"""What storage holds and for whom, whether it is whole, and which policies empty it: for site admins, from counted figures."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.errors import NotAllowed
from core.models import Job
from pages import retention
from pages.quotas import LimitForm
from tracker import quotas
from tracker.actions import storage_checks, storage_figures
from tracker.models import RetentionPolicy, StorageCheck, StorageFault, StorageFigure, StorageQuota

NUM_SHOWN = 50
Kind = StorageFigure.Kind


@require_GET
def storage(request):
    """GET /storage; part=1 answers with how far a count and a check are"""
    _refuse_members(request)
    work = {"counting": _latest(storage_figures.JOB), "checking": _latest(storage_checks.JOB)}
    work["is_under_way"] = any(job is not None and not job.is_finished for job in work.values())
    if "part" in request.GET:
        response = render(request, "storage/_work.html", {**work, "is_part": True})
        if not work["is_under_way"]:
            response["X-Live"] = "stop"
        return response
    by_size = quotas.with_limits().order_by("-size_bytes", "pk")[:NUM_SHOWN]
    totals = {figure.label: figure for figure in StorageFigure.objects.filter(kind=Kind.TOTAL)}
    named, stored, unneeded = (totals.get(label) for label in ("named", "stored", "unneeded"))
    context = {
        "named": named,
        "stored": stored,
        "unneeded": unneeded,
        "saved_bytes": named.size_bytes - stored.size_bytes + unneeded.size_bytes if named else 0,
        "tables": [
            ("By experiment", "Experiment", [(figure, quotas.usage(figure)) for figure in by_size]),
            ("By user", "Stored by", _largest(Kind.USER)),
            ("By type", "Ending", _largest(Kind.TYPE)),
        ],
        "check": StorageCheck.objects.exclude(finished_at=None).first(),
        "faults": StorageFault.objects.filter(healed_at=None)[:NUM_SHOWN],
        "limit_form": LimitForm.of(StorageQuota.objects.filter(experiment=None).first()),
        "policies": [
            (policy, retention.in_words(policy))
            for policy in RetentionPolicy.objects.select_related("experiment").order_by("pk")[:NUM_SHOWN]
        ],
        **work,
    }
    return render(request, "storage/storage.html", context)


def _latest(kind: str) -> Job | None:
    return Job.objects.filter(kind=kind).order_by("-pk").first()


def _largest(kind: str) -> list[tuple[StorageFigure, None]]:
    rows = StorageFigure.objects.filter(kind=kind).order_by("-size_bytes", "pk")[:NUM_SHOWN]
    return [(figure, None) for figure in rows]


@require_POST
def storage_count(request):
    """POST /storage/count: have the figures counted anew"""
    _refuse_members(request)
    storage_figures.request(by=request.user)
    messages.success(request, "Files are being counted.")
    return redirect("storage")


@require_POST
def storage_check(request):
    """POST /storage/check: have stored files read and compared now, as every night"""
    _refuse_members(request)
    storage_checks.request(by=request.user)
    messages.success(request, "Files are being checked.")
    return redirect("storage")


def _refuse_members(request) -> None:
    if not request.user.is_superuser:
        raise NotAllowed("Storage is the site admins' to look at.")
