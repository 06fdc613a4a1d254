"""The runs table: one page of an experiment's runs with exactly the columns that are shown, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Left

from core.fields import CodePointTextField
from tracker import keyset
from tracker.columns import PARENT, Column, is_small_good, parse
from tracker.keyset import Key
from tracker.models import DatasetInput, LoggedModel, Metric, Param, Run, RunTag
from tracker.models.run import AsRunId
from tracker.run_index import NUMBER_PATTERN

# what the source column is drawn from
SOURCE_TAGS = ("mlflow.source.name", "mlflow.source.git.commit", "mlflow.source.type", PARENT)
# a cell shows the beginning of a long value; the run's page shows all of it
MAX_CELL = 200
MAX_CHILDREN = 100


class Sort(NamedTuple):
    """By which column the table is sorted; `started` from the newest is the order that costs least."""

    column: Column
    is_descending: bool

    @property
    def token(self) -> str:
        return ("-" if self.is_descending else "") + self.column.token

    @property
    def is_default(self) -> bool:
        return self == NEWEST_FIRST


NEWEST_FIRST = Sort(Column("started"), True)


def read_sort(token: str) -> Sort:
    """Return the order that an address names, newest first where it names none.

    >>> read_sort("-max:val/accuracy").token
    '-max:val/accuracy'
    """
    name = token.removeprefix("-")
    column = Column("name") if name == "name" else parse(name)
    return Sort(column, token.startswith("-")) if column else NEWEST_FIRST


class Rollup(NamedTuple):
    """What a cell of a metric shows: a number, None for NaN, and the step it belongs to."""

    value: float | None
    step: int | None
    count: int


@dataclass
class Logged:
    """What the runs of a page logged, as far as its columns show it; keyed by the run's key and the name."""

    metrics: dict[tuple[int, Column], Rollup] = field(default_factory=dict)
    params: dict[tuple[int, str], str] = field(default_factory=dict)
    tags: dict[tuple[int, str], str] = field(default_factory=dict)
    datasets: dict[int, list[str]] = field(default_factory=dict)
    models: dict[int, list[str]] = field(default_factory=dict)
    # of registered models, which whoever knows the registry fills in
    versions: dict[int, list[str]] = field(default_factory=dict)
    num_children: dict[int, int] = field(default_factory=dict)


def page(rows: QuerySet, sort: Sort, *, size: int, after: str = "", before: str = "", primary=None) -> keyset.Page:
    """Return a page of the runs in `rows`, with their authors. Raises InvalidValue for a place that does not fit the order."""
    ordered, keys = order(rows, sort, primary)
    return keyset.page(ordered.select_related("created_by"), keys, size=size, after=after, before=before)


def order(rows: QuerySet, sort: Sort, primary=None) -> tuple[QuerySet, list[Key]]:
    """Return the runs with what the order needs, and its keys; runs without a value come last either way."""
    column, down = sort
    if column.kind == "started":
        # the index run_by_experiment_start, walked either way
        return rows, [Key("start_time_ms", int, down), Key("run_id", str, not down)]
    if column.kind in ("name", "status"):
        return rows, [Key(column.kind, str, down), Key("pk", int, True)]
    if column.kind == "duration":
        rows = rows.annotate(
            sort_rank=_rank(F("end_time_ms")), sort_value=Coalesce(F("end_time_ms") - F("start_time_ms"), 0)
        )
        return rows, _ranked(int, down)
    if column.kind == "user":
        author = Coalesce("created_by__username", "claimed_user", output_field=CodePointTextField())
        return rows.annotate(sort_value=author), [Key("sort_value", str, down), Key("pk", int, True)]
    if column.is_metric:
        return _order_by_metric(rows, column, primary), _ranked(float, down)
    return _order_by_text(rows, column), [
        Key("sort_rank", int),
        Key("sort_number", float, down),
        Key("sort_value", str, down),
        Key("pk", int, True),
    ]


def _ranked(kind: type, down: bool) -> list[Key]:
    return [Key("sort_rank", int), Key("sort_value", kind, down), Key("pk", int, True)]


def _rank(value) -> Case:
    return Case(When(Q(_isnull(value)), then=Value(1)), default=Value(0), output_field=IntegerField())


def _isnull(value) -> tuple[str, bool]:
    return (f"{value.name}__isnull", True)


