"""The one metric by which a run is known where there is room for one: in lists of runs of many experiments."""

from collections.abc import Iterable

from django.db.models import Min, Q

from tracker.models import ExperimentTag, Metric, Run

PRIMARY_TAG = "mlflow.experiment.primaryMetric.name"
SYSTEM_PREFIX = "system/"


def headline_metrics(runs: Iterable[Run]) -> dict[int, Metric]:
    """Return a metric by the key of each run that has any, in three statements.

    It is the primary metric of its experiment. Where nobody chose one or the run has not logged it, it is the first by
    name that has a curve, then the first by name; those of the system do not count.
    """
    experiment_of = {run.pk: run.experiment_id for run in runs}
    tags = ExperimentTag.objects.filter(experiment__in=set(experiment_of.values()), key=PRIMARY_TAG)
    primary = dict(tags.values_list("experiment_id", "value"))
    own = Metric.objects.filter(run__in=experiment_of)
    first = own.exclude(key__startswith=SYSTEM_PREFIX).values_list("run_id").order_by("run_id")
    fallback = {
        pk: curve or name for pk, curve, name in first.annotate(curve=Min("key", filter=Q(count__gt=1)), any=Min("key"))
    }
    found: dict[int, Metric] = {}
    for metric in own.filter(key__in={*primary.values(), *fallback.values()}):
        is_primary = metric.key == primary.get(experiment_of[metric.run_id])
        if is_primary or (metric.key == fallback.get(metric.run_id) and metric.run_id not in found):
            found[metric.run_id] = metric
    return found
