"""Columns of the runs table: which there are, how an address names them, which a table begins with."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef

from tracker.models import Experiment, Metric, Param, Run, RunTag

ATTRIBUTES = {
    "status": "Status",
    "started": "Started",
    "duration": "Duration",
    "user": "By",
    "source": "Source",
    "dataset": "Dataset",
    "model": "Model",
    "versions": "Registered",
}
# what they show is not the run's own
UNSORTED = ("versions",)
ROLLUPS = {kind: kind for kind in ("last", "best", "min", "max", "first", "mean", "count")}
PARENT = "mlflow.parentRunId"
MAX_KEY = 250
MAX_COLUMNS = 60

# Who names no columns sees what the latest runs logged
DEFAULT_ATTRIBUTES = ("status", "started", "duration", "user", "source")
NUM_LATEST = 30
NUM_KNOWN_RUNS = 200
MAX_KNOWN = 60
NUM_DEFAULT_METRICS = 4
NUM_DEFAULT_PARAMS = 4

_SMALL_IS_GOOD = (
    "loss",
    "error",
    "err",
    "mse",
    "rmse",
    "mae",
    "mape",
    "perplexity",
    "ppl",
    "wer",
    "cer",
    "fid",
    "latency",
)


class Column(NamedTuple):
    """A column: an attribute of the run, a rollup of one of its metrics, a param or a tag."""

    kind: str
    key: str = ""

    @property
    def token(self) -> str:
        """Return its name in an address.

        >>> Column("max", "val/accuracy").token
        'max:val/accuracy'
        >>> Column("status").token
        'status'
        """
        return f"{self.kind}:{self.key}" if self.key else self.kind

    @property
    def is_metric(self) -> bool:
        return self.kind in ROLLUPS

    @property
    def group(self) -> str:
        if self.is_metric:
            return "Metrics"
        return {"param": "Parameters", "tag": "Tags"}.get(self.kind, "")

    @property
    def label(self) -> str:
        return self.key or ATTRIBUTES.get(self.kind, "Run")


def parse(token: str) -> Column | None:
    """Return the column that an address names, None where there is none of that name.

    >>> parse("min:val/loss")
    Column(kind='min', key='val/loss')
    >>> parse("password") is None
    True
    """
    kind, colon, key = token.partition(":")
    if not colon:
        return Column(kind) if kind in ATTRIBUTES else None
    if (kind in ROLLUPS or kind in ("param", "tag")) and 0 < len(key) <= MAX_KEY and "\0" not in key:
        return Column(kind, key)
    return None


def parse_group(text: str) -> Column | None:
    """Return the param or tag that runs are grouped by, as an address or a person names it; a bare word is a param.

    >>> parse_group("param:lr") == parse_group("params.lr") == parse_group("params.`lr`") == parse_group("lr")
    True
    >>> parse_group("tags.team").token, parse_group("")
    ('tag:team', None)
    """
    text = text.strip()
    for prefix, kind in (("param:", "param"), ("tag:", "tag"), ("params.", "param"), ("tags.", "tag")):
        if text.startswith(prefix):
            key = text.removeprefix(prefix)
            return parse(f"{kind}:{key.strip('`') if prefix.endswith('.') else key}")
    return parse(f"param:{text}") if text else None


def parse_all(tokens: Iterable[str]) -> list[Column]:
    """Return the columns in the order of their names, each once."""
    return list(dict.fromkeys(column for column in map(parse, tokens) if column))[:MAX_COLUMNS]


def in_order_of(shown: Iterable[Column], chosen: Iterable[Column]) -> list[Column]:
    """Return the chosen columns, those that are shown already in their order, each other behind the last of its group.

    >>> loss, seed, status = Column("last", "loss"), Column("param", "seed"), Column("status")
    >>> [column.token for column in in_order_of([loss, status], [status, Column("started"), loss, seed])]
    ['last:loss', 'status', 'started', 'param:seed']
    """
    chosen = list(chosen)
    columns = [column for column in shown if column in chosen]
    for column in chosen:
        if column not in columns:
            groups = [one.group for one in columns]
            place = len(groups) - groups[::-1].index(column.group) if column.group in groups else len(groups)
            columns.insert(place, column)
    return columns


def is_small_good(key: str, primary: tuple[str, bool] | None = None) -> bool:
    """Tell whether less of this metric is better: as the experiment says, else by the usual names.

    >>> is_small_good("val/loss"), is_small_good("val/accuracy")
    (True, False)
    """
    if primary and primary[0] == key:
        return not primary[1]
    words = key.lower().replace("/", "_").replace("-", "_").replace(".", "_").split("_")
    return any(word in _SMALL_IS_GOOD for word in words)


def default_columns(experiment: Experiment, primary_key: str = "") -> list[Column]:
    """Return what most of the latest runs logged, the primary metric first and params that differ before those that do not.

    Runs under a parent are folded away at first, so what only they logged comes after what the others did.
    """
    latest = list(_latest(experiment)[:NUM_LATEST])
    by_themselves = list(_without_parent(experiment)[:NUM_LATEST])
    runs = [by_themselves] if latest == by_themselves else [by_themselves, latest]
    metric_keys = [*filter(None, [primary_key]), *(key for pks in runs for key in _usual_metrics(pks))]
    param_keys = [key for pks in runs for key in _telling_params(pks)]
    return [
        *map(Column, DEFAULT_ATTRIBUTES),
        *(Column("last", key) for key in list(dict.fromkeys(metric_keys))[:NUM_DEFAULT_METRICS]),
        *(Column("param", key) for key in list(dict.fromkeys(param_keys))[:NUM_DEFAULT_PARAMS]),
    ]


def _usual_metrics(pks: list[int]) -> list[str]:
    metrics = Metric.objects.filter(run__in=pks).exclude(key__startswith="system/").values_list("key")
    return [key for key, _ in metrics.annotate(num=Count("pk")).order_by("-num", "key")[:NUM_DEFAULT_METRICS]]


def _telling_params(pks: list[int]) -> list[str]:
    params = Param.objects.filter(run__in=pks).values_list("key")
    counted = params.annotate(num=Count("pk"), num_values=Count("value", distinct=True))
    best = sorted(counted, key=lambda row: (row[2] == 1, -row[1], row[0]))
    return [key for key, _, _ in best[:NUM_DEFAULT_PARAMS]]


class Known(NamedTuple):
    """Keys that runs logged lately and that hold a text."""

    metrics: list[str]
    params: list[str]
    tags: list[str]


def known_columns(experiment: Experiment, text: str = "") -> Known:
    """Return at most MAX_KNOWN keys of each kind that hold `text`, case aside, by name."""
    latest = list(_latest(experiment)[:NUM_KNOWN_RUNS])
    keys = []
    for model in (Metric, Param, RunTag):
        rows = model.objects.filter(run__in=latest, key__icontains=text).order_by("key")
        keys.append(list(rows.values_list("key", flat=True).distinct()[:MAX_KNOWN]))
    return Known(*keys)


def _without_parent(experiment: Experiment):
    return _latest(experiment).exclude(Exists(RunTag.objects.filter(run=OuterRef("pk"), key=PARENT)))


def _latest(experiment: Experiment):
    rows = Run.objects.active().filter(experiment=experiment)
    return rows.order_by("-start_time_ms", "run_id").values_list("pk", flat=True)
