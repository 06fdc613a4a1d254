"""Logged models that arrive, with params, tags and metrics of their own."""

import re

from django.db import transaction

from imports import records
from imports.models import Origin
from imports.taking import Taking
from imports.writing import files, origins
from imports.writing.experiments import deletion_time
from tracker.actions.logged_models import MAX_NAME
from tracker.locations import below
from tracker.models import Experiment, LoggedModel, LoggedModelMetric, LoggedModelParam, LoggedModelTag, Run
from tracker.rollup import point

_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_MAX_DATASET, _MAX_DIGEST, _MAX_KEY = 500, 36, 250


def take(taking: Taking, experiment: Experiment, record: records.LoggedModel) -> None:
    """Write a logged model, or add to one that is here what it does not have; then its files."""
    if not _MODEL_ID.fullmatch(record.model_id):
        taking.report.left("logged models", record.model_id, "Its id is not m- and 32 hexadecimal digits.")
        return
    if record.status not in LoggedModel.Status.values:
        taking.report.note(
            "logged models", record.model_id, f"Its status {record.status!r} is none; it counts as pending."
        )
        record = record._replace(status=LoggedModel.Status.PENDING.value)
    found = files.find(taking, record)
    model = LoggedModel.objects.filter(model_id=record.model_id).first()
    if model is not None and origins.not_its_own(taking, Origin.Kind.LOGGED_MODEL, {model.model_id: model.pk}):
        taking.report.left("logged models", record.model_id, "It is here from elsewhere, and stays as it is.")
        return
    if model is not None:
        taking.report.found("logged models")
    else:
        taking.report.took("logged models")
    if not taking.is_dry_run:
        with transaction.atomic():
            model = model or _create(taking, experiment, record, files.location(record, found))
            _add(taking, model, record)
            if model.status == LoggedModel.Status.PENDING != record.status:
                LoggedModel.objects.filter(pk=model.pk).update(
                    status=record.status, status_message=record.status_message
                )
    files.take(taking, model, record, found)


def _create(taking: Taking, experiment: Experiment, record: records.LoggedModel, location: str) -> LoggedModel:
    run = Run.objects.filter(run_id=record.run_id).first() if record.run_id else None
    if record.run_id and run is None:
        taking.report.note("logged models", record.model_id, f"Its run {record.run_id} is not here.")
    created = taking.time(record.created_ms, "logged models", record.model_id) or 0
    model = LoggedModel.objects.create(
        model_id=record.model_id,
        experiment=experiment,
        name=record.name[:MAX_NAME] or record.model_id,
        model_type=record.model_type[:MAX_NAME],
        source_run=run,
        status=record.status,
        status_message=record.status_message,
        artifact_uri=location or below(experiment.artifact_location, "models", record.model_id, "artifacts"),
        creation_time_ms=created,
        last_updated_time_ms=taking.time(record.updated_ms, "logged models", record.model_id) or created,
        created_by=run.created_by if run is not None else taking.owner,
        deleted_at=deletion_time(record.is_deleted, None),
    )
    origins.keep(taking, Origin.Kind.LOGGED_MODEL, {model.model_id: model.pk})
    return model


def _add(taking: Taking, model: LoggedModel, record: records.LoggedModel) -> None:
    params = taking.keys(record.params, "logged models", record.model_id)
    tags = taking.keys(record.tags, "logged models", record.model_id)
    LoggedModelParam.objects.bulk_create(
        [LoggedModelParam(model=model, key=key, value=value) for key, value in sorted(params.items())],
        ignore_conflicts=True,
    )
    LoggedModelTag.objects.bulk_create(
        [LoggedModelTag(model=model, key=key, value=value) for key, value in sorted(tags.items())],
        ignore_conflicts=True,
    )
    _add_metrics(taking, model, record)


def _add_metrics(taking: Taking, model: LoggedModel, record: records.LoggedModel) -> None:
    if not record.metrics:
        return
    ids = {metric.run_id for metric in record.metrics if metric.run_id}
    runs = dict(Run.objects.filter(run_id__in=ids).values_list("run_id", "pk"))
    # asked for, because points without a run are equal to none in a constraint
    fields = ("key", "run_id", "step", "timestamp_ms", "value", "is_nan", "dataset_name", "dataset_digest")
    there = set(model.metrics.values_list(*fields))
    rows = {}
    for metric in record.metrics:
        if not (0 < len(metric.key) <= _MAX_KEY and len(metric.dataset_name) <= _MAX_DATASET) or (
            len(metric.dataset_digest) > _MAX_DIGEST
        ):
            taking.report.left("logged model metrics", f"{record.model_id} {metric.key}", "A name in it is too long.")
            continue
        step, at, value, is_nan = point(metric.value, timestamp_ms=metric.timestamp_ms, step=metric.step)
        row = (metric.key, runs.get(metric.run_id), step, at, value, is_nan, metric.dataset_name, metric.dataset_digest)
        rows[row] = LoggedModelMetric(model=model, **dict(zip(fields, row, strict=True)))
    new = [metric for row, metric in rows.items() if row not in there]
    LoggedModelMetric.objects.bulk_create(new, ignore_conflicts=True)
    taking.report.took("logged model metrics", len(new))
    taking.report.found("logged model metrics", len(rows) - len(new))
