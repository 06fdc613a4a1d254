"""Fill the tracking server that MLFLOW_TRACKING_URI names, through the stock client, 2.22 or 3.17; run by test_sources.py."""

import json
import math
import tempfile
import time
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

IS_3 = int(mlflow.__version__.split(".")[0]) >= 3
client = MlflowClient()
now = int(time.time() * 1000)


def files(folder: str) -> str:
    root = Path(tempfile.mkdtemp()) / folder
    (root / "plots" / "deep").mkdir(parents=True)
    (root / "requirements.txt").write_text("numpy==2.1.0\n")
    (root / "MLmodel").write_text("flavors:\n  python_function:\n    python_version: 3.11.7\n")
    (root / "plots" / "deep" / "roc curve 100%.csv").write_text("a,b\n1,2\n")
    (root / "empty.txt").write_text("")
    (root / "large.bin").write_bytes(bytes(range(256)) * 8192)
    return str(root)


churn = client.create_experiment("team/churn", tags={"mlflow.note.content": "About **churn**.", "owner": "Zoë"})
gone = client.create_experiment("gone")

first = client.create_run(churn, start_time=now - 60_000, run_name="first", tags={"mlflow.user": "zoe"}).info.run_id
points = [Metric("loss", 1 / (step + 1), now + step, step) for step in range(200)]
odd = [
    ("nan", math.nan),
    ("inf", math.inf),
    ("ninf", -math.inf),
    ("tiny", 5e-324),
    ("deep/er key", 0.5),
    ("minus zero", -0.0),
]
points += [Metric(key, value, now, 3) for key, value in odd]
points += [Metric("spiky", value, now + i, i % 3) for i, value in enumerate([1.0, math.nan, math.inf, 2.0, -7.5])]
client.log_batch(
    first, points, [Param("lr", "0.1"), Param("empty", ""), Param("ünï", "x" * 5000)], [RunTag("a", "b" * 4000)]
)
dataset = Dataset("train", "d1", "local", json.dumps({"uri": "/data/train"}), '{"columns": []}', '{"num_rows": 3}')
client.log_inputs(first, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
client.log_artifacts(first, files("first"))
client.log_artifacts(first, files("model"), "model")
client.set_terminated(first, "FINISHED", now + 5_000)

child = client.create_run(churn, tags={"mlflow.parentRunId": first, "mlflow.runName": "child"}).info.run_id
client.log_metric(child, "loss", 0.25, now, 1)
client.set_terminated(child, "FAILED", now + 6_000)
running = client.create_run(churn, run_name="running").info.run_id
client.log_metric(running, "loss", 0.5, now, 1)
trashed = client.create_run(churn, run_name="trashed").info.run_id
client.log_artifacts(trashed, files("trashed"))
client.delete_run(trashed)
client.create_run(gone, run_name="of the gone one")
client.delete_experiment(gone)

models = []
if IS_3:
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    model = client.create_logged_model(
        churn, "net", source_run_id=first, tags={"t": "1"}, params={"depth": "3"}, model_type="agent"
    )
    models.append(model.model_id)
    client.log_model_artifacts(model.model_id, files("net"))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    client.log_outputs(first, [LoggedModelOutput(model.model_id, 7)])
    client.log_metric(
        first, "acc", 0.75, timestamp=now, step=7, model_id=model.model_id, dataset_name="train", dataset_digest="d1"
    )
    from mlflow.entities import LoggedModelInput

    client.log_inputs(child, models=[LoggedModelInput(model.model_id)])
    failed = client.create_logged_model(churn, "failed")
    client.finalize_logged_model(failed.model_id, LoggedModelStatus.FAILED)
    models.append(failed.model_id)

client.create_registered_model("fraud", tags={"team": "risk"}, description="Finds *fraud*.")
uri = client.get_run(first).info.artifact_uri
for n in range(4):
    client.create_model_version("fraud", f"{uri}/model", first, tags={"n": str(n)}, description=f"number {n}")
client.transition_model_version_stage("fraud", "1", "Archived")
client.transition_model_version_stage("fraud", "2", "Production")
client.transition_model_version_stage("fraud", "3", "Staging")
client.set_registered_model_alias("fraud", "champion", "2")
client.set_registered_model_alias("fraud", "challenger", "3")
client.delete_model_version("fraud", "4")
client.copy_model_version("models:/fraud/2", "fraud-copy")
if IS_3:
    client.create_registered_model("net")
    client.create_model_version("net", f"models:/{models[0]}", first, model_id=models[0])
client.register_prompt("greeting", "Hello {{name}}", commit_message="the first", tags={"lang": "en"})
client.set_prompt_alias("greeting", "production", 1)

print(
    json.dumps(
        {
            "experiment": churn,
            "gone": gone,
            "first": first,
            "child": child,
            "running": running,
            "trashed": trashed,
            "models": models,
        }
    )
)
