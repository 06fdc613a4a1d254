"""By how much the versions under review are better or worse than what they would replace, in one metric each."""

import math
from collections.abc import Sequence

from pages.duels import MetricRow, compared
from registry import model_list
from registry.models import Alias, ModelVersion, TransitionRequest
from registry.models.policy import Target
from tracker.compared_metrics import direction_of, directions
from tracker.models import Metric, Run


def deltas(requests: Sequence[TransitionRequest], *, user) -> dict[int, MetricRow]:
    """Return by request the metric by which its version is known, beside the incumbent's; in eight statements for all."""
    versions = {request.pk: request.version for request in requests}
    found = model_list.metrics_of(list(versions.values()), user=user)
    incumbents = _incumbents([request for request in requests if request.version_id in found])
    runs = _runs({version.source_run_id for version in [*versions.values(), *incumbents.values()]}, user)
    before = _metrics(incumbents.values(), {metric.key for metric in found.values()}, runs)
    known = directions(list(runs.values())) if runs else {}
    rows = {}
    for pk, other in incumbents.items():
        metric = found[versions[pk].pk]
        old = before.get((other.source_run_id, metric.key))
        if old is not None and other.pk != versions[pk].pk:
            rows[pk] = compared(metric.key, _number(old), _number(metric), direction_of(metric.key, known))
    return rows


def _incumbents(requests: Sequence[TransitionRequest]) -> dict[int, ModelVersion]:
    models = {request.version.model_id for request in requests}
    tops = ModelVersion.objects.filter(model__in=models, deleted_at=None).latest_of_stages("added_stage")
    # the highest number last, since a stage of the wire also holds what is in those that show as it
    in_stages = sorted(tops, key=lambda row: row.version)
    aliases = Alias.objects.filter(model__in=models).select_related("version")
    there = {(row.model_id, Target.STAGE.value, name): row for row in in_stages for name in (row.stage, row.place)}
    there |= {(row.model_id, Target.ALIAS.value, row.name): row.version for row in aliases}
    keys = {request.pk: (request.version.model_id, request.kind, request.target) for request in requests}
    return {pk: there[key] for pk, key in keys.items() if key in there}


def _runs(pks: set[int | None], user) -> dict[int, Run]:
    return {run.pk: run for run in Run.objects.visible_to(user).filter(pk__in=pks - {None})}


def _metrics(versions, keys: set[str], runs: dict[int, Run]) -> dict[tuple[int, str], Metric]:
    pks = {version.source_run_id for version in versions} & runs.keys()
    rows = Metric.objects.filter(run__in=pks, key__in=keys) if pks and keys else []
    return {(row.run_id, row.key): row for row in rows}


def _number(metric: Metric) -> float:
    return math.nan if metric.last_is_nan else metric.last_value
