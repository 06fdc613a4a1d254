"""A digest of what runs logged, cheap enough to look at on every page: it changes when a comparison of them would."""

import hashlib
import json
from collections.abc import Iterable

from django.db.models import Count, Max, Sum, TextField
from django.db.models.functions import MD5, Cast, Left, Length

from tracker.comparing.terms import VERSION
from tracker.models import Artifact, DatasetInput, Environment, ExperimentTag, Metric, Param, Run, RunTag
from tracker.run_facts import SYSTEM_PREFIX

# in characters; notes and diffs may be long
MAX_READ = 300


def digest(pks: Iterable[int], base_id: str = "") -> str:
    """Return 64 hex digits for these runs and base.

    Params, datasets and files come and go as rows, so how many there are and their highest key tell; a metric's row is
    written over, but with one more point each time. Tags change in place: their values are read, of long ones the size.
    """
    pks = sorted(pks)
    runs = Run.objects.filter(pk__in=pks).order_by("pk")
    metrics = Metric.objects.filter(run__in=pks).exclude(key__startswith=SYSTEM_PREFIX)
    tags = RunTag.objects.filter(run__in=pks).annotate(size=Length("value")).order_by("run", "key")
    environments = Environment.objects.of_runs(pks).annotate(sum=MD5(Cast("packages", TextField()))).order_by("pk")
    experiments = ExperimentTag.objects.filter(experiment__in=runs.order_by().values("experiment"))
    parts = [
        [VERSION, base_id],
        list(runs.values_list("pk", "name", "experiment")),
        metrics.aggregate(Count("pk"), points=Sum("count")),
        Param.objects.filter(run__in=pks).aggregate(Count("pk"), Max("pk")),
        [[run, key, value if size <= MAX_READ else size] for run, key, value, size in _short(tags)],
        Artifact.objects.filter(run__in=pks).aggregate(Count("pk"), Max("pk"), Sum("blob"), Count("blob__sha256")),
        DatasetInput.objects.filter(run__in=pks).aggregate(Count("pk"), Max("pk")),
        # a better file writes an environment over
        list(environments.values_list("pk", "python", "packages_from", "sum")),
        list(experiments.filter(key__startswith="mlflow.experiment.primaryMetric").order_by("pk").values_list("value")),
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _short(tags):
    return tags.annotate(head=Left("value", MAX_READ)).values_list("run", "key", "head", "size")
