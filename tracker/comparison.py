"""Runs side by side: what each logged, key by key, and where they differ; of any experiments, as far as the reader may see.

Every part is read set-wise, so that ten runs take as many queries as two. What may be long is bounded by cells: two
hundred runs show fewer keys at once, and `find` brings the others. Values are plain; verdicts.py judges them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Left

from tracker.models import Artifact, DatasetInput, Environment, Param, Run, RunTag
from tracker.run_facts import HIDDEN_TAGS, source
from tracker.verdicts import differs

MAX_RUNS = 200
MAX_CELLS = 5_000
MAX_KEYS = 400
# a cell shows the beginning of a long value; the run's page shows all of it
MAX_VALUE = 300
_SOURCE_TAGS = (
    "mlflow.source.type",
    "mlflow.source.name",
    "mlflow.source.git.commit",
    "mlflow.source.git.branch",
    "mlflow.source.git.repoURL",
    "mlflow.source.git.diff",
    "mlflow.project.entryPoint",
    "mlflow.project.env",
)


class Chosen(NamedTuple):
    """The runs of a comparison in the order in which they were asked for, and how many of them are not shown."""

    runs: list[Run]
    num_hidden: int  # not there, or not the reader's to see: nobody learns which
    num_beyond: int  # more than MAX_RUNS were asked for


class Row(NamedTuple):
    """One key and a value for each of the runs, None where a run has none."""

    key: str
    values: list


class Rows(NamedTuple):
    """The rows that are shown, and how many keys there are."""

    rows: list[Row]
    num_keys: int

    @property
    def num_more(self) -> int:
        return self.num_keys - len(self.rows)


class File(NamedTuple):
    """A file at some path: files of the same blob are equal to the byte; `sha256` is None until it was hashed."""

    blob: int
    size_bytes: int
    sha256: str | None


def chosen(run_ids: Iterable[str], *, user) -> Chosen:
    """Return those of the runs that `user` may see, each once, with experiment and author."""
    wanted = list(dict.fromkeys(run_ids))
    asked, beyond = wanted[:MAX_RUNS], wanted[MAX_RUNS:]
    rows = Run.objects.visible_to(user).filter(run_id__in=asked).select_related("experiment", "created_by")
    found = {run.run_id: run for run in rows}
    runs = [found[run_id] for run_id in asked if run_id in found]
    return Chosen(runs, len(asked) - len(runs), len(beyond))


# params, tags -----------------------------------------------------------------------------------------------


def params(runs: Sequence[Run], *, only_differing: bool = False, find: str = "") -> Rows:
    return _texts(rows_of(Param, runs, find), runs, only_differing)


def tags(runs: Sequence[Run], *, only_differing: bool = False, find: str = "") -> Rows:
    """Return the tags that people set; what the client writes for programs shows in other parts."""
    return _texts(rows_of(RunTag, runs, find).exclude(key__startswith=HIDDEN_TAGS), runs, only_differing)


def rows_of(model, runs: Sequence[Run], find: str = "") -> QuerySet:
    """Return what the runs have of metrics, params or tags, of those keys that hold `find`, case aside."""
    rows = model.objects.filter(run__in=[run.pk for run in runs])
    return rows.filter(key__icontains=find) if find else rows


def room(runs: Sequence[Run]) -> int:
    """Return how many keys are shown of so many runs."""
    return min(MAX_KEYS, MAX_CELLS // max(len(runs), 1))


def _texts(rows: QuerySet, runs: Sequence[Run], only_differing: bool) -> Rows:
    keys = _keys(rows, runs, "key", "value", only_differing)
    shown = keys[: room(runs)]
    texts = rows.filter(key__in=shown).annotate(shown=Left("value", MAX_VALUE))
    found = {(key, run): value for key, run, value in texts.values_list("key", "run", "shown")}
    return Rows([Row(key, [found.get((key, run.pk)) for run in runs]) for key in shown], len(keys))


def _keys(rows: QuerySet, runs: Sequence[Run], key: str, value: str, only_differing: bool) -> list[str]:
    keyed = rows.values(key)
    if only_differing:
        keyed = keyed.annotate(num=Count("pk"), num_values=Count(value, distinct=True))
        keyed = keyed.filter(Q(num__lt=len(runs)) | Q(num_values__gt=1))
    return list(keyed.order_by(key).values_list(key, flat=True).distinct())


# code, environment, data, files -----------------------------------------------------------------------------


def code(runs: Sequence[Run], *, only_differing: bool = False) -> Rows:
    """Return where the code came from, and what of it was in no commit."""
    tags: dict[int, dict[str, str]] = defaultdict(dict)
    for run, key, value in rows_of(RunTag, runs).filter(key__in=_SOURCE_TAGS).values_list("run", "key", "value"):
        tags[run][key] = value
    sources = [source(tags[run.pk]) for run in runs]
    fields = {
        "Source": "name",
        "Commit": "commit",
        "Branch": "branch",
        "Repository": "repository",
        "Entry point": "entry_point",
        "Not committed": "diff",
    }
    rows = [Row(label, [getattr(one, name) or None for one in sources]) for label, name in fields.items()]
    return _shown(rows, only_differing)


def packages(runs: Sequence[Run], *, only_differing: bool = False, find: str = "", limit: int | None = None) -> Rows:
    """Return Python and its packages as the runs' models name them; models of one run that disagree are both named."""
    pks = [run.pk for run in runs]
    rows = Environment.objects.of_runs(pks)
    found: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for run, source_run, python, named in rows.order_by("pk").values_list(
        "run", "model__source_run", "python", "packages"
    ):
        for name, version in [*([["Python", python]] if python else []), *named]:
            found[name][run or source_run].append(version or "any")
    rows = [
        Row(name, [", ".join(dict.fromkeys(found[name].get(pk, []))) or None for pk in pks])
        for name in sorted(found, key=lambda name: (name != "Python", name.lower()))
        if find.lower() in name.lower()
    ]
    return _shown(rows, only_differing, limit=limit or room(runs))


def datasets(runs: Sequence[Run], *, only_differing: bool = False, limit: int | None = None) -> Rows:
    """Return the digests of the runs' datasets by name and by what they were used for."""
    found: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = DatasetInput.objects.filter(run__in=[run.pk for run in runs]).order_by("dataset__name", "context", "pk")
    for run, name, context, digest in rows.values_list("run", "dataset__name", "context", "dataset__digest"):
        found[f"{name} · {context}" if context else name][run].append(digest)
    rows = [Row(name, [", ".join(digests.get(run.pk, [])) or None for run in runs]) for name, digests in found.items()]
    return _shown(rows, only_differing, limit=limit or room(runs))


def _shown(rows: list[Row], only_differing: bool, limit: int = MAX_KEYS) -> Rows:
    rows = [row for row in rows if (differs(row.values) if only_differing else any(row.values))]
    return Rows(rows[:limit], len(rows))


def files(runs: Sequence[Run], *, only_differing: bool = False, find: str = "") -> Rows:
    """Return the runs' own files by path; those of their models are the models'."""
    rows = Artifact.objects.filter(run__in=[run.pk for run in runs])
    rows = rows.filter(path__icontains=find) if find else rows
    paths = _keys(rows, runs, "path", "blob", only_differing)
    shown = paths[: room(runs)]
    columns = ("path", "run", "blob", "blob__size_bytes", "blob__sha256")
    found = {(path, run): File(*file) for path, run, *file in rows.filter(path__in=shown).values_list(*columns)}
    return Rows([Row(path, [found.get((path, run.pk)) for run in runs]) for path in shown], len(paths))
