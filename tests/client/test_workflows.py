"""What people do with the client beyond logging: serving, asynchronous logging, system metrics, evaluation, commands."""

import json
import re
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.servers import free_port, wait_until

pytestmark = pytest.mark.client


def test_asynchronous_logging_loses_nothing(server, mlflow_client, run_of):
    printed = mlflow_client.script(
        server,
        """
import mlflow
mlflow.config.enable_async_logging()
mlflow.set_experiment("async")
with mlflow.start_run() as run:
    for step in range(500):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_param(f"p{step % 50}", step % 50) if step < 50 else None
print(run.info.run_id)
""",
    )
    run_id = printed.split()[-1]

    history = server.get(f"metrics/get-history?run_id={run_id}&metric_key=loss")["metrics"]
    assert sorted(point["step"] for point in history) == list(range(500))
    run = run_of(run_id)
    assert run["metrics"]["loss"] == pytest.approx(1 / 500)
    assert len(run["params"]) == 50


def test_system_metrics_arrive(server, mlflow_client):
    printed = mlflow_client.script(
        server,
        """
import time, mlflow
mlflow.set_experiment("system")
mlflow.set_system_metrics_sampling_interval(0.2)
mlflow.set_system_metrics_samples_before_logging(1)
with mlflow.start_run(log_system_metrics=True) as run:
    time.sleep(2.5)
print(run.info.run_id)
""",
    )

    query = f"run_id={printed.split()[-1]}&metric_key=system/cpu_utilization_percentage"
    points = server.get(f"metrics/get-history?{query}")["metrics"]
    assert [point["step"] for point in points] == list(range(len(points)))
    assert len(points) >= 2


def test_a_search_over_many_pages_is_one_data_frame(server, mlflow_client):
    printed = mlflow_client.script(
        server,
        """
import mlflow
from mlflow import MlflowClient
client = MlflowClient()
experiment = mlflow.set_experiment("many " + mlflow.__version__).experiment_id
for n in range(25):
    run = client.create_run(experiment, run_name=f"r{n}")
    client.log_metric(run.info.run_id, "score", n)
pages, token = [], None
while True:
    page = client.search_runs([experiment], order_by=["metrics.score DESC"], max_results=7, page_token=token)
    pages += [run.info.run_name for run in page]
    token = page.token
    if not token:
        break
# a page of a data frame has 10,000 runs otherwise
mlflow.tracking.fluent.NUM_RUNS_PER_PAGE_PANDAS = 4
frame = mlflow.search_runs([experiment], "metrics.score >= 5 and metrics.score < 15", order_by=["metrics.score ASC"])
assert frame["metrics.score"].tolist() == list(range(5, 15))
print(len(pages), len(set(pages)), pages[0], pages[-1], len(frame), frame["metrics.score"].iloc[0])
""",
    )

    assert printed.split()[-6:] == ["25", "25", "r24", "r0", "10", "5.0"]


def test_an_outage_is_waited_for(start_server, client3):
    server = start_server()
    env = client3.env(server, MLFLOW_HTTP_REQUEST_MAX_RETRIES="7", MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR="1")
    script = """
import sys, mlflow
mlflow.set_experiment("outage")
with mlflow.start_run() as run:
    for step in range(40):
        mlflow.log_metric("loss", step, step=step)
        print(step, run.info.run_id, flush=True)
"""
    training = subprocess.Popen([client3.python, "-c", script], env=env, stdout=subprocess.PIPE, text=True)
    try:
        first = training.stdout.readline().split()
        server.kill()
        server.start()
        rest = training.communicate(timeout=120)[0]
    finally:
        training.kill()

    assert training.returncode == 0
    run_id = first[1]
    # how many lines the first read took along is chance: the last one is what says that the loop came to its end
    assert f"39 {run_id}" in rest.splitlines()
    history = server.get(f"metrics/get-history?run_id={run_id}&metric_key=loss")["metrics"]
    assert [point["step"] for point in history] == list(range(40))


