"""The report of a clean-up: what goes, what stays and why, run by run; and the button that carries it out."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.models import Job
from pages.experiment_head import head
from tracker import keyset
from tracker.actions import clean_up
from tracker.keyset import Key
from tracker.lookups import cleanup_report_by_id
from tracker.models import CleanupEntry, CleanupReport, Run

SIZE = 100
ORDER = [Key("pk", int, False)]
Step = CleanupEntry.Step


@require_GET
def clean_up_report(request, pk):
    """GET /clean-ups/ID: managers of its experiment; those of the site are the site admins'"""
    report = cleanup_report_by_id(pk, user=request.user)
    if "part" in request.GET:
        response = render(request, "clean_ups/_state.html", {**_state(report), "is_part": True})
        if not report.is_under_way:
            response["X-Live"] = "stop"
        return response
    step = request.GET.get("step", "")
    step = step if step in Step.values else _first_step(report)
    page = keyset.page(
        report.entries.filter(step=step),
        ORDER,
        size=SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        **_state(report),
        "step": step,
        "steps": [(Step.PURGE, report.num_purge), (Step.TRASH, report.num_trash), (Step.KEEP, report.num_kept)],
        "rows": page.rows,
        "alive": set(Run.objects.filter(pk__in=[row.run_key for row in page.rows]).values_list("pk", flat=True)),
        "after": page.after,
        "before": page.before,
    }
    if report.experiment is not None:
        context |= head(request, report.experiment, tab="settings")
    context["layout"] = "experiments/base.html" if report.experiment is not None else "clean_ups/site.html"
    return render(request, "clean_ups/report.html", context)


def _state(report: CleanupReport) -> dict:
    return {
        "report": report,
        "can_retry": report.job is not None and report.job.state in Job.STOPPED,
        "can_carry_out": report.state == CleanupReport.State.DECIDED and report.num_purge + report.num_trash > 0,
    }


def _first_step(report: CleanupReport) -> str:
    """Return what is worth looking at first: what goes."""
    return Step.PURGE if report.num_purge else Step.TRASH if report.num_trash else Step.KEEP


@require_POST
def clean_up_carry_out(request, pk):
    """POST /clean-ups/ID/carry-out"""
    report = clean_up.carry_out(cleanup_report_by_id(pk, user=request.user), by=request.user)
    messages.success(request, "The clean-up is under way.")
    return redirect(report)


@require_POST
def clean_up_cancel(request, pk):
    """POST /clean-ups/ID/cancel: what has gone by then is gone"""
    report = cleanup_report_by_id(pk, user=request.user)
    clean_up.cancel(report, by=request.user)
    messages.success(request, "The clean-up stops.")
    return redirect(report)


@require_POST
def clean_up_retry(request, pk):
    """POST /clean-ups/ID/retry: after a failure or a cancellation"""
    report = cleanup_report_by_id(pk, user=request.user)
    clean_up.retry(report, by=request.user)
    return redirect(report)
