"""The examples of the documentation, run by the unmodified client against `serve`."""

import pytest

pytestmark = pytest.mark.client


def test_the_tutorials_run_arrives_whole(server, mlflow_client, run_of, files_of):
    run_id = mlflow_client.example(server, "lasso.py")

    run = run_of(run_id)
    assert run["info"]["status"] == "FINISHED"
    assert run["params"]["alpha"] == "0.1"
    assert {"rmse", "mae", "r2"} <= set(run["metrics"])
    assert 0 < run["metrics"]["r2"] < 1
    assert run["tags"]["stage"] == "first try"
    assert run["tags"]["mlflow.source.name"].endswith("lasso.py")
    assert "weights.csv" in files_of(run_id)
    (dataset,) = run["inputs"]["dataset_inputs"]
    assert dataset["dataset"]["name"] == "diabetes"
    if mlflow_client.version == "3.17":
        (output,) = run["outputs"]["model_outputs"]
        model = server.get(f"logged-models/{output['model_id']}")["model"]
        assert model["info"]["status"] == "LOGGED_MODEL_READY"
        assert {metric["key"] for metric in model["data"]["metrics"]} == {"rmse", "mae", "r2"}
    else:
        assert "model/MLmodel" in files_of(run_id)
        assert "mlflow.log-model.history" in run["tags"]


def test_a_grid_search_is_logged_by_itself(server, mlflow_client, run_of, files_of):
    run_id = mlflow_client.example(server, "autolog_grid_search.py")

    run = run_of(run_id)
    assert "best_cv_score" in run["metrics"]
    assert run["inputs"]["dataset_inputs"]
    children = server.post(
        "runs/search",
        experiment_ids=[run["info"]["experiment_id"]],
        filter=f"tags.mlflow.parentRunId = '{run_id}'",
    )["runs"]
    assert len(children) == 4
    assert all(child["info"]["status"] == "FINISHED" for child in children)
    assert "cv_results.csv" in files_of(run_id)


def test_figures_images_and_tables_arrive(server, mlflow_client, run_of, files_of):
    run_id = mlflow_client.example(server, "figures.py")

    files = files_of(run_id)
    assert {"plots/square.png", "answers.json", "config.json", "findings.md"} <= set(files)
    assert sum(path.startswith("images/") for path in files) >= 6
    history = server.get(f"metrics/get-history?run_id={run_id}&metric_key=train/loss")["metrics"]
    assert [point["step"] for point in history] == list(range(200))


def test_nested_and_resumed_runs(server, mlflow_client, run_of):
    run = run_of(mlflow_client.example(server, "nested_runs.py"))

    assert run["info"]["status"] == "FINISHED"
    assert run["metrics"] == {"best": 0.92}


def test_a_project_runs_with_its_parameters(server, mlflow_client, run_of):
    import re

    from tests.client.conftest import ROOT

    mlflow_client.run(
        server, "-m", "mlflow", "run", str(ROOT / "examples" / "project"), "-P", "alpha=0.5", "--env-manager", "local",
        "--experiment-name", f"projects-{mlflow_client.version}",
    )  # fmt: skip

    (experiment,) = [
        each
        for each in server.post("experiments/search", max_results=1000)["experiments"]
        if each["name"] == f"projects-{mlflow_client.version}"
    ]
    (found,) = server.post("runs/search", experiment_ids=[experiment["experiment_id"]])["runs"]
    run = run_of(found["info"]["run_id"])
    assert run["info"]["status"] == "FINISHED"
    assert run["params"] == {"alpha": "0.5"}
    assert run["tags"]["mlflow.project.entryPoint"] == "main"
    assert re.fullmatch(r"0\.\d+", str(run["metrics"]["r2"]))
