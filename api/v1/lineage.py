"""Lineage from data to stages, both ways, as nodes and edges."""

import msgspec
from django.conf import settings
from django.db.models import Model

from api.endpoint import Nothing, RequiredText
from core.errors import NotFound
from registry import lineage_graph, lookups
from registry.models import ModelVersion
from tracker.lookups import experiment_by_id, logged_model_by_id, run_by_id
from tracker.models import Dataset, LoggedModel, Run


class Node(msgspec.Struct):
    id: str
    kind: str
    name: str
    url: str = ""


class Edge(msgspec.Struct):
    # `from` is no name that Python knows
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")


class Lineage(msgspec.Struct):
    nodes: list[Node]
    edges: list[Edge]
    is_cut: bool


def of_run(request, body: Nothing, run_id: str) -> Lineage:
    """What a run came of and what came of it: datasets, runs, logged models, versions, stages and aliases."""
    return _answer(run_by_id(run_id, user=request.user), request.user)


def of_logged_model(request, body: Nothing, model_id: str) -> Lineage:
    """The same of a logged model."""
    return _answer(logged_model_by_id(model_id, user=request.user), request.user)


def of_version(request, body: Nothing, name: str, version: str) -> Lineage:
    """The same of a version of a registered model."""
    return _answer(lookups.version_by_number(name, version, user=request.user), request.user)


class OfDataset(msgspec.Struct):
    name: RequiredText
    digest: RequiredText


def of_dataset(request, body: OfDataset, experiment_id: int) -> Lineage:
    """What came of a dataset, which an experiment's runs know by name and digest."""
    experiment = experiment_by_id(str(experiment_id), user=request.user)
    found = Dataset.objects.filter(experiment=experiment, name=body.name, digest=body.digest).first()
    if found is None:
        raise NotFound(f"Dataset {body.name[:200]} ({body.digest[:36]}) not found in experiment {experiment_id}.")
    return _answer(found, request.user)


def _answer(start: Model, user) -> Lineage:
    graph = lineage_graph.around(start, user=user)
    nodes = [_node(row) for row in graph.nodes.values()]
    ids = {key: node.id for key, node in zip(graph.nodes, nodes, strict=True)}
    edges = [Edge(ids[source], ids[target]) for source, target in sorted(graph.edges)]
    for key, row in graph.nodes.items():
        if isinstance(row, ModelVersion):
            for place in _places(row):
                nodes.append(place)
                edges.append(Edge(ids[key], place.id))
    return Lineage(list({node.id: node for node in nodes}.values()), edges, graph.is_cut)


def _node(row: Model) -> Node:
    match row:
        case Run():
            return Node(f"run:{row.run_id}", "run", row.name, _url(row))
        case LoggedModel():
            return Node(f"logged_model:{row.model_id}", "logged_model", row.name, _url(row))
        case ModelVersion():
            name = f"{row.model.name}/{row.version}"
            return Node(f"model_version:{name}", "model_version", name, _url(row))
    return Node(f"dataset:{row.experiment_id}/{row.name}/{row.digest}", "dataset", row.name)


def _places(version: ModelVersion) -> list[Node]:
    """Return the stage and the aliases at which a version is."""
    name = version.model.name
    stages = [] if version.place == ModelVersion.Stage.NONE else [str(version.place)]
    found = [Node(f"stage:{name}/{stage}", "stage", stage) for stage in stages]
    aliases = sorted(alias.name for alias in version.aliases.all())
    return found + [Node(f"alias:{name}@{alias}", "alias", alias) for alias in aliases]


def _url(row: Model) -> str:
    return settings.ASSAY_URL + row.get_absolute_url()
