import pytest

from tests.factories import make_logged_model
from tests.streams import Stream
from tracker.actions import artifacts
from tracker.model_description import Description, Field, Flavor, describe, parse

MLMODEL = """
flavors:
  python_function:
    env: {conda: conda.yaml}
    loader_module: mlflow.sklearn
    python_version: 3.11.7
  sklearn:
    pickled_model: model.pkl
    sklearn_version: 1.5.2
mlflow_version: 3.17.2
model_size_bytes: 1234
signature:
  inputs: '[{"type": "double", "name": "width", "required": true}, {"type": "long", "name": "age", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1, 4]}}]'
  params: '[{"name": "top_k", "type": "long", "default": 5, "shape": null}]'
"""


def test_flavors_signature_and_size_are_read():
    found = parse(MLMODEL)

    assert found.flavors == [Flavor("sklearn", "1.5.2"), Flavor("python_function", "3.11.7")]
    assert found.loader == "sklearn"
    assert found.inputs == [Field("width", "double"), Field("age", "long", False)]
    assert found.outputs == [Field("", "tensor of int64, ? × 4")]
    assert found.params == [Field("top_k", "long = 5", False)]
    assert (found.size_bytes, found.client_version) == (1234, "3.17.2")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list",
        "flavors: 3",
        "signature: [1]",
        "signature: {inputs: '{', outputs: 3, params: [1, [2]]}",
        "model_size_bytes: many",
        "model_size_bytes: -1",
        "flavors: &a [*a]",
        "!!python/object/apply:os.system ['true']",
        "[" * 20_000,
    ],
)
def test_what_cannot_be_read_says_nothing(text):
    assert parse(text) == Description()


def test_odd_fields_are_text():
    text = 'signature: {inputs: \'[{"type": ["a"], "name": {"b": 1}, "tensor-spec": {"shape": 3}}]\'}'

    (field,) = parse(text).inputs

    assert field == Field("{'b': 1}", "tensor of ?")


def test_a_name_that_is_no_module_loads_as_pyfunc():
    assert parse('flavors: {"x); import os": {}}').loader == "pyfunc"


def test_the_file_is_found_among_the_models_own(admin):
    model = make_logged_model(by=admin)
    assert describe(model) == Description()

    artifacts.upload(model, "MLmodel", Stream(MLMODEL.encode()), by=admin)

    assert describe(model).loader == "sklearn"
