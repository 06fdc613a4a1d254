"""Runs within runs, and a run that is taken up again where it ended."""

import mlflow

mlflow.set_experiment("tutorial/nested")
with mlflow.start_run(run_name="sweep") as parent:
    for seed in range(3):
        with mlflow.start_run(run_name=f"seed-{seed}", nested=True):
            mlflow.log_param("seed", seed)
            mlflow.log_metric("score", 0.9 + seed / 100)

with mlflow.start_run(run_id=parent.info.run_id):
    mlflow.log_metric("best", 0.92)

children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
assert len(children) == 3
print(f"run_id={parent.info.run_id}")
