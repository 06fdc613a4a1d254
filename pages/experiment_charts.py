"""The charts of an experiment: the newest runs that its table's filter leaves, laid over each other."""

import json

from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.errors import InvalidFilter
from core.sql import snapshot
from pages import table_state
from pages.experiment_head import head
from pages.run_table import runs_of
from tracker import run_facts
from tracker.lookups import experiment_by_id
from tracker.models import Run
from tracker.panels import panels

AXES = [("step", "step"), ("time", "time"), ("relative", "time since start")]
NUMS = (10, 20, 50)
DEFAULT_NUM = 10


@require_safe
def experiment_charts(request, pk):
    """GET /experiments/ID/charts[?q=FILTER&num=20]: a panel a metric with a line a run."""
    experiment = experiment_by_id(str(pk), user=request.user)
    shown = head(request, experiment, tab="charts")
    state = table_state.read_filter(request)
    num = next((num for num in NUMS if str(num) == request.GET.get("num")), DEFAULT_NUM)
    error, runs = None, []
    try:
        with snapshot():
            runs = list(runs_of(experiment, state).order_by("-start_time_ms", "run_id")[: num + 1])
    except InvalidFilter as invalid:
        error = invalid
    context = {
        **shown,
        "state": state,
        "error": error,
        "runs": list(enumerate(runs[:num])),
        "has_more": len(runs) > num,
        "num": num,
        "nums": NUMS,
        "groups": panel_groups(runs[:num]),
        "chart_runs": json.dumps(run_lines(runs[:num])),
        "chart_axes": AXES,
        "is_live": any(run.is_live for run in runs[:num]),
    }
    return render(request, "experiments/charts.html", context, status=400 if error else 200)


def panel_groups(runs: list[Run]) -> list[run_facts.ChartGroup]:
    """Return the panels by the prefix of their metric, those of the system last."""
    return run_facts.chart_groups(panels(runs)) if runs else []


def run_lines(runs: list[Run]) -> list[dict]:
    """Return the runs as static/js/charts.js takes them; the place of a run is its colour."""
    return [{"id": run.run_id, "name": run.name, "color": place} for place, run in enumerate(runs)]
