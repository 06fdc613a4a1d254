"""Writes runs with all that they logged as a bundle (imports/bundles.py), while it is read: neither a file nor the whole is held."""

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from operator import itemgetter

from django.conf import settings
from django.db.models import Model, prefetch_related_objects
from django.utils.crypto import salted_hmac

from core.batches import batches
from core.errors import InvalidValue
from imports import records
from imports.bundles import (
    EXPERIMENTS,
    FORMAT,
    MANIFEST,
    MAX_MEMBERS,
    MODELS,
    POINTS_OF_A_LINE,
    RUNS,
    VERSION,
    folder_of,
    points_of,
)
from tracker import archives, blobs, history
from tracker.models import Artifact, Experiment, LoggedModel, Metric, Run
from tracker.rollup import Point

_BATCH = 100
# points of a metric that are read together with those of others
_FEW = 100

# told how far it is, 0 to 1, and what it is doing; may raise to stop
Tell = Callable[[float, str], None]
Say = Callable[[str], None]


def source_name() -> str:
    """Return what a bundle calls this site: its address, and a number that tells it from others at the same address."""
    return f"{settings.ASSAY_URL} ({salted_hmac('exports.source_name', 'site').hexdigest()[:12]})"


def written(experiment: Experiment, run_id: str = "", tell: Tell = lambda fraction, doing: None) -> Iterator[bytes]:
    """Yield the bundle of an experiment's runs that are not deleted, or of one of them, with the logged models that came of it.

    Raises InvalidValue before the first byte where it would hold more than MAX_MEMBERS files; OSError in the middle where
    stored bytes are missing. Of a run that writes meanwhile it has what was there when it was read; a run or logged model
    that is made meanwhile is not in it.
    """
    return _Writer(experiment, run_id, tell).written()


