"""Runs that arrive: many in one transaction with all that they logged; what is known is added to, and else left alone.

A transaction ends after so many points, and a run with more than that goes on in the next. A run is complete when its
points are as many as its source's, so an import that was killed goes on where it was by looking.
"""

import re
from collections import defaultdict

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from core.sql import write_rows
from imports import records
from imports.models import Origin
from imports.taking import Taking
from imports.writing import origins
from imports.writing.experiments import deletion_time
from tracker import ingest
from tracker.actions.inputs import CONTEXT_TAG, link_datasets
from tracker.locations import below
from tracker.lookups import hold_run_to_log
from tracker.models import Experiment, Metric, ModelInput, ModelOutput, Run
from tracker.rollup import Point
from tracker.validation import MAX_KEY

MAX_POINTS, MAX_RUNS = 40_000, 100
MAX_USER, MAX_ADDRESS = 256, 2048
RUN_NAME_TAG = "mlflow.runName"
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_LIVE = (Run.Status.RUNNING, Run.Status.SCHEDULED)
_DATASET_LIMITS = (("name", 500), ("digest", 36), ("source_type", 36))

_PAIRS = "INSERT INTO {} (run_id, key, value) {{rows}} ON CONFLICT (run_id, key) DO NOTHING RETURNING run_id"
_COUNT = """
UPDATE tracker_experiment SET num_runs = num_runs + %s,
    last_activity_ms = CASE WHEN last_activity_ms < %s THEN %s ELSE last_activity_ms END WHERE id = %s
"""