def _order_by_metric(rows: QuerySet, column: Column, primary) -> QuerySet:
    """Annotate sort_rank (0 a number, 1 NaN, 2 none) and sort_value (float)."""
    value, nan = stored_in(column, primary)
    rows = rows.annotate(sorted_by=FilteredRelation("metrics", condition=Q(metrics__key=column.key)))
    is_nan = Q(**{f"sorted_by__{nan}": True}) if nan else Q(**{f"sorted_by__{value}": None})
    return rows.annotate(
        sort_rank=Case(
            When(sorted_by__id=None, then=Value(2)),
            When(is_nan, then=Value(1)),
            default=Value(0),
            output_field=IntegerField(),
        ),
        sort_value=Coalesce(F(f"sorted_by__{value}"), Value(0.0), output_field=FloatField()),
    )


def _order_by_text(rows: QuerySet, column: Column) -> QuerySet:
    """Annotate sort_rank (0 a number, 1 text, 2 none), sort_number (float) and sort_value (text)."""
    relation, key = ("params", column.key) if column.kind == "param" else ("tags", _TAG_OF.get(column.kind, column.key))
    rows = rows.annotate(sorted_by=FilteredRelation(relation, condition=Q(**{f"{relation}__key": key})))
    number = AsNumber(F("sorted_by__value"))
    return rows.annotate(
        sort_number=Coalesce(number, Value(0.0), output_field=FloatField()),
        sort_rank=AsRank(F("sorted_by__value")),
        # numbers that are equal sort alike however they are written
        sort_value=Coalesce(Left("sorted_by__value", MAX_CELL), Value(""), output_field=CodePointTextField()),
    )


# how the columns of attributes that are drawn from a tag are sorted
_TAG_OF = {"source": "mlflow.source.name", "dataset": "mlflow.datasets", "model": "mlflow.log-model.history"}
_COLUMN = {
    "last": "last_value", "first": "first_value", "min": "min_value", "max": "max_value", "mean": "mean", "count": "count",
}  # fmt: skip
_STEP = {"last": "last_step", "first": "first_step", "min": "min_step", "max": "max_step"}


def stored_in(column: Column, primary) -> tuple[str, str]:
    """Return where a metric's row has the value of the column, and what says there that it is NaN: "" where it is null then."""
    name = _stored(column, primary)
    return _COLUMN[name], f"{name}_is_nan" if name in ("last", "first") else ""


def _stored(column: Column, primary) -> str:
    """Return under which name the value of the column is stored; "best" is min or max, by what is good for the metric."""
    if column.kind != "best":
        return column.kind
    return "min" if is_small_good(column.key, primary) else "max"


class AsNumber(Func):
    """Text as a double where it is written as a number, else null."""

    output_field = FloatField(null=True)

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(
            compiler,
            connection,
            template=(
                "CASE WHEN json_valid(%(expressions)s) THEN CASE WHEN json_type(%(expressions)s) IN ('integer', 'real') "
                "THEN CAST(%(expressions)s AS REAL) END END"
            ),
        )

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(
            compiler,
            connection,
            template=f"CASE WHEN %(expressions)s ~ '{NUMBER_PATTERN}' THEN CAST(%(expressions)s AS double precision) END",
        )


class AsRank(Func):
    """0 for a number, 1 for other text, 2 for null."""

    output_field = IntegerField()

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(
            compiler,
            connection,
            template=(
                "CASE WHEN %(expressions)s IS NULL THEN 2 WHEN json_valid(%(expressions)s) THEN "
                "CASE WHEN json_type(%(expressions)s) IN ('integer', 'real') THEN 0 ELSE 1 END ELSE 1 END"
            ),
        )

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(
            compiler,
            connection,
            template=(
                f"CASE WHEN %(expressions)s IS NULL THEN 2 WHEN %(expressions)s ~ '{NUMBER_PATTERN}' THEN 0 ELSE 1 END"
            ),
        )


def author(run: Run) -> tuple[str, str]:
    """Return who logged the run by their token, and whom the client named where that is somebody else."""
    verified = run.created_by.get_username() if run.created_by else ""
    claimed = run.claimed_user if run.claimed_user != verified else ""
    return (verified, claimed) if verified else (claimed, "")


