"""Prompts with the stock client: prompts_script.py makes and uses them, each test looks at a part."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.client


@pytest.fixture(scope="module")
def seen(server, mlflow_client):
    return json.loads(mlflow_client.run(server, Path(__file__).parent / "prompts_script.py").splitlines()[-1])


def test_a_prompt_has_versions_with_their_text(seen):
    assert seen["made"] == ["1", "2", "Say {{what}} – é.", ["what", "whom"]]


def test_a_prompt_is_loaded_by_number_and_alias(seen):
    assert seen["loaded"] == ["Say hi – é.", "Say hi to you.", "2", "first", True]


def test_a_prompt_is_no_model(seen, mlflow_client):
    # MLflow 2 wraps what a server says of a prompt that is not there, in an error without a code of its own
    missing = "INTERNAL_ERROR" if mlflow_client.version.startswith("2") else "RESOURCE_DOES_NOT_EXIST"
    assert seen["codes"] == {
        "number": missing,
        "name": missing,
        "as_model": True,
        "copied": "RESOURCE_DOES_NOT_EXIST",
    }
    # neither as itself, nor as what it was to be copied to
    assert seen["as_models"] == []


def test_a_run_keeps_which_prompts_it_used(seen):
    assert seen["of_run"] == [[True, "1"]]


def test_tags_of_prompts_and_of_their_versions(seen, mlflow_client):
    if mlflow_client.version.startswith("2"):
        return
    assert seen["tags"] == [{"k": "v"}, {"team": "ndt", "gone": None}]
    assert seen["found"] == [True]


def test_deleted_prompts_are_gone(seen):
    assert seen["deleted"] == [True, True]
