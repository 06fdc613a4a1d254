"""Runs as files: a table that goes out as it is read, and files that a job makes for one person."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST, require_safe

from core.clock import now_ms
from core.errors import InvalidValue
from exports import streams, tables
from exports.actions import exports
from exports.lookups import export_by_id, file_of
from exports.models import Export
from exports.selection import Selection
from pages import table_state
from pages.experiment_head import head
from pages.run_rows import RUN_ID
from pages.selections import run_ids
from pages.table_state import MAX_QUERY
from tracker import delivery
from tracker.lookups import experiment_by_id, run_by_id
from tracker.search.grammar import MAX_LIST

NUM_SHOWN = 50


@require_GET
def runs_file(request, pk, form):
    """GET /experiments/ID/runs.csv, .parquet or .jsonl: every run that matches; of too many a page that has a job asked for.

    The columns are those of the table, and with all=1 all that there are.
    """
    shown, selection = _selection(request, pk)
    # here, and not with the first line: what cannot be understood is said before any is sent
    if not exports.streams(form, selection):
        return render(request, "exports/large.html", {**shown, **_asked(request, form)})
    return _file(form, selection, by=request.user)


@require_POST
def selection_export(request, pk):
    """POST /experiments/ID/selection/export: the selected runs as CSV, with the columns and in the order of the table."""
    experiment = experiment_by_id(str(pk), user=request.user)
    ids = [run_id for run_id in run_ids(request.POST) if RUN_ID.fullmatch(run_id)][:MAX_LIST]
    if not ids:
        raise InvalidValue("No run is selected.")
    primary = head(request, experiment, tab="runs")["primary"]
    state = table_state.read(request, experiment, primary, QueryDict(request.POST.get("back", "")[:MAX_QUERY]))
    listed = ", ".join(f"'{run_id}'" for run_id in ids)
    selection = Selection(
        (experiment,), now_ms(), f"run_id IN ({listed})", state.sort, state.columns, state.is_trash, primary
    )
    return _file("csv", selection, by=request.user)


def _file(form: str, selection: Selection, *, by) -> StreamingHttpResponse:
    sent = streams.stream(form, selection, user=by)
    response = StreamingHttpResponse(sent.pieces, content_type=sent.content_type)
    response._resource_closers.append(sent.release)
    response["Content-Disposition"] = content_disposition_header(True, sent.file_name)
    return response


def _selection(request, pk) -> tuple[dict, Selection]:
    experiment = experiment_by_id(str(pk), user=request.user)
    shown = head(request, experiment, tab="runs")
    state = table_state.read(request, experiment, shown["primary"])
    selection = Selection((experiment,), now_ms(), state.q, state.sort, state.columns, state.is_trash, shown["primary"])
    return shown, selection.with_all_columns() if request.GET.get("all") == "1" else selection


def _asked(request, form: str) -> dict:
    return {
        "form": form,
        "label": Export.Form(form).label,
        "limit": exports.MAX_STREAMED,
        "asked": request.GET.urlencode(),
    }


@require_POST
def runs_export(request, pk):
    """POST /experiments/ID/export?<the table's address>: form=csv, parquet or jsonl; a job makes the file"""
    form = request.POST.get("form", "")
    if form not in tables.TYPES:
        raise InvalidValue("Runs are exported as csv, parquet or jsonl.")
    _, selection = _selection(request, pk)
    return redirect(exports.request_table(form, selection, by=request.user))


@require_POST
def experiment_bundle(request, pk):
    """POST /experiments/ID/bundle: a job writes all of its runs for another Assay"""
    experiment = experiment_by_id(str(pk), user=request.user)
    return redirect(exports.request_bundle(experiment, by=request.user))


@require_POST
def run_bundle(request, run_id):
    """POST /runs/ID/bundle: the same of one run"""
    run = run_by_id(run_id, user=request.user)
    if run.is_deleted:
        raise InvalidValue("The run is deleted; restore it to export it.")
    return redirect(exports.request_bundle(run.experiment, run, by=request.user))


@require_GET
def export_list(request):
    """GET /exports: the reader's own"""
    rows = Export.objects.of(request.user).select_related("job", "experiment")[:NUM_SHOWN]
    return render(request, "exports/list.html", {"exports": rows})


@require_safe
def export_detail(request, pk):
    """GET /exports/ID: how far it is, then the file; part=1 answers with that alone"""
    export = _own(request, pk)
    if "part" not in request.GET:
        return render(request, "exports/detail.html", {"export": export})
    response = render(request, "exports/_state.html", {"export": export})
    if not export.is_under_way:
        response["X-Live"] = "stop"
    return response


@require_safe
def export_file(request, pk):
    """GET /exports/ID/file: for who asked for it, as long as it is kept"""
    export = _own(request, pk)
    wanted = delivery.Wanted.of(request.method, request.headers)
    answer = delivery.deliver_blob(file_of(export), wanted, tables.TYPES.get(export.form, "application/zip"))
    response = (
        HttpResponse(status=answer.status)
        if answer.parts is None
        else StreamingHttpResponse(answer.parts, status=answer.status)
    )
    if answer.parts is not None:
        response._resource_closers.append(answer.release)
    response["Content-Type"] = answer.content_type
    for name, value in answer.headers.items():
        response[name] = value
    response["Content-Disposition"] = content_disposition_header(True, export.file_name)
    return response


@require_POST
def export_cancel(request, pk):
    """POST /exports/ID/cancel"""
    export = _own(request, pk)
    exports.cancel(export, by=request.user)
    messages.success(request, "The export is cancelled.")
    return redirect(export)


@require_POST
def export_retry(request, pk):
    """POST /exports/ID/retry: after a failure or a cancellation"""
    export = _own(request, pk)
    exports.retry(export, by=request.user)
    return redirect(export)


@require_POST
def export_delete(request, pk):
    """POST /exports/ID/delete: its file goes with it"""
    exports.forget(_own(request, pk))
    messages.success(request, "The export is deleted.")
    return redirect(reverse("export-list"))


def _own(request, pk: int) -> Export:
    return export_by_id(pk, user=request.user)