class _Writer:
    def __init__(self, experiment: Experiment, run_id: str, tell: Tell):
        self._experiment, self._tell = experiment, tell
        self._runs = Run.objects.active().filter(experiment=experiment)
        self._models = LoggedModel.objects.active().filter(experiment=experiment)
        if run_id:
            self._runs = self._runs.filter(run_id=run_id)
            self._models = self._models.filter(source_run__in=self._runs)
        self._sink = archives.Sink()
        self._files: dict[str, tuple[int, str]] = {}
        # keys of runs and of logged models that have a line: a file of any other would be refused where it arrives
        self._told: dict[type[Model], set[int]] = {Run: set(), LoggedModel: set()}
        self._done = 0
        self._refuse_too_many()

    def _refuse_too_many(self) -> None:
        self._num_runs = self._runs.count()
        files = (
            Artifact.objects.filter(run__in=self._runs).count()
            + Artifact.objects.filter(model__in=self._models).count()
        )
        if files + self._num_runs + 4 > MAX_MEMBERS:
            raise InvalidValue(f"A bundle holds at most {MAX_MEMBERS:,} files; export these runs one by one.")

    def written(self) -> Iterator[bytes]:
        with zipfile.ZipFile(self._sink, "w") as self._zip:
            yield from self._member(EXPERIMENTS, [_line(_experiment(self._experiment))])
            yield from self._member(RUNS, (_line(_run(run)) for run in self._telling(self._runs)))
            yield from self._member(MODELS, (_line(_model(model)) for model in self._telling(self._models)))
            for run in self._told_of(self._runs):
                fraction, doing = min(self._done / max(self._num_runs, 1), 1), f"run {self._done + 1:,}: {run.name}"
                self._tell(fraction, doing[:200])
                yield from self._run(run, partial(self._tell, fraction), doing)
                self._done += 1
            for model in self._told_of(self._models):
                doing = f"logged model {model.name}"
                self._tell(1, doing[:200])
                yield from self._artifacts(model, model.model_id, partial(self._tell, 1), doing)
            manifest = {
                "format": FORMAT,
                "version": VERSION,
                "made_by": f"Assay {_version()}",
                "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "source": source_name(),
                "runs": self._done,
                "files": dict(self._files),
            }
            yield from self._member(MANIFEST, [json.dumps(manifest, indent=1).encode()])
        yield self._sink.take()

    def _run(self, run: Run, say: Say, doing: str) -> Iterator[bytes]:
        metrics = list(Metric.objects.filter(run=run).order_by("key").values_list("pk", "key", "count"))
        if metrics:
            points = _said(_points(metrics), say, f"{doing}: metrics")
            yield from self._member(points_of(run.run_id), points)
        yield from self._artifacts(run, run.run_id, say, doing)

    def _artifacts(self, owner: Run | LoggedModel, owner_id: str, say: Say, doing: str) -> Iterator[bytes]:
        for artifact in archives.artifacts(owner, ""):
            pieces = _said(blobs.chunks(artifact.blob), say, f"{doing}: {artifact.path}")
            yield from self._member(folder_of(owner_id) + artifact.path, pieces)

    def _member(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Write one file of the zip; yield what is ready to go out."""
        if name in self._files:
            return
        if len(self._files) >= MAX_MEMBERS:
            raise OSError("files came while the bundle was written, and are too many now")
        info = zipfile.ZipInfo(name, time.gmtime()[:6])
        info.external_attr = 0o100644 << 16
        digest, size_bytes = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                size_bytes += len(piece)
                yield self._sink.take()
        self._files[name] = (size_bytes, digest.hexdigest())
        yield self._sink.take()

    def _telling(self, rows) -> Iterator:
        for row in self._each(rows):
            self._told[rows.model].add(row.pk)
            yield row

    def _told_of(self, rows) -> Iterator:
        return (row for row in self._each(rows) if row.pk in self._told[rows.model])

    def _each(self, rows) -> Iterator:
        """Yield rows by pages in the order of their keys; no cursor stays open while somebody reads slowly."""
        after, related = 0, _RELATED[rows.model]
        while batch := list(rows.filter(pk__gt=after).order_by("pk")[:_BATCH]):
            prefetch_related_objects(batch, *related)
            yield from batch
            after = batch[-1].pk


_RELATED = {
    Run: ("experiment", "created_by", "params", "tags", "dataset_inputs__dataset", "model_inputs", "model_outputs"),
    LoggedModel: ("source_run", "params", "tags", "metrics__run"),
}


def _said(pieces: Iterator[bytes], say: Say, doing: str) -> Iterator[bytes]:
    """Yield pieces, and say so before each: a large file must not hold up a stop."""
    for piece in pieces:
        say(doing[:200])
        yield piece


def _points(metrics: list[tuple[int, str, int]]) -> Iterator[bytes]:
    """Yield a line for each POINTS_OF_A_LINE points of a metric (key, name, count), in the order of their key."""
    short = [(pk, key) for pk, key, count in metrics if count <= _FEW]
    for batch in batches(short, POINTS_OF_A_LINE // _FEW):
        # a statement for several: most runs have many metrics of a few points
        found = groupby(history.whole([pk for pk, _ in batch]), key=itemgetter(0))
        keys = dict(batch)
        for pk, rows in found:
            yield _points_line(keys[pk], rows)
    for pk, key, count in metrics:
        end = None
        while count > _FEW and (rows := history.page(pk, limit=POINTS_OF_A_LINE, after=end, by_key=True)):
            yield _points_line(key, rows)
            end = Point(*rows[-1][1:])


def _points_line(key: str, rows: Iterable[history.Row]) -> bytes:
    return _line([key, [["NaN" if is_nan else value, at, step] for _, step, at, value, is_nan in rows]])


def _experiment(experiment: Experiment) -> dict:
    return {
        "id": str(experiment.pk),
        "name": experiment.name,
        "created_ms": experiment.creation_time_ms,
        "updated_ms": experiment.last_update_time_ms,
        "is_private": experiment.is_private,
        "tags": dict(experiment.tags.order_by("key").values_list("key", "value")),
    }


def _run(run: Run) -> dict:
    return {
        "run_id": run.run_id,
        "experiment_id": str(run.experiment_id),
        "name": run.name,
        "status": run.status,
        "start_ms": run.start_time_ms,
        "end_ms": run.end_time_ms,
        "user": run.claimed_user,
        "author": run.created_by.get_username() if run.created_by else "",
        "params": {param.key: param.value for param in run.params.all()},
        "tags": {tag.key: tag.value for tag in run.tags.all()},
        "datasets": [_dataset(edge) for edge in run.dataset_inputs.all()],
        "model_inputs": sorted(edge.model_id for edge in run.model_inputs.all()),
        "model_outputs": sorted([edge.model_id, edge.step] for edge in run.model_outputs.all()),
    }


def _dataset(edge) -> dict:
    fields = [field for field in records.DatasetUse._fields if field != "tags"]
    return {**{field: getattr(edge.dataset, field) for field in fields}, "tags": edge.tags}


def _model(model: LoggedModel) -> dict:
    return {
        "model_id": model.model_id,
        "experiment_id": str(model.experiment_id),
        "name": model.name,
        "model_type": model.model_type,
        "run_id": model.source_run.run_id if model.source_run else "",
        "status": model.status,
        "status_message": model.status_message,
        "created_ms": model.creation_time_ms,
        "updated_ms": model.last_updated_time_ms,
        "params": {param.key: param.value for param in model.params.all()},
        "tags": {tag.key: tag.value for tag in model.tags.all()},
        "metrics": [_model_point(metric) for metric in model.metrics.all()],
    }


def _model_point(metric) -> dict:
    return {
        "key": metric.key,
        "value": "NaN" if metric.is_nan else metric.value,
        "timestamp_ms": metric.timestamp_ms,
        "step": metric.step,
        "run_id": metric.run.run_id if metric.run else "",
        "dataset_name": metric.dataset_name,
        "dataset_digest": metric.dataset_digest,
    }


def _line(value) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _version() -> str:
    try:
        return version("assay")
    except PackageNotFoundError:
        return "from a checkout"