class RunWriter:
    """Writes runs of one experiment. Give it each run, then its points; `flush` at the end."""

    def __init__(self, taking: Taking, experiment: Experiment):
        self._taking, self._report, self._experiment = taking, taking.report, experiment
        # {run id: our key} of all that were written or found
        self.keys: dict[str, int] = {}
        self._new: list[records.Run] = []
        self._locations: dict[str, str] = {}
        self._points: dict[str, dict[str, set[Point]]] = defaultdict(dict)
        self._num_points = 0

    def add(self, run: records.Run, location: str) -> None:
        """Take a run that is new; `location` is where its files stay, "" for our own store."""
        self._new.append(run)
        self._locations[run.run_id] = location
        if len(self._new) >= MAX_RUNS:
            self.flush()

    def add_points(self, run_id: str, key: str, points: set[Point]) -> None:
        if not points:
            # none of them was one
            return
        batch = self._points[run_id]
        batch[key] = batch[key] | points if key in batch else points
        self._num_points += len(points)
        if self._num_points >= MAX_POINTS:
            self.flush()

    def flush(self) -> None:
        """Write what was given, in one transaction."""
        new, points = self._new, self._points
        self._new, self._points, self._num_points = [], defaultdict(dict), 0
        if not new and not points:
            return
        with transaction.atomic():
            if new:
                self._insert(new)
            fresh = {run.run_id for run in new}
            # in the order in which the index by value holds them
            for run_id, batch in sorted(points.items(), key=lambda pair: self.keys[pair[0]]):
                if run_id not in fresh:
                    hold_run_to_log(self.keys[run_id])
                ordered = {key: sorted(points) for key, points in batch.items()}
                num_new = ingest.write_batch(self.keys[run_id], ordered)
                self._report.took("metric points", num_new)
                self._report.found("metric points", sum(map(len, batch.values())) - num_new)

    def _insert(self, new: list[records.Run]) -> None:
        rows = Run.objects.bulk_create([self._row(run) for run in new])
        self.keys |= {row.run_id: row.pk for row in rows}
        pairs = [(self.keys[run.run_id], run) for run in new]
        origins.keep(self._taking, Origin.Kind.RUN, {row.run_id: row.pk for row in rows})
        self._report.took("runs", len(new))
        self._write_pairs("tracker_param", "params", [(pk, run.params) for pk, run in pairs])
        self._write_pairs("tracker_runtag", "run tags", [(pk, run.tags) for pk, run in pairs])
        for row, run in zip(rows, new, strict=True):
            write_edges(self._taking, row, run)
        active = [row.start_time_ms for row in rows if row.deleted_at is None]
        if active:
            with connection.cursor() as cursor:
                cursor.execute(_COUNT, [len(active), max(active), max(active), self._experiment.pk])

    def _row(self, run: records.Run) -> Run:
        ours = below(self._experiment.artifact_location, run.run_id, "artifacts")
        by = self._taking.owner_of(run.author or run.user)
        return Run(
            run_id=run.run_id,
            experiment=self._experiment,
            name=run.name or run.tags.get(RUN_NAME_TAG) or run.run_id[:8],
            status=run.status,
            start_time_ms=run.start_ms or 0,
            end_time_ms=run.end_ms,
            claimed_user=run.user,
            created_by=by,
            artifact_uri=self._locations.pop(run.run_id) or ours,
            deleted_at=deletion_time(run.is_deleted, run.deleted_ms),
            created_at=timezone.now(),
        )

    def _write_pairs(self, table: str, kind: str, rows: list[tuple[int, dict[str, str]]]) -> None:
        values = [(pk, key, value) for pk, pairs in rows for key, value in sorted(pairs.items())]
        if not values:
            return
        new = len(write_rows(_PAIRS.format(table), ("bigint", "text", "text"), values))
        self._report.took(kind, new)
        self._report.found(kind, len(values) - new)

    # runs that are here ---------------------------------------------------------------------------------

    def extend(self, pk: int, run: records.Run) -> None:
        """Add to a run that is here what it does not have; its end, where it had none. All else stays as it is."""
        self.keys[run.run_id] = pk
        self._report.found("runs")
        with transaction.atomic():
            hold_run_to_log(pk)
            row = Run.objects.get(pk=pk)
            if row.is_deleted and not run.is_deleted:
                self._report.note("runs", run.run_id, "It was deleted here since; nothing is added to it.")
                return
            self._write_pairs("tracker_param", "params", [(pk, run.params)])
            self._write_pairs("tracker_runtag", "run tags", [(pk, run.tags)])
            write_edges(self._taking, row, run)
            if row.status in _LIVE and run.status not in _LIVE:
                Run.objects.filter(pk=pk).update(status=run.status, end_time_ms=run.end_ms, stalled_at=None)
        self._extend_points(pk, run)

    def _extend_points(self, pk: int, run: records.Run) -> None:
        counts = dict(Metric.objects.filter(run=pk).values_list("key", "count"))
        there = sum(counts.values())
        if self._taking.source.num_points(run) == there:
            self._report.found("metric points", there)
            return
        key, gathered = "", set()
        for name, points in read_points(self._taking, run):
            if name != key or len(gathered) > MAX_POINTS:
                self._add_missing(run.run_id, key, gathered, counts)
                gathered = set()
            key = name
            gathered |= points
        self._add_missing(run.run_id, key, gathered, counts)

    def _add_missing(self, run_id: str, key: str, points: set[Point], counts: dict[str, int]) -> None:
        """Add the points of a key, unless it is whole: as many as are here, and few enough to be all that there are."""
        if len(points) == counts.get(key) and len(points) <= MAX_POINTS // 2:
            self._report.found("metric points", len(points))
        elif points:
            self.add_points(run_id, key, points)


def read_points(taking: Taking, run: records.Run):
    """Yield (key, points) of a run whose keys can be stored."""
    for key, points in taking.source.points(run):
        if 0 < len(key) <= MAX_KEY:
            yield key, points
        else:
            taking.report.left(
                "metric points", f"{run.run_id} {key}", f"A key has 1 to {MAX_KEY} characters.", len(points)
            )


