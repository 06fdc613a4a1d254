"""The metrics of runs side by side: one rollup of each, read in two queries whatever the number of runs."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, Max, Min, Q, Sum, Value, When

from tracker.comparison import Row, Rows, room, rows_of
from tracker.models import ExperimentTag, Metric, Run
from tracker.run_facts import SYSTEM_PREFIX, direction

ROLLUPS = ("last", "best", "min", "max")
_PRIMARY_TAGS = ("mlflow.experiment.primaryMetric.name", "mlflow.experiment.primaryMetric.greaterIsBetter")


class Rollup(NamedTuple):
    """A number of a metric, NaN where it is none, the step it belongs to and the number of points."""

    value: float
    step: int | None
    count: int


def directions(runs: Sequence[Run]) -> dict[str, str]:
    """Return "up" or "down" for the primary metrics of the runs' experiments; other metrics go by their names."""
    tags: dict[int, dict[str, str]] = defaultdict(dict)
    rows = ExperimentTag.objects.filter(experiment__in={run.experiment_id for run in runs}, key__in=_PRIMARY_TAGS)
    for experiment, key, value in rows.order_by("experiment").values_list("experiment", "key", "value"):
        tags[experiment][key] = value
    name, is_large_good = _PRIMARY_TAGS
    return {
        found[name]: "down" if found.get(is_large_good, "true").lower() == "false" else "up"
        for found in tags.values()
        if found.get(name)
    }


def metrics(
    runs: Sequence[Run], show: str, known: dict[str, str], *, only_differing: bool = False, find: str = ""
) -> Rows:
    """Return rollups by metric, primary ones first; those of the system only where `find` names them."""
    rows = rows_of(Metric, runs, find)
    if not find:
        rows = rows.exclude(key__startswith=SYSTEM_PREFIX)
    keyed = rows.values("key").annotate(num=Count("pk"))
    if only_differing:
        keyed = keyed.annotate(**_spread(show)).filter(Q(num__lt=len(runs)) | _is_spread(show))
    keys = list(keyed.annotate(rank=_rank(known)).order_by("rank", "key").values_list("key", flat=True))
    shown = keys[: room(runs)]
    found = {
        (row.key, row.run_id): _rollup(row, _stored(show, direction_of(row.key, known)))
        for row in rows.filter(key__in=shown)
    }
    return Rows([Row(key, [found.get((key, run.pk)) for run in runs]) for key in shown], len(keys))


def direction_of(key: str, known: dict[str, str]) -> str:
    return known.get(key) or direction(key)


def _rank(known: dict[str, str]) -> Case:
    return Case(When(key__in=list(known), then=Value(0)), default=Value(1))


def _stored(show: str, direction: str) -> str:
    if show != "best":
        return show
    return "min" if direction == "down" else "max"


def _columns(show: str) -> list[str]:
    return ["min_value", "max_value"] if show == "best" else [f"{show}_value"]


def _spread(show: str) -> dict[str, Any]:
    found = {"num_nan_last": Sum(Case(When(last_is_nan=True, then=1), default=0))}
    for column in _columns(show):
        found |= {f"low_{column}": Min(column), f"high_{column}": Max(column), f"num_{column}": Count(column)}
    return found


def _is_spread(show: str) -> Q:
    """Return whether the numbers differ; NaN is stored as 0 beside a flag, or as null where it is no extreme."""
    spread = Q(num_nan_last__gt=0, num_nan_last__lt=F("num")) if show == "last" else Q()
    for column in _columns(show):
        spread |= Q(**{f"low_{column}__lt": F(f"high_{column}")})
        spread |= Q(**{f"num_{column}__gt": 0, f"num_{column}__lt": F("num")})
    return spread


def _rollup(row: Metric, name: str) -> Rollup:
    value = row.last if name == "last" else getattr(row, f"{name}_value")
    return Rollup(float("nan") if value is None else value, getattr(row, f"{name}_step"), row.count)
