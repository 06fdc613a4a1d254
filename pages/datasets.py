"""A dataset, and all that came of it: runs, logged models, versions of registered models with their stages."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.reading import once_each
from pages.experiment_head import head
from registry import lineage_graph
from registry.models import ModelVersion
from tracker.lookups import experiment_by_id
from tracker.models import Dataset, LoggedModel, Run


@require_safe
@once_each
def dataset(request, pk, dataset_id):
    """GET /experiments/ID/datasets/DATASET: as far as the reader may see what came of it"""
    experiment = experiment_by_id(str(pk), user=request.user)
    found = Dataset.objects.filter(experiment=experiment, pk=dataset_id).first()
    if found is None:
        raise Http404("There is no such dataset.")
    graph = lineage_graph.around(found, user=request.user)
    runs, models, versions = (
        [node for node in graph.nodes.values() if isinstance(node, kind)] for kind in (Run, LoggedModel, ModelVersion)
    )
    context = {
        **head(request, experiment, tab=""),
        "dataset": found,
        "runs": sorted(runs, key=lambda run: -run.start_time_ms),
        "models": sorted(models, key=lambda model: -model.creation_time_ms),
        "versions": sorted(versions, key=lambda version: (version.model.name, -version.version)),
        "is_cut": graph.is_cut,
        "max_nodes": lineage_graph.MAX_NODES,
    }
    return render(request, "experiments/dataset.html", context)