def write_edges(taking: Taking, row: Run, run: records.Run) -> None:
    """Write what a run used and made, as far as it is not there. Call it in a transaction that holds the run."""
    if run.datasets:
        there = row.dataset_inputs.count()
        link_datasets(row, run.datasets)
        _tally(taking, "dataset inputs", row.dataset_inputs.count() - there, len(run.datasets))
    if run.model_inputs:
        there = row.model_inputs.count()
        edges = [ModelInput(run=row, model_id=model_id) for model_id in dict.fromkeys(run.model_inputs)]
        ModelInput.objects.bulk_create(edges, ignore_conflicts=True)
        _tally(taking, "model inputs", row.model_inputs.count() - there, len(run.model_inputs))
    if run.model_outputs:
        there = row.model_outputs.count()
        edges = [ModelOutput(run=row, model_id=model_id, step=step) for model_id, step in run.model_outputs]
        ModelOutput.objects.bulk_create(edges, ignore_conflicts=True)
        _tally(taking, "model outputs", row.model_outputs.count() - there, len(run.model_outputs))


def _tally(taking: Taking, kind: str, new: int, of: int) -> None:
    taking.report.took(kind, new)
    taking.report.found(kind, max(of - new, 0))


def fitted(taking: Taking, run: records.Run) -> records.Run | None:
    """Return a run as it can be stored, None for one that cannot; the report has what was changed."""
    if not _RUN_ID.fullmatch(run.run_id):
        taking.report.left("runs", run.run_id, "Its id is not 32 hexadecimal digits.")
        return None
    changes = {
        "params": taking.keys(run.params, "params", run.run_id),
        "tags": taking.keys(run.tags, "run tags", run.run_id),
        "start_ms": taking.time(run.start_ms, "runs", run.run_id),
        "end_ms": taking.time(run.end_ms, "runs", run.run_id),
        "deleted_ms": taking.time(run.deleted_ms, "runs", run.run_id),
        "datasets": [dataset for dataset in run.datasets if _fits(taking, run, dataset)],
        "model_inputs": [model_id for model_id in run.model_inputs if 0 < len(model_id) <= 256],
        "model_outputs": [(model_id, step) for model_id, step in run.model_outputs if 0 < len(model_id) <= 256],
        "user": run.user[:MAX_USER],
    }
    if run.status not in Run.Status.values:
        changes["status"] = Run.Status.FINISHED.value if run.end_ms else Run.Status.RUNNING.value
        taking.report.note("runs", run.run_id, f"Its status {run.status!r} is none; it counts as {changes['status']}.")
    return run._replace(**changes)


def _fits(taking: Taking, run: records.Run, dataset: records.DatasetUse) -> bool:
    too_long = [field for field, limit in _DATASET_LIMITS if len(getattr(dataset, field)) > limit]
    if len(dict(dataset.tags).get(CONTEXT_TAG, "")) > 500:
        too_long.append("context")
    if not dataset.name or not dataset.digest or too_long:
        why = f"Its {', '.join(too_long)} is too long." if too_long else "It has no name, or no digest."
        taking.report.left("dataset inputs", f"{run.run_id} {dataset.name}", why)
        return False
    return True


def without_foreign(taking: Taking, runs: list[records.Run], known: dict[str, int]) -> list[records.Run]:
    """Return the runs but those that the source must not add to; the report names them."""
    foreign = origins.not_its_own(taking, Origin.Kind.RUN, known)
    for run_id in sorted(foreign):
        taking.report.left("runs", run_id, "It is here from elsewhere, and stays as it is.")
    return [run for run in runs if run.run_id not in foreign]


def known_among(runs: list[records.Run]) -> dict[str, int]:
    """Return {run id: our key} of those that are here."""
    return dict(Run.objects.filter(run_id__in=[run.run_id for run in runs]).values_list("run_id", "pk"))


def num_points_here(pk: int) -> int:
    return Metric.objects.filter(run=pk).aggregate(number=Sum("count"))["number"] or 0
