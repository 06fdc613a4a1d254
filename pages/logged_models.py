"""Logged models: those of an experiment, and one of them."""

from collections import defaultdict

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.errors import InvalidFilter
from pages.artifacts import PARTS, browse
from pages.experiment_head import head
from registry.models import ModelVersion
from tracker import model_description, search
from tracker.lookups import experiment_by_id, logged_model_by_id
from tracker.models import LoggedModel, LoggedModelMetric, Run

SIZE = 50
MAX_QUERY = 4_000
MAX_METRICS = 3
MAX_ROWS = 500
MAX_USERS = 50
MAX_VERSIONS = 50
TABS = (
    ("overview", "Overview", "logged-model-detail"),
    ("artifacts", "Artifacts", "logged-model-artifacts"),
)
STATUS_CHIPS = {
    LoggedModel.Status.PENDING: "live",
    LoggedModel.Status.READY: "good",
    LoggedModel.Status.UPLOAD_FAILED: "bad",
}
SNIPPET = """export MLFLOW_TRACKING_URI={url}
export MLFLOW_TRACKING_TOKEN=…

import mlflow
model = mlflow.{loader}.load_model("models:/{model_id}")"""
SERVE = "mlflow models serve -m models:/{model_id} --port 5001"


@require_safe
def experiment_models(request, pk):
    """GET /experiments/ID/models[?q=FILTER&page=TOKEN]"""
    experiment = experiment_by_id(str(pk), user=request.user)
    text = request.GET.get("q", "").strip()[:MAX_QUERY]
    found, error = search.Page(), None
    try:
        found = search.logged_models(
            user=request.user,
            experiments=[experiment.pk],
            query=search.Query(text, dialect=search.PAGES),
            limit=SIZE,
            token=request.GET.get("page", ""),
            is_shared=True,
        )
    except InvalidFilter as invalid:
        error = invalid
    context = {
        **head(request, experiment, tab="models"),
        "q": text,
        "error": error,
        "rows": _rows(found.rows, request.user),
        "next": found.next,
        "previous": found.previous,
    }
    return render(request, "experiments/models.html", context, status=400 if error else 200)


def _rows(models: list[LoggedModel], user) -> list[dict]:
    """Return the models with their runs and metrics, in a constant number of queries."""
    runs = {
        run.pk: run for run in Run.objects.visible_to(user).filter(pk__in={model.source_run_id for model in models})
    }
    metrics = defaultdict(list)
    for metric in LoggedModelMetric.objects.filter(model__in=models).latest_of_each():
        metrics[metric.model_id].append(metric)
    return [
        {
            "model": model,
            "chip": STATUS_CHIPS[model.status],
            "run": runs.get(model.source_run_id),
            "metrics": metrics[model.pk][:MAX_METRICS],
            "num_more": max(len(metrics[model.pk]) - MAX_METRICS, 0),
        }
        for model in models
    ]


@require_safe
def logged_model_detail(request, model_id):
    """GET /logged-models/ID"""
    context = _head(request, model_id, tab="overview")
    model = context["model"]
    description = model_description.describe(model)
    runs = Run.objects.visible_to(request.user)
    tags = dict(model.tags.order_by("key").values_list("key", "value")[:MAX_ROWS])
    context |= {
        "params": list(model.params.order_by("key")[:MAX_ROWS]),
        "tags": {key: value for key, value in tags.items() if not key.startswith("mlflow.")},
        "metrics": _metrics(model, runs),
        "users": list(runs.filter(model_inputs__model_id=model.model_id).order_by("-start_time_ms")[:MAX_USERS]),
        "versions": _versions(model, request.user),
        "description": description,
        "environments": list(model.environments.order_by("folder")),
        "snippet": SNIPPET.format(url=settings.ASSAY_URL, loader=description.loader, model_id=model.model_id),
        "serve": SERVE.format(model_id=model.model_id),
    }
    return render(request, "logged_models/detail.html", context)


@require_safe
def logged_model_artifacts(request, model_id):
    """GET /logged-models/ID/artifacts[?path=PATH&open=ID/PATH]: the files of the model, as those of a run are shown."""
    context = _head(request, model_id, tab="artifacts")
    context |= browse(request, context["model"], reverse("logged-model-artifacts", args=[context["model"].model_id]))
    parts = {**PARTS, "1": "artifacts/_live.html"}
    return render(request, parts.get(request.GET.get("part", ""), "logged_models/artifacts.html"), context)


def _versions(model: LoggedModel, user) -> list[ModelVersion]:
    """Return the versions that were registered from the model, of registered models that the reader may see."""
    rows = ModelVersion.objects.active().visible_to(user).filter(source_model=model).select_related("model")
    return list(rows.order_by("model__name", "-version")[:MAX_VERSIONS])


def _head(request, model_id: str, *, tab: str) -> dict:
    """Return what templates/logged_models/base.html needs. Raises NotFound for a model that the reader may not see."""
    model = logged_model_by_id(model_id, user=request.user)
    return {
        "model": model,
        "chip": STATUS_CHIPS[model.status],
        "experiment": model.experiment,
        "source_run": Run.objects.visible_to(request.user).filter(pk=model.source_run_id).first(),
        "tabs": [(label, reverse(name, args=[model.model_id]), key == tab) for key, label, name in TABS],
    }


def _metrics(model: LoggedModel, runs) -> list[dict]:
    """Return the latest value of each metric and dataset, with the run that measured it where the reader may see it."""
    rows = list(model.metrics.latest_of_each()[:MAX_ROWS])
    seen = runs.in_bulk({row.run_id for row in rows if row.run_id})
    return [{"metric": row, "run": seen.get(row.run_id)} for row in rows]
