"""How the metric by which a model is known went over its last versions, for lists of models, in a constant number of statements."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import OuterRef, Q, Subquery

from registry.models import ModelVersion, RegisteredModel
from tracker.models import Metric

# what a small curve can show; the page of a model draws more
NUM_VERSIONS = 8


class Point(NamedTuple):
    version: int
    value: float


class Trend(NamedTuple):
    """A metric of two versions or more, the oldest first."""

    key: str
    points: list[Point]


def last_versions(models: Sequence[RegisteredModel]) -> list[ModelVersion]:
    """Return the NUM_VERSIONS newest versions of each model, those that are there, by number; in two statements.

    The number of the oldest one comes from the index, so that a model with thousands of versions costs no more.
    """
    newest = ModelVersion.objects.filter(model=OuterRef("pk"), deleted_at=None).order_by("-version").values("version")
    oldest = Subquery(newest[NUM_VERSIONS - 1 : NUM_VERSIONS])
    rows = RegisteredModel.objects.filter(pk__in=[model.pk for model in models]).annotate(oldest=oldest)
    wanted = Q(pk__in=[])
    for pk, number in rows.values_list("pk", "oldest"):
        wanted |= Q(model=pk, version__gte=number or 0)
    found = ModelVersion.objects.filter(wanted, deleted_at=None).only("model", "version", "source_run")
    return sorted(found, key=lambda version: (version.model_id, version.version))


def of_models(versions: Sequence[ModelVersion], metrics: dict[int, Metric]) -> dict[int, Trend]:
    """Return the trend of each model of which two versions have the same metric, from `model_list.metrics_of`."""
    by_model = defaultdict(list)
    for version in versions:
        by_model[version.model_id].append(version)
    found = {}
    for pk, own in by_model.items():
        shown = alike(own, metrics)
        points = [Point(version.version, shown[version.pk].last_value) for version in own if version.pk in shown]
        if len(points) > 1:
            found[pk] = Trend(next(iter(shown.values())).key, points)
    return found


def alike(versions: Sequence[ModelVersion], metrics: dict[int, Metric]) -> dict[int, Metric]:
    """Return by version the metrics of the name that most of them have, those that are numbers."""
    own = {version.pk: metrics[version.pk] for version in versions if version.pk in metrics}
    counted = Counter(metric.key for metric in own.values())
    key = counted.most_common(1)[0][0] if counted else ""
    return {
        pk: metric
        for pk, metric in own.items()
        if metric.key == key and not metric.last_is_nan and math.isfinite(metric.last_value)
    }
