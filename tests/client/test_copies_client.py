"""Copying versions between models with the stock client: copies_script.py does it, each test looks at a part."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.client


@pytest.fixture(scope="module")
def seen(server, mlflow_client):
    return json.loads(mlflow_client.run(server, Path(__file__).parent / "copies_script.py").splitlines()[-1])


def test_a_copy_is_a_new_version_that_names_what_it_was_copied_from(seen):
    release = seen["release"]

    assert seen["numbers"] == ["1", "2", "3", "1"]
    # what an alias or a stage led to is written as the number that it was then
    assert seen["sources"] == [
        *(f"models:/copied – é of {release}/{number}" for number in (1, 2, 1)),
        f"models:/copy of {release}/2",
    ]
    assert seen["runs"] == [True, True, True]


def test_a_copy_begins_in_no_stage(seen):
    assert seen["stages"] == ["None", "None", "None"]


def test_a_copy_answers_as_what_it_was_copied_from_and_outlives_it(seen):
    assert seen["answers"] == [4.0, 6.0, 6.0]
    assert seen["alone"] == 6.0


def test_what_cannot_be_copied_leaves_nothing_behind(seen):
    # what it looks up first, the client wraps in an error without a code of its own
    unknown = dict.fromkeys(["number", "name", "alias", "scheme"], "INTERNAL_ERROR")
    assert seen["codes"] == {**unknown, "target": "INVALID_PARAMETER_VALUE"}
    assert seen["left"] == [3, []]
