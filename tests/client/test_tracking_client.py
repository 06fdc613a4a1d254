"""Everything that MlflowClient can ask about experiments and runs: tracking_script.py calls it, each test looks at a part."""

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.client, pytest.mark.each_database]


@pytest.fixture(scope="module")
def seen(server, mlflow_client):
    return json.loads(mlflow_client.run(server, Path(__file__).parent / "tracking_script.py").splitlines()[-1])


def test_experiments_are_made_found_and_renamed(seen, mlflow_client):
    experiment = seen["experiment"]

    assert experiment["name"].startswith("tracking/of ")
    assert experiment["renamed"] == experiment["name"] + " renamed"
    assert experiment["tags"] == {"team": "ndt", "mlflow.note.content": "# Seams\n\n*all* of them"}
    assert experiment["location"]


def test_the_codes_of_experiments_are_those_that_the_client_knows(seen):
    experiment = seen["experiment"]

    assert experiment["again"] == "RESOURCE_ALREADY_EXISTS"
    assert experiment["missing"] is None
    assert experiment["missing_id"] == "RESOURCE_DOES_NOT_EXIST"


def test_a_run_is_logged_nested_and_resumed(seen):
    assert seen["parent"] == {
        "name": "parent",
        "status": "FINISHED",
        "ended": True,
        "num_params": 251,
        "lr": "0.1",
        "num_metrics": 1504,
        "num_tags": 151,
        "loss": 0.001,
        "nan": True,
        "inf": [True, True],
        "note": "**bold**",
        "child": True,
    }


def test_a_history_comes_in_order_with_what_a_resumed_run_added(seen):
    assert seen["history"] == [[step, 1 / (step + 1)] for step in range(30)] + [[30, 0.001]]
    assert seen["nan_history"] == [True]
    assert seen["no_history"] == []


def test_the_client_s_own_calls_on_a_run(seen):
    assert seen["made"] == {
        "info": ["made", 5, "RUNNING"],
        "done": ["updated", "FAILED", 77, "updated"],
        "params": {"a": 1, "b": 6000},
        "tags": ["c", "mlflow.parentRunId", "mlflow.runName"],
        "latest": {"m": 499.5},
        "points": 1000,
        "deleted": "deleted",
        "restored": "active",
    }


def test_of_the_links_to_a_dataset_the_first_stays(seen):
    assert seen["datasets"] == [["seams", "code", "train"]]


def test_the_trash_takes_runs_along_and_gives_them_back(seen):
    assert seen["stages"] == ["deleted", "deleted", "active", "active"]


def test_what_is_refused_is_refused_at_once_and_by_its_code(seen):
    assert seen["codes"] == {
        "param_changed": "INVALID_PARAMETER_VALUE",
        "tag_missing": "RESOURCE_DOES_NOT_EXIST",
        "run_missing": "RESOURCE_DOES_NOT_EXIST",
        "experiment_missing": "RESOURCE_DOES_NOT_EXIST",
        "run_deleted": "INVALID_PARAMETER_VALUE",
        "experiment_deleted": "INVALID_PARAMETER_VALUE",
        "deleted_twice": "RESOURCE_DOES_NOT_EXIST",
        "name_kept": "RESOURCE_ALREADY_EXISTS",
    }


def test_default_takes_runs_without_an_experiment(seen):
    assert seen["default"] == ["0", "Default"]