def top_level(rows: QuerySet) -> QuerySet:
    """Leave out runs that stand under a parent in the same table; those whose parent is elsewhere or gone stay."""
    parent = Run.objects.filter(run_id=OuterRef("value"), experiment=OuterRef("run__experiment"), deleted_at=None)
    return rows.exclude(Exists(RunTag.objects.filter(Exists(parent), run=OuterRef("pk"), key=PARENT)))


def children(rows: QuerySet, parent_ids: Iterable[str]) -> dict[str, list[Run]]:
    """Return the children of each of these runs among `rows`, the first MAX_CHILDREN by start."""
    edges = RunTag.objects.alias(parent=AsRunId("value")).filter(key=PARENT, parent__in=list(parent_ids))
    parent_of = dict(edges.filter(run__in=rows).order_by("run__start_time_ms").values_list("run_id", "value"))
    found: dict[str, list[Run]] = defaultdict(list)
    for run in (
        Run.objects.filter(pk__in=list(parent_of)[:MAX_CHILDREN])
        .select_related("created_by")
        .order_by("start_time_ms", "run_id")
    ):
        found[parent_of[run.pk]].append(run)
    return found


def logged(runs: list[Run], columns: Iterable[Column], primary=None, *, is_whole: bool = False) -> Logged:
    """Read what the columns show of these runs, long values whole where `is_whole`; the number of queries depends on neither."""
    columns = list(columns)
    pks = [run.pk for run in runs]
    kinds = {column.kind for column in columns}
    return Logged(
        metrics=_metrics(pks, [column for column in columns if column.is_metric], primary),
        params=_texts(Param, pks, [column.key for column in columns if column.kind == "param"], is_whole),
        tags=_texts(RunTag, pks, [*SOURCE_TAGS, *(column.key for column in columns if column.kind == "tag")], is_whole),
        datasets=_datasets(pks) if "dataset" in kinds else {},
        models=_models(pks) if "model" in kinds else {},
        num_children=_num_children(runs),
    )


def _metrics(pks: list[int], columns: list[Column], primary) -> dict[tuple[int, Column], Rollup]:
    if not columns:
        return {}
    stored = {column: (*stored_in(column, primary), _STEP.get(_stored(column, primary), "")) for column in columns}
    names = list(dict.fromkeys(name for three in stored.values() for name in three if name))
    # a value, what says that it is NaN, and its step: places in a row, the last of which is empty
    by_key: dict[str, list[tuple[Column, int, int, int]]] = defaultdict(list)
    for column, three in stored.items():
        value, is_nan, step = (names.index(name) if name else len(names) for name in three)
        by_key[column.key].append((column, value, is_nan, step))
    found = {}
    rows = Metric.objects.filter(run__in=pks, key__in=list(by_key)).values_list("run_id", "key", "count", *names)
    for run, key, count, *read in rows:
        read.append(None)
        for column, value, is_nan, step in by_key[key]:
            found[run, column] = Rollup(None if read[is_nan] else read[value], read[step], count)
    return found


def _texts(model, pks: list[int], keys: list[str], is_whole: bool) -> dict[tuple[int, str], str]:
    if not keys:
        return {}
    rows = model.objects.filter(run__in=pks, key__in=keys)
    rows = rows.annotate(shown=F("value") if is_whole else Left("value", MAX_CELL))
    return {(pk, key): value for pk, key, value in rows.values_list("run_id", "key", "shown")}


def _datasets(pks: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for pk, name in DatasetInput.objects.filter(run__in=pks).order_by("pk").values_list("run_id", "dataset__name"):
        found[pk].append(name)
    return found


def _models(pks: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = LoggedModel.objects.active().filter(source_run__in=pks).order_by("pk")
    for pk, name in rows.values_list("source_run_id", "name"):
        found[pk].append(name)
    return found


def _num_children(runs: list[Run]) -> dict[int, int]:
    """Count the children that stand in the same experiment and are not deleted, by the parent's key."""
    pk_of = {run.run_id: run.pk for run in runs}
    experiments = {run.experiment_id for run in runs}
    # + 0, so that SQLite begins with the few children and not with all runs of the experiment
    edges = RunTag.objects.annotate(parent=AsRunId("value")).alias(within=F("run__experiment_id") + 0)
    edges = edges.filter(key=PARENT, parent__in=list(pk_of), within__in=experiments, run__deleted_at=None)
    return {pk_of[parent]: num for parent, num in edges.values_list("parent").annotate(num=Count("pk")).order_by()}
