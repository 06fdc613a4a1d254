"""Calls everything of MlflowClient that is about experiments and runs; prints as JSON what came back."""

import json
import math
import time

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

client = MlflowClient()
NAME = f"tracking/of {mlflow.__version__} – é"
seen = {}


def code_of(call, *args, **kwargs):
    """Return the error code with which a call fails, and how long that took: a 5xx would be retried for seconds."""
    started = time.monotonic()
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert time.monotonic() - started < 5, "it was retried"
        return error.error_code
    return "none"


# experiments
experiment_id = client.create_experiment(NAME, tags={"team": "ndt"})
client.set_experiment_tag(experiment_id, "mlflow.note.content", "# Seams\n\n*all* of them")
experiment = client.get_experiment_by_name(NAME)
client.rename_experiment(experiment_id, f"{NAME} renamed")
renamed = client.get_experiment(experiment_id)
seen["experiment"] = {
    "name": experiment.name,
    "tags": experiment.tags,
    "renamed": renamed.name,
    "location": experiment.artifact_location == f"mlflow-artifacts:/{experiment_id}",
    "again": code_of(client.create_experiment, f"{NAME} renamed"),
    "missing": client.get_experiment_by_name("there is none"),
    "missing_id": code_of(client.get_experiment, "987654321"),
}

# runs by the fluent interface
mlflow.set_experiment(experiment_id=experiment_id)
with mlflow.start_run(run_name="parent", description="**bold**", tags={"release": "1"}) as parent:
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({f"p{n}": n for n in range(250)})
    mlflow.log_metrics({f"m{n}": n / 3 for n in range(1500)}, step=1)
    for step in range(30):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metric("nan", math.nan)
    mlflow.log_metric("inf", math.inf)
    mlflow.log_metric("-inf", -math.inf)
    mlflow.set_tags({f"t{n}": "x" for n in range(150)})
    with mlflow.start_run(nested=True) as child:
        mlflow.log_metric("acc", 0.5)
with mlflow.start_run(run_id=parent.info.run_id):
    mlflow.log_metric("loss", 0.001, step=30)

run = client.get_run(parent.info.run_id)
seen["parent"] = {
    "name": run.info.run_name,
    "status": run.info.status,
    "ended": run.info.end_time >= run.info.start_time,
    "num_params": len(run.data.params),
    "lr": run.data.params["lr"],
    "num_metrics": len(run.data.metrics),
    "num_tags": sum(1 for key in run.data.tags if not key.startswith("mlflow.")),
    "loss": run.data.metrics["loss"],
    "nan": math.isnan(run.data.metrics["nan"]),
    "inf": [run.data.metrics["inf"] > 1e308, run.data.metrics["-inf"] < -1e308],
    "note": run.data.tags["mlflow.note.content"],
    "child": client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id,
}
history = client.get_metric_history(parent.info.run_id, "loss")
seen["history"] = [[point.step, point.value] for point in history]
seen["nan_history"] = [math.isnan(point.value) for point in client.get_metric_history(parent.info.run_id, "nan")]
seen["no_history"] = client.get_metric_history(parent.info.run_id, "nothing")

# runs by the client
made = client.create_run(experiment_id, start_time=5, tags={"mlflow.parentRunId": parent.info.run_id}, run_name="made")
run_id = made.info.run_id
client.log_param(run_id, "a", "1")
client.log_param(run_id, "a", "1")
now = 1_700_000_000_000
batch = [Metric("m", step / 2, now + step, step) for step in range(1000)]
for _ in range(2):
    client.log_batch(run_id, metrics=batch)
client.log_batch(
    run_id, params=[Param("b", "x" * 6000)], tags=[RunTag("c", "é ☃"), RunTag("mlflow.runName", "batched")]
)
client.set_tag(run_id, "gone", "1")
client.delete_tag(run_id, "gone")
codes = {
    "param_changed": code_of(client.log_param, run_id, "a", "2"),
    "tag_missing": code_of(client.delete_tag, run_id, "gone"),
    "run_missing": code_of(client.get_run, "0" * 32),
    "experiment_missing": code_of(client.create_run, "987654321"),
}
client.set_terminated(run_id, "FAILED", end_time=77)
client.update_run(run_id, name="updated")
done = client.get_run(run_id)
client.delete_run(run_id)
codes["run_deleted"] = code_of(client.log_metric, run_id, "m", 1)
deleted = client.get_run(run_id).info.lifecycle_stage
client.restore_run(run_id)
seen["made"] = {
    "info": [made.info.run_name, made.info.start_time, made.info.status],
    "done": [done.info.run_name, done.info.status, done.info.end_time, done.data.tags["mlflow.runName"]],
    "params": {key: len(value) for key, value in done.data.params.items()},
    "tags": sorted(done.data.tags),
    "latest": done.data.metrics,
    "points": len(client.get_metric_history(run_id, "m")),
    "deleted": deleted,
    "restored": client.get_run(run_id).info.lifecycle_stage,
}

# datasets
data = mlflow.data.from_pandas(pd.DataFrame({"x": [1.0, 2.0], "y": [0.0, 1.0]}), name="seams", targets="y")
with mlflow.start_run(run_id=run_id):
    mlflow.log_input(data, context="train")
    mlflow.log_input(data, context="again")
used = client.get_run(run_id).inputs.dataset_inputs
seen["datasets"] = [[use.dataset.name, use.dataset.source_type, use.tags[0].value] for use in used]

# the trash
client.delete_experiment(experiment_id)
codes["experiment_deleted"] = code_of(client.create_run, experiment_id)
codes["deleted_twice"] = code_of(client.delete_experiment, experiment_id)
codes["name_kept"] = code_of(client.create_experiment, f"{NAME} renamed")
stages = [client.get_experiment(experiment_id).lifecycle_stage, client.get_run(run_id).info.lifecycle_stage]
client.restore_experiment(experiment_id)
stages += [client.get_experiment(experiment_id).lifecycle_stage, client.get_run(run_id).info.lifecycle_stage]
seen["stages"] = stages
seen["codes"] = codes

# without set_experiment a script logs to Default
mlflow.tracking.fluent._active_experiment_id = None
with mlflow.start_run(experiment_id="0") as default:
    pass
seen["default"] = [default.info.experiment_id, client.get_experiment("0").name]

print(json.dumps(seen))
