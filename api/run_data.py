"""What a training script logs to its run: metrics, params, tags, inputs, outputs (MLFLOW_CONTRACT 1.2)."""

import msgspec

from api.endpoint import Int64, KeyValue, Millis, RequiredText
from api.runs import OfRun, writable
from tracker.actions import batches, inputs, params, tags
from tracker.actions.inputs import DatasetUse

MAX_INPUTS_BYTES = 24 * 1024 * 1024  # a dataset's profile alone may have 16 MB


class Metric(msgspec.Struct, kw_only=True, gc=False):
    """What tracker.actions.batches calls a Measurement."""

    key: RequiredText
    value: float
    timestamp_ms: Millis = msgspec.field(name="timestamp")
    step: Int64 = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class LogMetric(Metric, kw_only=True):
    run_id: str = ""
    run_uuid: str = ""


def log_metric(request, body: LogMetric):
    """POST runs/log-metric; the same point again changes nothing"""
    batches.log_metric(writable(request, body), body, by=request.user)
    return {}


class LogParam(OfRun, kw_only=True):
    key: RequiredText
    value: str = ""


def log_parameter(request, body: LogParam):
    """POST runs/log-parameter; written once, the same value again is fine"""
    params.log(writable(request, body), body.key, body.value, by=request.user)
    return {}


class SetTag(OfRun, kw_only=True):
    key: RequiredText
    value: str = ""


def set_tag(request, body: SetTag):
    """POST runs/set-tag; mlflow.runName renames the run"""
    tags.set(writable(request, body), body.key, body.value, by=request.user)
    return {}


class DeleteTag(OfRun, kw_only=True):
    key: RequiredText


def delete_tag(request, body: DeleteTag):
    """POST runs/delete-tag; a missing tag is a 404, unlike in the registry"""
    tags.delete(writable(request, body), body.key, by=request.user)
    return {}


class LogBatch(OfRun, kw_only=True):
    metrics: list[Metric] = []
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


def log_batch(request, body: LogBatch):
    """POST runs/log-batch; all of it or nothing, where MLflow commits params, metrics and tags one after the other"""
    batches.log(
        writable(request, body),
        metrics=body.metrics,
        params=[(param.key, param.value) for param in body.params],
        tags=[(tag.key, tag.value) for tag in body.tags],
        by=request.user,
    )
    return {}


class Dataset(msgspec.Struct):
    name: RequiredText
    digest: RequiredText
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""


class DatasetInput(msgspec.Struct):
    dataset: Dataset
    tags: list[KeyValue] = []


class ModelInput(msgspec.Struct):
    model_id: RequiredText


class LogInputs(OfRun, kw_only=True):
    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []


def log_inputs(request, body: LogInputs):
    """POST runs/log-inputs; a dataset is known by name and digest, and of its links to a run the first stays"""
    inputs.log(
        writable(request, body),
        datasets=[
            DatasetUse(**msgspec.structs.asdict(used.dataset), tags=[(tag.key, tag.value) for tag in used.tags])
            for used in body.datasets
        ],
        model_ids=[model.model_id for model in body.models],
        by=request.user,
    )
    return {}


class ModelOutput(msgspec.Struct):
    model_id: RequiredText
    step: Int64 = 0


class LogOutputs(OfRun, kw_only=True):
    models: list[ModelOutput]


def log_outputs(request, body: LogOutputs):
    """POST runs/outputs; a second link of the same model is ignored, where MLflow fails on it"""
    inputs.log_outputs(
        writable(request, body), [(model.model_id, model.step) for model in body.models], by=request.user
    )
    return {}


class LogModel(OfRun, kw_only=True):
    model_json: RequiredText


def log_model(request, body: LogModel):
    """POST runs/log-model; 2.x clients only, it appends to the tag mlflow.log-model.history"""
    inputs.record_model(writable(request, body), body.model_json, by=request.user)
    return {}
