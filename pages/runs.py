"""A run's pages: overview, charts, system, code and environment, activity. What is live follows by itself."""

import json

from django.conf import settings
from django.core.paginator import Paginator
from django.views.decorators.http import require_safe

from core.models import AuditEvent
from pages.experiment_activity import words
from pages.run_head import answer, head
from registry.lineage import versions_of_runs
from tracker import run_facts, run_packages
from tracker.lineage import lineage
from tracker.models import Metric
from tracker.run_facts import PARENT_TAG, SYSTEM_PREFIX

METRICS_A_PAGE = 100
MAX_PARAMS = 500
MAX_CHARTS = 5_000
MAX_EVENTS = 200
CHART_AXES = [("step", "step"), ("time", "time"), ("relative", "time since start")]


@require_safe
def run_detail(request, run_id):
    """GET /runs/ID[?metrics=TEXT&params=TEXT&page=N]: the overview."""
    context = head(request, run_id, tab="overview")
    context |= _metrics(request, context["run"]) | _params(request, context["run"]) | _about(request, context)
    return answer(request, "runs/overview.html", "runs/_overview_live.html", context)


@require_safe
def run_charts(request, run_id):
    """GET /runs/ID/charts: a chart a metric, those of the system last."""
    return _charts(request, run_id, tab="charts")


@require_safe
def run_system(request, run_id):
    """GET /runs/ID/system: what the machine did meanwhile."""
    return _charts(request, run_id, tab="system")


@require_safe
def run_code(request, run_id):
    """GET /runs/ID/code[?packages=TEXT]: source, commit, the lines that run it again, and the packages it had."""
    context = head(request, run_id, tab="code")
    run = context["run"]
    params = list(run.params.order_by("key").values_list("key", "value"))
    context["rerun"] = run_facts.rerun_command(
        context["source"], params, tracking_uri=settings.ASSAY_URL, experiment=context["experiment"].name
    )
    find = request.GET.get("packages", "").strip()[:250].replace("\0", "")
    environments = run_packages.environments(run)
    context |= {
        "find": find,
        "environments": environments,
        "packages": run_packages.packages(environments, find),
        "num_packages": len(run_packages.packages(environments)),
    }
    return answer(request, "runs/code.html", "runs/_live.html", context)


@require_safe
def run_lineage(request, run_id):
    """GET /runs/ID/lineage: what the run used, what came of it, the runs above and below it."""
    context = head(request, run_id, tab="lineage")
    run = context["run"]
    context["lineage"] = lineage(run, context["all_tags"], user=request.user)
    context["versions"] = versions_of_runs([run], user=request.user).get(run.pk, [])
    return answer(request, "runs/lineage.html", "runs/_live.html", context)


@require_safe
def run_activity(request, run_id):
    """GET /runs/ID/activity: what people did to the run; what its script logged stands in its own columns."""
    context = head(request, run_id, tab="activity")
    events = AuditEvent.objects.filter(object_kind="run", object_id=context["run"].run_id)
    context["events"] = [(event, *words(event.action)) for event in events[:MAX_EVENTS]]
    return answer(request, "runs/activity.html", "runs/_live.html", context)


def _charts(request, run_id: str, *, tab: str):
    context = head(request, run_id, tab=tab)
    run = context["run"]
    metrics = Metric.objects.filter(run=run).order_by("key")
    if tab == "system":
        metrics = metrics.filter(key__startswith=SYSTEM_PREFIX)
    metrics = list(metrics[:MAX_CHARTS])
    context |= {
        "groups": run_facts.chart_groups(metrics),
        "num_metrics": len(metrics),
        "chart_runs": json.dumps([{"id": run.run_id, "name": run.name, "color": 0}]),
        "chart_axes": CHART_AXES,
    }
    part = "runs/_chart_groups.html" if request.GET.get("part") == "panels" else "runs/_live.html"
    return answer(request, "runs/charts.html", part, context)


def _metrics(request, run) -> dict:
    """Return a page of the metrics that the filter leaves, those of the system left out unless asked for."""
    text = request.GET.get("metrics", "").strip()[:250].replace("\0", "")
    rows = Metric.objects.filter(run=run).order_by("key")
    rows = rows.filter(key__icontains=text) if text else rows.exclude(key__startswith=SYSTEM_PREFIX)
    page = Paginator(rows, METRICS_A_PAGE).get_page(request.GET.get("page"))
    for metric in page.object_list:
        metric.direction = run_facts.direction(metric.key)
    return {"metrics": page, "metrics_text": text}


def _params(request, run) -> dict:
    text = request.GET.get("params", "").strip()[:250].replace("\0", "")
    rows = run.params.order_by("key")
    if text:
        rows = rows.filter(key__icontains=text) | rows.filter(value__icontains=text)
    shown = list(rows[: MAX_PARAMS + 1])
    return {"params": shown[:MAX_PARAMS], "has_more_params": len(shown) > MAX_PARAMS, "params_text": text}


def _about(request, context: dict) -> dict:
    run = context["run"]
    inputs = run.dataset_inputs.select_related("dataset").order_by("pk")
    environments = run_packages.environments(run)
    return {
        "environments": environments,
        "pythons": list(dict.fromkeys(one.python for one in environments if one.python)),
        "num_packages": len({name for one in environments for name, _ in one.packages}),
        "datasets": list(inputs[:50]),
        "family": run_facts.family(run, context["all_tags"].get(PARENT_TAG, ""), user=request.user),
        "models_out": run_facts.models_out(run, user=request.user),
        "models_in": run_facts.models_in(run, user=request.user),
        "versions": versions_of_runs([run], user=request.user).get(run.pk, []),
        "size": run_facts.size(run),
    }
