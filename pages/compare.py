"""Runs side by side, of any experiments: the page, its export, and how runs come into it."""

import json
from dataclasses import replace

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from pages import compare_axes, compare_files, compare_grids, compare_state
from pages.compare_export import as_csv
from pages.compare_state import CompareState
from pages.experiment_charts import AXES, panel_groups, run_lines
from pages.redirects import back
from tracker import comparison
from tracker.compared_metrics import ROLLUPS
from tracker.comparison import MAX_RUNS
from tracker.headlines import headline_metrics
from tracker.models import Run

MAX_LINES = 50
MAX_OFFERED = 50


@require_safe
def compare(request):
    """GET /compare?runs=ID,ID…[&base=ID&show=last|best|min|max&all=1&layout=runs&keys=TEXT]"""
    state = compare_state.read(request.GET)
    if not state.runs and (kept := compare_state.picked(request)):
        return redirect(state.address(runs=tuple(kept)))
    chosen = comparison.chosen(state.runs, user=request.user)
    context = {"state": state, "chosen": chosen}
    if chosen.runs:
        context |= _sides(chosen.runs, state)
    return render(request, "compare/compare.html", context)


def _sides(runs: list[Run], state: CompareState) -> dict:
    """Return what the page shows of these runs."""
    between = compare_grids.sides(runs, state)
    files = comparison.files(runs, only_differing=state.only_differing, find=state.keys)
    tables = compare_grids.grids(between, state)
    grids = [*tables, compare_files.grid(files, between)]
    groups = panel_groups(runs[:MAX_LINES])
    return {
        "heads": between.heads,
        "edit_state": replace(state, base=between.runs[between.base].run_id).rest,
        "parts": [grid.transposed() if state.is_transposed else grid for grid in grids if grid.rows],
        "alike": [grid.title.lower() for grid in grids if not grid.rows],
        "axes": compare_axes.axes(tables),
        "pictures": compare_files.pictures(files, between),
        "groups": groups,
        "chart_runs": json.dumps(run_lines(runs[:MAX_LINES])),
        "chart_axes": AXES,
        "num_lines": min(len(runs), MAX_LINES),
        "is_live": any(run.is_live for run in runs),
        "rollups": [(show, state.query(show=show), show == state.show) for show in ROLLUPS],
        "all_query": state.query(has_all=not state.has_all),
        "transposed_query": state.query(is_transposed=not state.is_transposed),
        "here_query": state.query(),
    }


@require_safe
def compare_csv(request):
    """GET /compare/table.csv: the same comparison as a table, a row a key and a column a run."""
    state = compare_state.read(request.GET)
    chosen = comparison.chosen(state.runs, user=request.user)
    between = compare_grids.sides(chosen.runs, state)
    response = HttpResponse(as_csv(between, state), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="comparison.csv"'
    return response


@require_safe
def compare_runs(request):
    """GET /compare/runs?runs=ID,ID…[&find=TEXT]: which runs may join these."""
    state = compare_state.read(request.GET)
    find = request.GET.get("find", "").replace("\0", "").strip()[: compare_state.MAX_FIND]
    chosen = comparison.chosen(state.runs, user=request.user)
    offered = _offered(chosen.runs, find, request.user)
    metrics = headline_metrics(offered)
    context = {
        "state": state,
        "chosen": chosen,
        "find": find,
        "offered": [(run, metrics.get(run.pk)) for run in offered],
    }
    return render(request, "compare/runs.html", context)


def _offered(runs: list[Run], find: str, user) -> list[Run]:
    """Return the newest runs with a text in their name, their experiment's or as their id; else those beside `runs`."""
    rows = Run.objects.visible_to(user).active().exclude(pk__in=[run.pk for run in runs])
    if find:
        rows = rows.filter(Q(name__icontains=find) | Q(run_id=find) | Q(experiment__name__icontains=find))
    elif runs:
        rows = rows.filter(experiment__in={run.experiment_id for run in runs})
    rows = rows.filter(experiment__deleted_at=None).select_related("experiment", "created_by")
    return list(rows.order_by("-start_time_ms", "run_id")[:MAX_OFFERED])


@require_POST
def compare_choose(request):
    """POST /compare/choose: compare exactly these runs, or with how=add also those that were picked before.

    The buttons of a comparison send what becomes of one of its runs: without, left, right or base.
    """
    run_ids = compare_state.ids([*request.POST.get("runs", "").split(","), *request.POST.getlist("run")])
    if request.POST.get("how") == "add":
        return _add(request, run_ids)
    if len(run_ids) > MAX_RUNS:
        # an address of thousands of ids is one that no browser opens
        messages.warning(request, f"Of the {len(run_ids)} runs the first {MAX_RUNS} are compared: more do not fit.")
    kept = _moved(run_ids[:MAX_RUNS], request.POST)
    state = compare_state.read(QueryDict(request.POST.get("state", "")[:2_000]), kept)
    compare_state.pick(request, state.runs)
    base = request.POST.get("base") or state.base
    return redirect(state.address(base=base[:64]))


def _add(request, run_ids: list[str]):
    before = compare_state.picked(request)
    compare_state.pick(request, [*before, *run_ids])
    num = len(compare_state.picked(request))
    messages.success(request, f"{num} run{'' if num == 1 else 's'} to compare. Compare, on the left, shows them.")
    return back(request, "compare")


def _moved(run_ids: list[str], post) -> list[str]:
    """Return the runs without the one that was taken out, or with one of them a place further left or right."""
    run_ids = [run_id for run_id in run_ids if run_id != post.get("without")]
    for name, step in (("left", -1), ("right", 1)):
        if (moved := post.get(name)) in run_ids:
            place = run_ids.index(moved)
            run_ids.insert(max(place + step, 0), run_ids.pop(place))
    return run_ids
