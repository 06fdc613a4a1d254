"""The list of experiments: folders from the / in names, one page by key, counts of runs by state."""

from collections import defaultdict
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import StrIndex, Substr

from tracker import keyset
from tracker.keyset import Key
from tracker.models import Experiment, ExperimentTag, Run

SORTS = {
    "activity": [Key("last_activity_ms", int, True), Key("pk", int, True)],
    "name": [Key("name", str), Key("pk", int)],
    "runs": [Key("num_runs", int, True), Key("pk", int, True)],
    "created": [Key("creation_time_ms", int, True), Key("pk", int, True)],
}
MAX_TAGS = 4
# what the client and we keep there ourselves
HIDDEN_TAGS = "mlflow."
_SLASH = Value("/")


class Folder(NamedTuple):
    """What stands below a / in names."""

    name: str
    num_experiments: int
    last_activity_ms: int


class Counts(NamedTuple):
    """Runs of an experiment that are not deleted, by what became of them."""

    running: int = 0
    finished: int = 0
    failed: int = 0


def folders(rows: QuerySet, inside: str) -> list[Folder]:
    """Return the folders right below `inside` ("" or a name that ends in /), by name.

    >>> folders(Experiment.objects.all(), "defects/")  # doctest: +SKIP
    [Folder(name='welds', num_experiments=3, last_activity_ms=…)]
    """
    below = below_folder(rows, inside)
    rest = Substr("name", len(inside) + 1)
    below = below.alias(rest=rest, slash=StrIndex(rest, _SLASH)).filter(slash__gt=0)
    named = below.annotate(folder=Substr("name", len(inside) + 1, StrIndex(rest, _SLASH) - 1))
    found = named.order_by().values_list("folder").annotate(num=Count("pk"), last=Max("last_activity_ms"))
    return [Folder(*row) for row in sorted(found)]


def below_folder(rows: QuerySet, inside: str) -> QuerySet:
    """Return the experiments whose names begin with `inside`, "" or a name that ends in /."""
    # as a range, which both engines find in the index of names, and in which SQLite tells D from d
    return rows.filter(name__gte=inside, name__lt=f"{inside[:-1]}0") if inside else rows


def directly_in(rows: QuerySet, inside: str) -> QuerySet:
    """Return the experiments that stand in this folder itself, not in one of its folders."""
    rest = Substr("name", len(inside) + 1)
    rows = below_folder(rows, inside)
    return rows.alias(slash=StrIndex(rest, _SLASH)).filter(slash=0)


def matching(rows: QuerySet, text: str) -> QuerySet:
    """Return the experiments that have every word of `text` in their name, or in a tag as key or key=value."""
    for word in text.split():
        key, equals, value = word.partition("=")
        tagged = (
            Q(key__iexact=key, value__icontains=value) if equals else Q(key__icontains=word) | Q(value__icontains=word)
        )
        own = ExperimentTag.objects.filter(tagged, experiment=OuterRef("pk")).exclude(key__startswith=HIDDEN_TAGS)
        rows = rows.filter(Q(name__icontains=word) | Exists(own))
    return rows


def with_running(rows: QuerySet) -> QuerySet:
    live = Run.objects.filter(experiment=OuterRef("pk"), status=Run.Status.RUNNING, deleted_at=None)
    return rows.filter(Exists(live))


def page(rows: QuerySet, sort: str, *, size: int, after: str = "", before: str = "") -> keyset.Page:
    return keyset.page(rows.select_related("created_by"), SORTS[sort], size=size, after=after, before=before)


# literals, so that SQLite finds the indexes run_live and run_unfinished; every other run has finished
_COUNT = """
SELECT experiment_id, {status}, COUNT(*) FROM tracker_run
WHERE deleted_at IS NULL AND status {among} AND {experiment} IN ({ids}) GROUP BY 1, 2
"""
# + 0, or SQLite, which knows an experiment's runs by their average, takes an index of all of them where one has a million
_LIVE = {"status": "'RUNNING'", "among": "= 'RUNNING'", "experiment": "experiment_id + 0"}
_UNFINISHED = {
    "status": "status",
    "among": "IN ('FAILED', 'KILLED', 'SCHEDULED')",
    "experiment": "experiment_id",
}


def counts(experiments: list[Experiment]) -> dict[int, Counts]:
    """Count the runs of these experiments by state, reading only those that live, wait or failed."""
    found: dict[int, list[int]] = {experiment.pk: [0, 0] for experiment in experiments}
    for pk, status, num in [*_count(_LIVE, found), *_count(_UNFINISHED, found)]:
        found[pk][status in ("FAILED", "KILLED")] += num
    return {
        experiment.pk: Counts(live, max(experiment.num_runs - live - failed, 0), failed)
        for experiment in experiments
        for live, failed in [found[experiment.pk]]
    }


def _count(which: dict[str, str], pks) -> list[tuple[int, str, int]]:
    if not pks:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(**which, ids=", ".join(["%s"] * len(pks))), list(pks))
        return cursor.fetchall()


def tags(experiments: list[Experiment]) -> dict[int, list[ExperimentTag]]:
    """Return the tags that people gave, by experiment and key."""
    found: dict[int, list[ExperimentTag]] = defaultdict(list)
    rows = ExperimentTag.objects.filter(experiment__in=experiments).exclude(key__startswith=HIDDEN_TAGS)
    for tag in rows.order_by("key"):
        found[tag.experiment_id].append(tag)
    return found
