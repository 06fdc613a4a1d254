"""Builds every answer of the protocol; the one place where datetimes turn into milliseconds and NaN into text.

int64 goes out as a JSON number, ids and versions as text, NaN as "NaN" (MLFLOW_CONTRACT 2.1).

`runs` builds whole runs, one statement for each kind of what was logged, however many runs there are. It takes anything
that has a run's fields: instances, tracker.lookups.RunRow, or `queryset.values_list(*RUN_FIELDS, named=True)`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import orjson

from core.sql import any_of, fetch_all
from tracker.models import LoggedModelMetric, LoggedModelParam, LoggedModelTag, Run

RUN_FIELDS = (
    "pk", "run_id", "experiment_id", "name", "status", "start_time_ms", "end_time_ms", "claimed_user", "artifact_uri",
    "deleted_at",
)  # fmt: skip
EXPERIMENT_FIELDS = (
    "pk", "name", "artifact_location", "deleted_at", "creation_time_ms", "last_update_time_ms",
)  # fmt: skip


def lifecycle_stage(obj) -> str:
    return "deleted" if obj.deleted_at else "active"


def key_values(rows) -> list[dict]:
    return [{"key": row.key, "value": row.value} for row in rows]


def experiment(row) -> dict:
    return experiments([row])[0]


def experiments(rows: Iterable) -> list[dict]:
    """Return whole experiments in the order of `rows`, their tags read in one statement."""
    rows = list(rows)
    tags = _pairs("tracker_experimenttag", "experiment_id", [row.pk for row in rows]) if rows else {}
    return [
        {
            "experiment_id": str(row.pk),
            "name": row.name,
            "artifact_location": row.artifact_location,
            "lifecycle_stage": lifecycle_stage(row),
            "creation_time": row.creation_time_ms,
            "last_update_time": row.last_update_time_ms,
            "tags": tags.get(row.pk, []),
        }
        for row in rows
    ]


def number(value: float, is_nan: bool) -> float | str:
    """Return a metric's value as the client reads it: NaN as text, infinity as the largest double (as stored)."""
    return "NaN" if is_nan else value


def metric_points(rows, key: str, run_ids: dict[int, str] | None = None) -> list[dict]:
    """Return points of tracker.history as metrics; with `run_ids` ({metric id: run_id}) each says its run."""
    if run_ids is None:
        return [
            {"key": key, "value": "NaN" if is_nan else value, "timestamp": timestamp_ms, "step": step}
            for _, step, timestamp_ms, value, is_nan in rows
        ]
    return [
        {
            "key": key,
            "value": number(value, is_nan),
            "timestamp": timestamp_ms,
            "step": step,
            "run_id": run_ids[metric_id],
        }
        for metric_id, step, timestamp_ms, value, is_nan in rows
    ]


def run_info(run) -> dict:
    info = {
        "run_id": run.run_id,
        "run_uuid": run.run_id,
        "run_name": run.name,
        "experiment_id": str(run.experiment_id),
        "user_id": run.claimed_user,
        "status": str(run.status),
        "start_time": run.start_time_ms,
        "artifact_uri": run.artifact_uri,
        "lifecycle_stage": lifecycle_stage(run),
    }
    if run.end_time_ms is not None:
        info["end_time"] = run.end_time_ms
    return info


def runs(rows: Iterable, *, with_model_inputs: bool = False) -> list[dict]:
    """Return whole runs in the order of `rows`; `with_model_inputs` as runs/get alone has it."""
    rows = list(rows)
    if not rows:
        return []
    pks = [row.pk for row in rows]
    metrics, params, tags = (
        _latest_metrics(pks),
        _pairs("tracker_param", "run_id", pks),
        _pairs("tracker_runtag", "run_id", pks),
    )
    dataset_inputs, outputs = _dataset_inputs(pks), _model_outputs(pks)
    model_inputs = _model_inputs(pks) if with_model_inputs else {}
    answer = []
    for row, pk in zip(rows, pks, strict=True):
        inputs = {"dataset_inputs": dataset_inputs.get(pk, [])}
        if with_model_inputs:
            inputs["model_inputs"] = model_inputs.get(pk, [])
        answer.append(
            {
                "info": run_info(row),
                "data": {"metrics": metrics.get(pk, []), "params": params.get(pk, []), "tags": tags.get(pk, [])},
                "inputs": inputs,
                "outputs": {"model_outputs": outputs.get(pk, [])},
            }
        )
    return answer


def new_run(run, tags: dict[str, str]) -> dict:
    """Return a run that was made this moment; it has no key `outputs`, as MLflow has none here."""
    return {
        "info": run_info(run),
        "data": {
            "metrics": [],
            "params": [],
            "tags": [{"key": key, "value": value} for key, value in sorted(tags.items())],
        },
        "inputs": {"dataset_inputs": []},
    }


def _of_runs(sql: str, pks: Sequence[int]) -> list[tuple]:
    among, parameter = any_of(pks)
    return fetch_all(sql.format(among=among), [parameter])


