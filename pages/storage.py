"""What storage holds and for whom, whether it is whole, and which policies empty it: for site admins, from counted figures."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.errors import NotAllowed
from core.models import Job
from pages import retention
from tracker.actions import storage_figures
from tracker.models import RetentionPolicy, StorageCheck, StorageFault, StorageFigure

NUM_SHOWN = 50
Kind = StorageFigure.Kind


@require_GET
def storage(request):
    """GET /storage"""
    _refuse_members(request)
    totals = {figure.label: figure for figure in StorageFigure.objects.filter(kind=Kind.TOTAL)}
    named, stored, unneeded = (totals.get(label) for label in ("named", "stored", "unneeded"))
    context = {
        "named": named,
        "stored": stored,
        "unneeded": unneeded,
        "saved_bytes": named.size_bytes - stored.size_bytes + unneeded.size_bytes if named else 0,
        "tables": [
            ("By experiment", "Experiment", _largest(Kind.EXPERIMENT)),
            ("By user", "Stored by", _largest(Kind.USER)),
            ("By type", "Ending", _largest(Kind.TYPE)),
        ],
        "check": StorageCheck.objects.exclude(finished_at=None).first(),
        "faults": StorageFault.objects.filter(healed_at=None)[:NUM_SHOWN],
        "policies": [
            (policy, retention.in_words(policy))
            for policy in RetentionPolicy.objects.select_related("experiment").order_by("pk")[:NUM_SHOWN]
        ],
        "counting": Job.objects.filter(
            kind=storage_figures.JOB, state__in=[Job.State.QUEUED, Job.State.RUNNING]
        ).first(),
    }
    return render(request, "storage/storage.html", context)


def _largest(kind: str) -> list[StorageFigure]:
    return list(StorageFigure.objects.filter(kind=kind).order_by("-size_bytes", "pk")[:NUM_SHOWN])


@require_POST
def storage_count(request):
    """POST /storage/count: have the figures counted anew"""
    _refuse_members(request)
    storage_figures.request(by=request.user)
    messages.success(request, "Files are being counted.")
    return redirect("storage")


def _refuse_members(request) -> None:
    if not request.user.is_superuser:
        raise NotAllowed("Storage is the site admins' to look at.")
