"""Calls for datasets, model inputs and outputs, and the record of models that 2.x clients keep."""

import json

from tests.differential.session import AJAX, Session


def dataset(**fields) -> dict:
    return {"name": "seams", "digest": "d1", "source_type": "local", "source": "s", **fields}


def inputs(s: Session) -> None:
    e = s.post("for inputs", "experiments/create", name="diff inputs").json["experiment_id"]
    spoilt = s.post("for nonsense of datasets", "experiments/create", name="diff nonsense").json["experiment_id"]
    spoilt = s.post("for nonsense", "runs/create", experiment_id=spoilt, start_time=5, run_name="r").json["run"][
        "info"
    ]["run_id"]
    run_id, other, third = (
        s.post(f"for {what}", "runs/create", experiment_id=e, start_time=5, run_name="r").json["run"]["info"]["run_id"]
        for what in ("datasets", "edges", "models")
    )
    datasets(s, run_id)
    s.post("summary", f"{AJAX}experiments/search-datasets", experiment_ids=[e])
    s.post("summary of none", f"{AJAX}experiments/search-datasets", experiment_ids=[])
    s.post("summary of 21", f"{AJAX}experiments/search-datasets", experiment_ids=[e] * 21)
    s.post("summary, not by the browser", "experiments/search-datasets", experiment_ids=[e])
    nonsense(s, spoilt)
    edges(s, other)
    records(s, third)


DATASETS = {
    "plain": [{"dataset": dataset(), "tags": [{"key": "mlflow.data.context", "value": "train"}]}],
    "again in another context": [{"dataset": dataset(), "tags": [{"key": "mlflow.data.context", "value": "eval"}]}],
    "with schema and profile": [{"dataset": dataset(digest="d2", schema="{}", profile='{"n": 1}')}],
    "two at once": [{"dataset": dataset(digest="d3")}, {"dataset": dataset(digest="d4")}],
    "one twice": [{"dataset": dataset(digest="d5")}, {"dataset": dataset(digest="d5")}],
    "none": [],
    "name of 500": [{"dataset": dataset(name="n" * 500)}],
    "name of 501": [{"dataset": dataset(name="n" * 501)}],
    "digest of 36": [{"dataset": dataset(digest="d" * 36)}],
    "digest of 37": [{"dataset": dataset(digest="d" * 37)}],
    "source of 65535": [{"dataset": dataset(digest="d6", source="s" * 65_535)}],
    "source of 65536": [{"dataset": dataset(digest="d7", source="s" * 65_536)}],
    "schema of 1048575": [{"dataset": dataset(digest="d8", schema="s" * 1_048_575)}],
    "schema of 1048576": [{"dataset": dataset(digest="d9", schema="s" * 1_048_576)}],
    "tag key of 255": [{"dataset": dataset(digest="t1"), "tags": [{"key": "k" * 255, "value": "v"}]}],
    "tag key of 256": [{"dataset": dataset(digest="t2"), "tags": [{"key": "k" * 256, "value": "v"}]}],
    "tag value of 500": [{"dataset": dataset(digest="t3"), "tags": [{"key": "k", "value": "v" * 500}]}],
    "tag value of 501": [{"dataset": dataset(digest="t4"), "tags": [{"key": "k", "value": "v" * 501}]}],
    "without a source": [{"dataset": {"name": "d", "digest": "sourceless"}}],
}
NONSENSE = {
    "without a name": [{"dataset": {"digest": "d", "source_type": "local", "source": "s"}}],
    "without a digest": [{"dataset": {"name": "d", "source_type": "local", "source": "s"}}],
    "without a dataset": [{"tags": []}],
    "a text": "x",
}


def datasets(s: Session, run_id: str) -> None:
    for what, given in DATASETS.items():
        s.post(f"dataset {what}", "runs/log-inputs", run_id=run_id, datasets=given)
    s.post("without a run", "runs/log-inputs", datasets=[])
    s.post("of a missing run", "runs/log-inputs", run_id="0" * 32, datasets=DATASETS["plain"])
    s.get("of datasets", "runs/get", run_id=run_id)


def nonsense(s: Session, run_id: str) -> None:
    for what, given in NONSENSE.items():
        s.post(f"dataset {what}", "runs/log-inputs", run_id=run_id, datasets=given)
    s.post("a model without an id", "runs/outputs", run_id=run_id, models=[{"step": 1}])


def edges(s: Session, run_id: str) -> None:
    model = "m-" + "3" * 32
    s.post("model in", "runs/log-inputs", run_id=run_id, models=[{"model_id": model}])
    s.post("model in again", "runs/log-inputs", run_id=run_id, models=[{"model_id": model}])
    s.post("model out", "runs/outputs", run_id=run_id, models=[{"model_id": model, "step": 3}])
    s.post("model out again", "runs/outputs", run_id=run_id, models=[{"model_id": model, "step": 4}])
    s.post("no models", "runs/outputs", run_id=run_id, models=[])
    s.post("without models", "runs/outputs", run_id=run_id)
    s.post("without a run", "runs/outputs", models=[{"model_id": model, "step": 3}])
    s.post("of a missing run", "runs/outputs", run_id="0" * 32, models=[{"model_id": model, "step": 3}])
    s.get("with a model in and out", "runs/get", run_id=run_id)


def records(s: Session, run_id: str) -> None:
    def record(what, **fields):
        described = {"artifact_path": "model", "flavors": {}, "utc_time_created": "2026", "run_id": run_id, **fields}
        s.post(what, "runs/log-model", run_id=run_id, model_json=json.dumps(described))

    record("recorded", flavors={"sklearn": {"config": {"a": 1}, "version": "1"}}, model_uuid="u")
    record("another", artifact_path="other")
    s.post("no JSON", "runs/log-model", run_id=run_id, model_json="{")
    s.post("a list", "runs/log-model", run_id=run_id, model_json="[]")
    s.post("fields missing", "runs/log-model", run_id=run_id, model_json='{"run_id": "x"}')
    s.post("without model_json", "runs/log-model", run_id=run_id)
    s.get("of recorded models", "runs/get", run_id=run_id)
    record("with a signature that is none", artifact_path="odd", signature={"x": 1})