def _latest_metrics(pks: Sequence[int]) -> dict[int, list[dict]]:
    by_run = defaultdict(list)
    for pk, key, value, is_nan, timestamp_ms, step in _of_runs(
        "SELECT run_id, key, last_value, last_is_nan, last_timestamp_ms, last_step FROM tracker_metric "
        "WHERE run_id {among} ORDER BY run_id, key",
        pks,
    ):
        by_run[pk].append({"key": key, "value": "NaN" if is_nan else value, "timestamp": timestamp_ms, "step": step})
    return by_run


def _pairs(table: str, owner: str, pks: Sequence[int]) -> dict[int, list[dict]]:
    by_owner = defaultdict(list)
    for pk, key, value in _of_runs(
        f"SELECT {owner}, key, value FROM {table} WHERE {owner} {{among}} ORDER BY {owner}, key", pks
    ):
        by_owner[pk].append({"key": key, "value": value})
    return by_owner


def _dataset_inputs(pks: Sequence[int]) -> dict[int, list[dict]]:
    by_run = defaultdict(list)
    for pk, tags, name, digest, source_type, source, schema, profile in _of_runs(
        "SELECT i.run_id, i.tags, d.name, d.digest, d.source_type, d.source, d.schema, d.profile "
        "FROM tracker_datasetinput i JOIN tracker_dataset d ON d.id = i.dataset_id WHERE i.run_id {among} ORDER BY i.id",
        pks,
    ):
        by_run[pk].append(
            {
                "dataset": {
                    "name": name,
                    "digest": digest,
                    "source_type": source_type,
                    "source": source,
                    "schema": schema,
                    "profile": profile,
                },
                "tags": [{"key": key, "value": value} for key, value in orjson.loads(tags)],
            }
        )
    return by_run


def dataset_summary(experiment_id: int, name: str, digest: str, context: str) -> dict:
    summary = {"experiment_id": str(experiment_id), "name": name, "digest": digest}
    return {**summary, "context": context} if context else summary


def _model_inputs(pks: Sequence[int]) -> dict[int, list[dict]]:
    by_run = defaultdict(list)
    for pk, model_id in _of_runs(
        "SELECT run_id, model_id FROM tracker_modelinput WHERE run_id {among} ORDER BY id", pks
    ):
        by_run[pk].append({"model_id": model_id})
    return by_run


def _model_outputs(pks: Sequence[int]) -> dict[int, list[dict]]:
    by_run = defaultdict(list)
    for pk, model_id, step in _of_runs(
        "SELECT run_id, model_id, step FROM tracker_modeloutput WHERE run_id {among} ORDER BY id", pks
    ):
        by_run[pk].append({"model_id": model_id, "step": step})
    return by_run


def file_info(entry, path: str) -> dict:
    """Return a file or a folder of tracker.artifact_tree as the client's FileInfo, named `path`."""
    if entry.is_dir:
        return {"path": path, "is_dir": True}
    return {"path": path, "is_dir": False, "file_size": entry.size_bytes}


def artifacts(root_uri: str, entries) -> dict:
    return {"root_uri": root_uri, "files": [file_info(entry, entry.path) for entry in entries]}


def logged_models(rows) -> list[dict]:
    """Return logged models with what belongs to them, in four queries however many there are."""
    by_pk = {row.pk: {"params": [], "tags": [], "metrics": []} for row in rows}
    params = LoggedModelParam.objects.filter(model__in=by_pk).order_by("key")
    for model, key, value in params.values_list("model_id", "key", "value"):
        by_pk[model]["params"].append({"key": key, "value": value})
    tags = LoggedModelTag.objects.filter(model__in=by_pk).order_by("key")
    for model, key, value in tags.values_list("model_id", "key", "value"):
        by_pk[model]["tags"].append({"key": key, "value": value})
    model_ids = {row.pk: row.model_id for row in rows}
    for metric in LoggedModelMetric.objects.filter(model__in=by_pk).latest_of_each().select_related("run"):
        by_pk[metric.model_id]["metrics"].append(_model_metric(metric, model_ids[metric.model_id]))
    run_ids = dict(Run.objects.filter(pk__in={row.source_run_id for row in rows}).values_list("pk", "run_id"))
    return [_logged_model(row, run_ids.get(row.source_run_id), **by_pk[row.pk]) for row in rows]


def _logged_model(row, source_run_id: str | None, *, params, tags, metrics) -> dict:
    info = {
        "model_id": row.model_id,
        "experiment_id": str(row.experiment_id),
        "name": row.name,
        "creation_timestamp_ms": row.creation_time_ms,
        "last_updated_timestamp_ms": row.last_updated_time_ms,
        "artifact_uri": row.artifact_uri,
        "status": row.status,
        "model_type": row.model_type,
        "status_message": row.status_message,
        "tags": tags,
        "registrations": [],
    }
    if source_run_id:
        info["source_run_id"] = source_run_id
    return {"info": info, "data": {"params": params, "metrics": metrics}}


def _model_metric(row, model_id: str) -> dict:
    metric = {
        "key": row.key,
        "value": number(row.value, row.is_nan),
        "timestamp": row.timestamp_ms,
        "step": row.step,
        "model_id": model_id,
    }
    if row.run is not None:
        metric["run_id"] = row.run.run_id
    if row.dataset_name:
        metric |= {"dataset_name": row.dataset_name, "dataset_digest": row.dataset_digest}
    return metric
