"""JSON of MLflow's protocol → records. What is missing or of the wrong kind is read as nothing."""

import math

from imports import records
from imports.plain import integer, text


def named(answer) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("name"), str)


def pairs(answer) -> dict[str, str]:
    """Return {key: value} of a list of such objects."""
    rows = answer if isinstance(answer, list) else []
    return {text(row["key"]): text(row.get("value")) for row in rows if isinstance(row, dict) and "key" in row}


def run_of(answer) -> records.Run | None:
    info, data = _part(answer, "info"), _part(answer, "data")
    run_id = text(info.get("run_id") or info.get("run_uuid"))
    if not run_id:
        return None
    inputs, outputs = _part(answer, "inputs"), _part(answer, "outputs")
    return records.Run(
        run_id=run_id,
        experiment_id=text(info.get("experiment_id")),
        name=text(info.get("run_name")),
        status=text(info.get("status")),
        start_ms=integer(info.get("start_time")),
        end_ms=integer(info.get("end_time")) or None,
        user=text(info.get("user_id")),
        is_deleted=info.get("lifecycle_stage") == "deleted",
        location=text(info.get("artifact_uri")),
        params=pairs(data.get("params")),
        tags=pairs(data.get("tags")),
        datasets=[_dataset_use(row) for row in _rows(inputs, "dataset_inputs")],
        model_inputs=sorted(text(row.get("model_id")) for row in _rows(inputs, "model_inputs")),
        model_outputs=[
            (text(row.get("model_id")), integer(row.get("step"), 0)) for row in _rows(outputs, "model_outputs")
        ],
        metric_keys=[text(row["key"]) for row in _rows(data, "metrics") if "key" in row],
    )


def _dataset_use(row: dict) -> records.DatasetUse:
    dataset = _part(row, "dataset")
    fields = ("name", "digest", "source_type", "source", "schema", "profile")
    return records.DatasetUse(*(text(dataset.get(field)) for field in fields), list(pairs(row.get("tags")).items()))


def logged_model(answer) -> records.LoggedModel | None:
    info, data = _part(answer, "info"), _part(answer, "data")
    if not info.get("model_id"):
        return None
    return records.LoggedModel(
        model_id=text(info.get("model_id")),
        experiment_id=text(info.get("experiment_id")),
        name=text(info.get("name")),
        model_type=text(info.get("model_type")),
        run_id=text(info.get("source_run_id")),
        status=text(info.get("status")),
        status_message=text(info.get("status_message")),
        location=text(info.get("artifact_uri")),
        created_ms=integer(info.get("creation_timestamp_ms")),
        updated_ms=integer(info.get("last_updated_timestamp_ms")),
        params=pairs(data.get("params")),
        tags=pairs(info.get("tags")),
        metrics=[point for row in _rows(data, "metrics") if (point := _model_point(row)) is not None],
    )


def _model_point(row: dict) -> records.ModelPoint | None:
    try:
        value = float(row.get("value", math.nan))
    except (TypeError, ValueError):
        return None
    return records.ModelPoint(
        text(row.get("key")),
        value,
        integer(row.get("timestamp"), 0),
        integer(row.get("step"), 0),
        text(row.get("run_id")),
        text(row.get("dataset_name")),
        text(row.get("dataset_digest")),
    )


def version_of(row: dict) -> records.Version | None:
    number = integer(row.get("version"), 0)
    if number < 1:
        return None
    return records.Version(
        number=number,
        source=text(row.get("source")),
        description=text(row.get("description")),
        run_id=text(row.get("run_id")),
        run_link=text(row.get("run_link")),
        stage=text(row.get("current_stage") or "None"),
        status=text(row.get("status") or "READY"),
        user=text(row.get("user_id")),
        created_ms=integer(row.get("creation_timestamp")),
        updated_ms=integer(row.get("last_updated_timestamp")),
        tags=pairs(row.get("tags")),
    )


def _part(answer, name: str) -> dict:
    part = answer.get(name) if isinstance(answer, dict) else None
    return part if isinstance(part, dict) else {}


def _rows(part: dict, name: str) -> list[dict]:
    rows = part.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
