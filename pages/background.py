"""Background work for site admins: the queue, who works, what runs, waits and failed, and what is done again and again."""

from contextlib import suppress
from datetime import timedelta

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core import broker, heartbeats, schedule
from core.actions import jobs
from core.errors import Conflict, NotAllowed, NotFound
from core.models import Job, Lease

NUM_SHOWN = 50


@require_safe
def background(request):
    """GET /background; part=1 answers with what lives on the page"""
    _refuse_members(request)
    is_part = "part" in request.GET
    return render(request, "background/_live.html" if is_part else "background/background.html", _seen())


def _seen() -> dict:
    rows = Job.objects.select_related("created_by")
    workers, tick = heartbeats.workers(), heartbeats.last_tick()
    waiting = rows.filter(state=Job.State.QUEUED).order_by("run_after", "pk")
    running, failed = rows.filter(state=Job.State.RUNNING), rows.filter(state=Job.State.FAILED)
    return {
        "broker": broker.look(),
        "workers": workers,
        "tick": tick,
        "ticks": heartbeats.is_alive(tick),
        "has_worker": any(worker.is_alive for worker in workers),
        "running": running.order_by("started_at", "pk")[:NUM_SHOWN],
        "num_running": running.count(),
        "waiting": waiting[:NUM_SHOWN],
        "num_waiting": waiting.count(),
        "num_due": waiting.filter(run_after__lte=timezone.now()).count(),
        "failed": failed.order_by("-finished_at", "-pk")[:NUM_SHOWN],
        "num_failed": failed.count(),
        "periodic": _periodic(),
    }


def _periodic() -> list[tuple[schedule.Periodic, object, object]]:
    """Return (work, when it was last done, when it is due next); None where it never was, as it was not needed yet."""
    done = dict(Lease.objects.values_list("name", "last_run_at"))
    found = []
    for work in schedule.everything():
        last = done.get(work.name)
        found.append((work, last, last and last + timedelta(seconds=work.every_s)))
    return found


@require_POST
def background_cancel(request):
    """POST /background/cancel: job=ID"""
    jobs.cancel(_job(request), by=request.user)
    messages.success(request, "The job is cancelled; one that runs stops at its next report.")
    return redirect("background")


@require_POST
def background_retry(request):
    """POST /background/retry: job=ID, or all=1 for every one that failed"""
    _refuse_members(request)
    if request.POST.get("all"):
        messages.success(request, f"{_each_failed(jobs.retry, request.user)} jobs are queued again.")
    else:
        jobs.retry(_job(request), by=request.user)
        messages.success(request, "The job is queued again.")
    return redirect("background")


@require_POST
def background_dismiss(request):
    """POST /background/dismiss: job=ID, or all=1 for every one that failed; they go from the page"""
    _refuse_members(request)
    if request.POST.get("all"):
        messages.success(request, f"{_each_failed(jobs.dismiss, request.user)} failed jobs are dismissed.")
    else:
        jobs.dismiss(_job(request), by=request.user)
        messages.success(request, "The failed job is dismissed.")
    return redirect("background")


def _each_failed(act, user) -> int:
    """Call `act` for each job that failed; return for how many it was still so."""
    num = 0
    for job in Job.objects.filter(state=Job.State.FAILED).order_by("pk")[:1_000]:
        with suppress(Conflict):
            act(job, by=user)
            num += 1
    return num


def _job(request) -> Job:
    _refuse_members(request)
    text = request.POST.get("job", "")
    job = Job.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 19 else None
    if job is None:
        raise NotFound("There is no such job.")
    return job


def _refuse_members(request) -> None:
    if not request.user.is_superuser:
        raise NotAllowed("Background work is the site admins' to look at.")
