"""Lineage as a graph, data → run → logged model → version → stage, from one of them back and on, as far as a reader may see."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db.models import Model, QuerySet

from registry.models import ModelVersion
from tracker.models import Dataset, DatasetInput, Experiment, LoggedModel, ModelInput, Run

# of each kind; what stands behind the last is left out, and the graph says so
MAX_NODES = 200
MAX_STEPS = 8

Pairs = Iterable[tuple[int, int]]


@dataclass
class Graph:
    """`nodes` by kind and key; `edges` from (kind, key) to (kind, key). Kinds are the models' own names."""

    nodes: dict[tuple[str, int], Model] = field(default_factory=dict)
    edges: set[tuple[tuple[str, int], tuple[str, int]]] = field(default_factory=set)
    is_cut: bool = False


@dataclass(frozen=True)
class _Edge:
    """A kind of edge; `forward` and `back` return the (from, to) of rows at its beginnings, and at its ends."""

    source: type[Model]
    target: type[Model]
    forward: Callable[[list[int]], Pairs]
    back: Callable[[list[int]], Pairs]


def _by(rows: QuerySet, source: str, target: str) -> dict[str, Callable[[list[int]], Pairs]]:
    return {
        "forward": lambda pks: rows.filter(**{f"{source}__in": pks}).values_list(source, target),
        "back": lambda pks: rows.filter(**{f"{target}__in": pks}).values_list(source, target),
    }


def _uses_of(pks: list[int]) -> Pairs:
    ids = dict(LoggedModel.objects.filter(pk__in=pks).values_list("model_id", "pk"))
    rows = ModelInput.objects.filter(model_id__in=ids).values_list("model_id", "run")
    return [(ids[model_id], run) for model_id, run in rows]


def _used_by(pks: list[int]) -> Pairs:
    rows = list(ModelInput.objects.filter(run__in=pks).values_list("model_id", "run"))
    ids = dict(
        LoggedModel.objects.filter(model_id__in={model_id for model_id, _ in rows}).values_list("model_id", "pk")
    )
    return [(ids[model_id], run) for model_id, run in rows if model_id in ids]


_LOGGED = LoggedModel.objects.active().filter(source_run__isnull=False)
_VERSIONS = ModelVersion.objects.active()
_EDGES = (
    _Edge(Dataset, Run, **_by(DatasetInput.objects.all(), "dataset", "run")),
    _Edge(LoggedModel, Run, _uses_of, _used_by),
    _Edge(Run, LoggedModel, **_by(_LOGGED, "source_run", "pk")),
    _Edge(LoggedModel, ModelVersion, **_by(_VERSIONS, "source_model", "pk")),
    # through its logged model, where it has one
    _Edge(Run, ModelVersion, **_by(_VERSIONS.filter(source_model=None), "source_run", "pk")),
)


def around(start: Model, *, user) -> Graph:
    """Return what a dataset, a run, a logged model or a version came of, and what came of it; `user` may see `start`."""
    found = Graph({_key(start): start})
    for is_forward in (False, True):
        frontier, met = [_key(start)], {_key(start)}
        for _ in range(MAX_STEPS):
            frontier = [key for key in _step(found, frontier, is_forward, user) if key not in met]
            met.update(frontier)
            if not frontier:
                break
        found.is_cut |= bool(frontier)
    return found


def _step(found: Graph, frontier: list[tuple[str, int]], is_forward: bool, user) -> list[tuple[str, int]]:
    """Add what stands one edge further; return the keys of it."""
    reached = []
    for edge in _EDGES:
        begin, end = (edge.source, edge.target) if is_forward else (edge.target, edge.source)
        pks = [pk for kind, pk in frontier if kind == begin._meta.model_name]
        if pks:
            pairs = list((edge.forward if is_forward else edge.back)(pks))
            reached += _add(found, edge, pairs, end, {pair[is_forward] for pair in pairs}, user)
    return list(dict.fromkeys(reached))


def _add(found: Graph, edge: _Edge, pairs: list, end: type[Model], pks: set[int], user) -> list[tuple[str, int]]:
    kind = end._meta.model_name
    room = MAX_NODES - sum(one == kind for one, _ in found.nodes)
    unknown = sorted(pk for pk in pks if (kind, pk) not in found.nodes)
    found.is_cut |= len(unknown) > room
    for row in _visible(end, user).filter(pk__in=unknown[: max(room, 0)]):
        found.nodes[_key(row)] = row
    for source, target in pairs:
        ends = (edge.source._meta.model_name, source), (edge.target._meta.model_name, target)
        if all(one in found.nodes for one in ends):
            found.edges.add(ends)
    return [(kind, pk) for pk in sorted(pks) if (kind, pk) in found.nodes]


def _visible(model: type[Model], user) -> QuerySet:
    if model is Dataset:
        return Dataset.objects.filter(experiment__in=Experiment.objects.visible_to(user))
    if model is ModelVersion:
        return ModelVersion.objects.active().visible_to(user).select_related("model").prefetch_related("aliases")
    return model.objects.visible_to(user).active()


def _key(row: Model) -> tuple[str, int]:
    return row._meta.model_name, row.pk