def test_the_command_line_manages_experiments_runs_and_artifacts(server, mlflow_client, tmp_path):
    name, note, got, table = (
        f"by-command-{mlflow_client.version}",
        tmp_path / "note.txt",
        tmp_path / "got",
        tmp_path / "runs.csv",
    )
    note.write_text("kept")

    _, experiments = mlflow_client.commands(
        server, ["experiments", "create", "--experiment-name", name], ["experiments", "search"]
    )
    experiment_id = server.get(f"experiments/get-by-name?experiment_name={name}")["experiment"]["experiment_id"]
    run_id = server.post("runs/create", experiment_id=experiment_id, run_name="by hand")["run"]["info"]["run_id"]
    of_run, of_experiment = ["--run-id", run_id], ["--experiment-id", experiment_id]
    runs, run, _, files, *_ = mlflow_client.commands(
        server,
        ["runs", "list", *of_experiment],
        ["runs", "describe", *of_run],
        ["artifacts", "log-artifact", "--local-file", str(note), *of_run],
        ["artifacts", "list", *of_run],
        ["artifacts", "download", *of_run, "--artifact-path", "note.txt", "--dst-path", str(got)],
        ["experiments", "csv", *of_experiment, "--filename", str(table)],
        ["runs", "delete", *of_run],
        ["runs", "restore", *of_run],
        ["experiments", "rename", *of_experiment, "--new-name", f"{name}-renamed"],
        ["experiments", "delete", *of_experiment],
        ["experiments", "restore", *of_experiment],
    )

    assert name in experiments
    assert "by hand" in runs
    assert run_id in run
    assert "note.txt" in files
    assert (got / "note.txt").read_text() == "kept"
    assert run_id in table.read_text()
    experiment = server.get(f"experiments/get?experiment_id={experiment_id}")["experiment"]
    assert (experiment["name"], experiment["lifecycle_stage"]) == (f"{name}-renamed", "active")


def test_a_model_of_a_run_is_served(server, mlflow_client):
    run_id, port = mlflow_client.example(server, "lasso.py"), free_port()
    words = ["models", "serve", "-m", f"runs:/{run_id}/model", "-p", str(port), "--env-manager", "local"]
    log = mlflow_client.folder / "serving.log"
    with log.open("w") as out:
        serving = subprocess.Popen(
            [mlflow_client.python, "-m", "mlflow", *words], env=mlflow_client.env(server), stdout=out, stderr=out
        )

    try:
        answer = wait_until(lambda: scored(port, serving, log), within_s=120, every_s=0.5)
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(20)

    assert 0 < answer["predictions"][0] < 400


def scored(port: int, serving: subprocess.Popen, log: Path) -> dict | None:
    """Return what the served model answers, None while it is not up yet."""
    columns = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
    asked = {"dataframe_split": {"columns": columns, "data": [[0.01] * 10]}}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", json.dumps(asked).encode(), {"Content-Type": "application/json"}
    )
    try:
        return json.loads(urllib.request.urlopen(request, timeout=10).read())
    except (urllib.error.URLError, ConnectionError):
        assert serving.poll() is None, log.read_text()
        return None


def test_an_evaluation_is_logged(server, mlflow_client, run_of, files_of):
    printed = mlflow_client.script(
        server,
        """
import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
mlflow.set_experiment("evaluate")
data = load_iris(as_frame=True).frame
features = [c for c in data.columns if c != "target"]
model = LogisticRegression(max_iter=500).fit(data[features], data["target"])
with mlflow.start_run() as run:
    info = mlflow.sklearn.log_model(model, "model", input_example=data[features].head(2))
    mlflow.models.evaluate(info.model_uri, data, targets="target", model_type="classifier",
                           evaluator_config={"log_explainer": False, "log_model_explainability": False})
print(run.info.run_id)
""",
        timeout=300,
    )
    run_id = printed.split()[-1]

    run = run_of(run_id)
    assert run["metrics"]["accuracy_score"] > 0.9
    assert run["inputs"]["dataset_inputs"]
    assert any(path.endswith(".png") for path in files_of(run_id))


def test_an_address_with_a_path_serves_everything(start_server, mlflow_client):
    port = free_port()
    server = start_server("--port", str(port), ASSAY_URL=f"http://127.0.0.1:{port}/ws/team-a")

    run_id = mlflow_client.example(server, "lasso.py")

    script = f"import mlflow; print(mlflow.sklearn.load_model('runs:/{run_id}/model').predict([[0.01] * 10])[0])"
    assert 0 < float(mlflow_client.script(server, script).split()[-1]) < 400
    assert server.url.endswith("/ws/team-a")
    assert server.get(f"runs/get?run_id={run_id}")["run"]["info"]["status"] == "FINISHED"


def test_a_traced_function_runs_though_traces_are_not_kept(server, client3, run_of):
    printed = client3.script(
        server,
        """
import mlflow
mlflow.set_experiment("traced")

@mlflow.trace
def double(x):
    return 2 * x

with mlflow.start_run() as run:
    mlflow.log_metric("doubled", double(21))
print(run.info.run_id)
""",
    )

    run = run_of(printed.split()[-1])
    assert (run["info"]["status"], run["metrics"]) == ("FINISHED", {"doubled": 42})


def test_a_model_is_loaded_by_its_own_id(server, client3):
    printed = client3.script(
        server,
        """
import mlflow
from sklearn.linear_model import LinearRegression
info = mlflow.sklearn.log_model(LinearRegression().fit([[0], [1]], [0, 1]), name="line")
print(info.model_id, mlflow.sklearn.load_model(f"models:/{info.model_id}").predict([[3]])[0])
""",
    )

    model_id, predicted = printed.split()[-2:]
    assert re.fullmatch(r"m-[0-9a-f]{32}", model_id)
    assert float(predicted) == pytest.approx(3)
