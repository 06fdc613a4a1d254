"""Everything that MlflowClient can ask of the registry: registry_script.py calls it, each test looks at a part."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.servers import free_port, wait_until

pytestmark = [pytest.mark.client, pytest.mark.each_database]


@pytest.fixture(scope="module")
def seen(server, mlflow_client):
    return json.loads(mlflow_client.run(server, Path(__file__).parent / "registry_script.py").splitlines()[-1])


def test_a_model_is_registered_as_it_is_logged_and_by_hand(seen):
    version, status, has_run, tags = seen["registered"]

    assert (str(version), status, has_run, tags["team"]) == ("2", "READY", True, "ndt")


def test_a_model_is_loaded_by_number_alias_stage_and_as_the_latest(seen):
    assert seen["loaded"] == dict.fromkeys(["/1", "/2", "@champion", "/Production", "/latest", "/production"], 4.0)


def test_files_of_a_version_take_no_other_content_until_it_is_deleted(seen):
    assert seen["files"] == [200, 200, 200, 400, 200]


def test_models_are_described_tagged_and_renamed(seen):
    assert seen["model"] == [{"a": "1"}, True, "second", {"b": "2"}, []]


def test_versions_are_numbered_described_and_moved(seen):
    versions = seen["versions"]

    assert [str(number) for number in versions["made"]] == ["1", "2", "3", "4", "5"]
    assert versions["first"] == ["new", {"k": "v"}]
    assert versions["stages"] == [["Archived", "1"], ["None", "5"], ["Production", "3"], ["Staging", "2"]]
    assert sorted(versions["of_stage"]) == ["2", "3"]
    assert versions["uri"] == "s3://bucket/0"
    assert versions["stages_there_are"] == ["None", "Staging", "Production", "Archived"]


def test_aliases_move_and_go(seen):
    assert seen["aliases"] == ["2", {"challenger": "2"}, ["challenger"], "5"]


def test_searches_find_filter_sort_and_page(seen, mlflow_client):
    searches = seen["searches"]

    assert len(searches["models"]) == 2
    assert searches["models"] == sorted(searches["models"], reverse=True)
    assert searches["tag"] == [True]
    assert searches["versions"] == [1, 2, 3, 5]
    assert sorted(searches["numbers"]) == [3, 5]
    assert searches["run"] == 2
    assert searches["pages"] == [3, 1]


def test_what_is_refused_is_refused_at_once_and_by_its_code(seen):
    assert seen["codes"] == {
        "taken": "RESOURCE_ALREADY_EXISTS",
        "missing": "RESOURCE_DOES_NOT_EXIST",
        "no_version": "RESOURCE_DOES_NOT_EXIST",
        "no_alias": "INVALID_PARAMETER_VALUE",
        "reserved": "INVALID_PARAMETER_VALUE",
        "stage": "INVALID_PARAMETER_VALUE",
        "local": "INVALID_PARAMETER_VALUE",
        "name": "INVALID_PARAMETER_VALUE",
        "in_production": "INVALID_PARAMETER_VALUE",
        "deleted": "RESOURCE_DOES_NOT_EXIST",
    }
    assert seen["again"]


def test_prompts_are_found_as_prompts_only(seen, mlflow_client):
    if mlflow_client.version.startswith("2"):
        return
    assert seen["prompts"] == ["Say hi.", "Say it: hi.", True, False]


@pytest.fixture(scope="module")
def served(server, mlflow_client):
    """The name of a model that doubles its input, in Production."""
    name = f"served-{mlflow_client.version}"
    mlflow_client.script(
        server,
        f"""
import mlflow, numpy as np
from sklearn.linear_model import LinearRegression
x = np.array([[1.0], [2.0]])
with mlflow.start_run():
    where = {{"name" if mlflow.__version__ > "3" else "artifact_path": "m"}}
    mlflow.sklearn.log_model(LinearRegression().fit(x, [2.0, 4.0]), **where, registered_model_name="{name}")
mlflow.MlflowClient().transition_model_version_stage("{name}", "1", "Production")
""",
    )
    return name


def test_a_model_in_production_is_served(server, mlflow_client, served):
    port = free_port()
    words = ["models", "serve", "-m", f"models:/{served}/Production", "-p", str(port), "--env-manager", "local"]
    serving = subprocess.Popen(
        [mlflow_client.python, "-m", "mlflow", *words],
        env=mlflow_client.env(server),
        cwd=mlflow_client.folder,
        start_new_session=True,
    )
    try:
        wait_until(lambda: _answers(port), within_s=120, every_s=0.3)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations",
            json.dumps({"inputs": [[3.0]]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.loads(answer.read())["predictions"] == [pytest.approx(6.0)]
    finally:
        os.killpg(serving.pid, signal.SIGTERM)
        serving.wait(timeout=30)


def test_the_command_line_reaches_registered_models(server, mlflow_client, served):
    rows = mlflow_client.folder / "rows.json"
    rows.write_text('{"inputs": [[5.0]]}')
    words = ["--env-manager", "local", "-i", rows, "-t", "json"]

    said = mlflow_client.run(server, "-m", "mlflow", "models", "predict", "-m", f"models:/{served}/1", *words)
    mlflow_client.run(
        server, "-m", "mlflow", "artifacts", "download", "-u", f"models:/{served}/Production", "-d", "down"
    )

    assert json.loads(said.splitlines()[-1])["predictions"] == [pytest.approx(10.0)]
    assert (mlflow_client.folder / "down" / "MLmodel").is_file()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
