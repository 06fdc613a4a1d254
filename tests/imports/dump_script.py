"""Print all that the stock client sees at MLFLOW_TRACKING_URI, as JSON that two servers can be compared by."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

IS_3 = int(mlflow.__version__.split(".")[0]) >= 3
client = MlflowClient()


def points(run_id, key):
    found = client.get_metric_history(run_id, key)
    return sorted([m.step, m.timestamp, repr(m.value + 0.0)] for m in found)


def files(download):
    with tempfile.TemporaryDirectory() as folder:
        try:
            root = Path(download(folder))
        except Exception:
            return {}
        return {
            str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }


def run(row):
    run = client.get_run(row.info.run_id)
    info = run.info
    inputs, outputs = run.inputs, getattr(run, "outputs", None)
    return {
        "name": info.run_name, "status": info.status, "user": info.user_id, "lifecycle": info.lifecycle_stage,
        "start": info.start_time, "end": info.end_time, "params": run.data.params, "tags": run.data.tags,
        "metrics": {key: repr(value + 0.0) for key, value in run.data.metrics.items()},
        "histories": {key: points(info.run_id, key) for key in run.data.metrics},
        "datasets": sorted([dict(i.dataset), sorted([t.key, t.value] for t in i.tags)] for i in inputs.dataset_inputs),
        "model inputs": sorted(i.model_id for i in getattr(inputs, "model_inputs", None) or []),
        "outputs": sorted([o.model_id, o.step] for o in outputs.model_outputs) if outputs else [],
        "files": files(lambda folder: mlflow.artifacts.download_artifacts(run_id=info.run_id, dst_path=folder)),
    }  # fmt: skip


def model(row):
    row = client.get_logged_model(row.model_id)
    return {
        "name": row.name, "type": row.model_type, "run": row.source_run_id, "status": str(row.status),
        "created": row.creation_timestamp, "updated": row.last_updated_timestamp, "tags": row.tags, "params": row.params,
        "metrics": sorted([m.key, repr(m.value), m.timestamp, m.step, m.run_id, m.dataset_name or ""] for m in row.metrics or []),
        "files": files(lambda folder: mlflow.artifacts.download_artifacts(f"models:/{row.model_id}", dst_path=folder)),
    }  # fmt: skip


def version(row):
    is_prompt = row.tags.get("mlflow.prompt.is_prompt") == "true"
    if not is_prompt:
        # searches leave aliases out; the client lets nobody read a prompt so
        row = client.get_model_version(row.name, row.version)
    return {
        "source": row.source, "run": row.run_id or "", "stage": row.current_stage, "status": row.status,
        "description": row.description or "", "tags": row.tags, "aliases": sorted(row.aliases),
        "created": row.creation_timestamp, "updated": row.last_updated_timestamp,
        "files": {} if is_prompt else files(
            lambda folder: mlflow.artifacts.download_artifacts(f"models:/{row.name}/{row.version}", dst_path=folder)
        ),
    }  # fmt: skip


def registered():
    found = list(client.search_registered_models())
    found += client.search_registered_models("tags.`mlflow.prompt.is_prompt` = 'true'")
    for row in found:
        versions = client.search_model_versions(f"name = '{row.name}'")
        yield row.name, {
            "description": row.description or "", "tags": row.tags, "created": row.creation_timestamp,
            "updated": row.last_updated_timestamp, "aliases": {k: str(v) for k, v in row.aliases.items()},
            "versions": {str(v.version): version(v) for v in versions},
        }  # fmt: skip


dump = {"experiments": {}, "runs": {}, "models": {}, "registered": dict(registered())}
for experiment in client.search_experiments(view_type=ViewType.ALL):
    pk = experiment.experiment_id
    dump["experiments"][experiment.name] = {
        "id": pk, "lifecycle": experiment.lifecycle_stage, "tags": experiment.tags,
        "created": experiment.creation_time, "updated": experiment.last_update_time,
    }  # fmt: skip
    for row in client.search_runs([pk], run_view_type=ViewType.ALL):
        dump["runs"][row.info.run_id] = {"experiment": experiment.name, **run(row)}
    if IS_3 and experiment.lifecycle_stage == "active":
        for row in client.search_logged_models([pk]):
            dump["models"][row.model_id] = {"experiment": experiment.name, **model(row)}
json.dump(dump, sys.stdout)
