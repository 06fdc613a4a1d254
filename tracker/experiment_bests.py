"""How far experiments got: the best of the primary metric among their latest runs, and its course over them."""

from collections import defaultdict
from typing import NamedTuple

from django.db import connection

from tracker.headlines import PRIMARY_TAG
from tracker.models import Experiment, ExperimentTag, Metric

PRIMARY_IS_LARGE_TAG = "mlflow.experiment.primaryMetric.greaterIsBetter"
NUM_RUNS = 50


class Best(NamedTuple):
    """The primary metric of an experiment: its best value, and the best of each of the latest runs, oldest first."""

    key: str
    is_large_good: bool
    value: float
    values: list[float]


def bests(experiments: list[Experiment]) -> dict[int, Best]:
    """Return the best by the key of each experiment that has a primary metric and a run with it, in three statements."""
    primary = primary_metrics([experiment.pk for experiment in experiments])
    experiment_of = dict(_latest_runs(list(primary)))
    rows = Metric.objects.filter(run__in=experiment_of, key__in={key for key, _ in primary.values()})
    values: dict[int, list[float]] = defaultdict(list)
    by_start = {pk: place for place, pk in enumerate(experiment_of)}
    for run, key, low, high in sorted(
        rows.values_list("run_id", "key", "min_value", "max_value"), key=lambda row: -by_start[row[0]]
    ):
        wanted, is_large_good = primary[experiment_of[run]]
        value = high if is_large_good else low
        if key == wanted and value is not None:
            values[experiment_of[run]].append(value)
    return {pk: Best(*primary[pk], max(found) if primary[pk][1] else min(found), found) for pk, found in values.items()}


def primary_metrics(pks: list[int]) -> dict[int, tuple[str, bool]]:
    """Return (metric, whether more of it is better) by the key of each experiment for which somebody said."""
    tags = ExperimentTag.objects.filter(experiment__in=pks, key__in=[PRIMARY_TAG, PRIMARY_IS_LARGE_TAG])
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for pk, key, value in tags.values_list("experiment_id", "key", "value"):
        found[pk][key] = value
    return {
        pk: (own[PRIMARY_TAG], own.get(PRIMARY_IS_LARGE_TAG, "true").lower() != "false")
        for pk, own in found.items()
        if own.get(PRIMARY_TAG)
    }


# each walks the index run_by_experiment_start, and stops
_LATEST = """
SELECT * FROM (SELECT id, experiment_id FROM tracker_run WHERE experiment_id = %s AND deleted_at IS NULL
ORDER BY start_time_ms DESC, run_id LIMIT {limit}) AS of_{place}
"""


def _latest_runs(pks: list[int]) -> list[tuple[int, int]]:
    """Return (run, experiment) of the NUM_RUNS latest runs of each experiment, its newest first."""
    if not pks:
        return []
    parts = [_LATEST.format(limit=NUM_RUNS, place=place) for place in range(len(pks))]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), pks)
        return cursor.fetchall()
