import json

import pytest

from tests.api.run_data import BAD, error_of, get, pairs_of
from tests.factories import make_run
from tracker.models import RunTag


def dataset(name="seams", digest="abc", context="train", **fields):
    return {
        "dataset": {"name": name, "digest": digest, "source_type": "local", "source": "{}", **fields},
        "tags": [{"key": "mlflow.data.context", "value": context}],
    }


def test_a_dataset_as_the_client_reads_it(api, run_id):
    api.post("runs/log-inputs", run_id=run_id, datasets=[dataset(schema="s", profile="p")])

    assert get(api, run_id)["inputs"]["dataset_inputs"] == [
        {
            "dataset": {
                "name": "seams", "digest": "abc", "source_type": "local", "source": "{}", "schema": "s", "profile": "p",
            },
            "tags": [{"key": "mlflow.data.context", "value": "train"}],
        }
    ]  # fmt: skip


def test_of_the_links_to_a_dataset_the_first_stays(api, run_id):
    api.post("runs/log-inputs", run_id=run_id, datasets=[dataset(), dataset(context="eval")])
    api.post("runs/log-inputs", run_id=run_id, datasets=[dataset(context="test"), dataset(name="other")])

    inputs = get(api, run_id)["inputs"]["dataset_inputs"]
    assert [(i["dataset"]["name"], i["tags"][0]["value"]) for i in inputs] == [("seams", "train"), ("other", "train")]


def test_two_runs_share_a_dataset_of_their_experiment(api, admin, run_id):
    other = make_run(by=admin).run_id

    for each in (run_id, other):
        api.post("runs/log-inputs", run_id=each, datasets=[dataset()])

    assert get(api, run_id)["inputs"]["dataset_inputs"] == get(api, other)["inputs"]["dataset_inputs"]


@pytest.mark.parametrize(("field", "limit"), [("name", 500), ("digest", 36), ("source", 65_535), ("schema", 1_048_575)])
def test_a_dataset_at_and_beyond_its_limits(api, run_id, field, limit):
    good = api.post("runs/log-inputs", run_id=run_id, datasets=[dataset(**{field: "x" * limit})])
    bad = api.post("runs/log-inputs", run_id=run_id, datasets=[dataset(**{field: "x" * (limit + 1)})])

    assert good.status_code == 200
    assert error_of(bad) == BAD


def test_a_profile_of_sixteen_megabytes_is_taken(api, run_id):
    answer = api.post("runs/log-inputs", run_id=run_id, datasets=[dataset(profile="x" * 16_777_215)])

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "datasets",
    [[{"dataset": {"name": "a"}}], [{"dataset": {"digest": "a"}}], [{}], [{"dataset": None}], "x",
     [dataset(name="")], [{**dataset(), "tags": [{"key": "k" * 256, "value": "v"}]}],
     [{**dataset(), "tags": [{"key": "k", "value": "v" * 501}]}]],
)  # fmt: skip
def test_a_dataset_that_is_none_is_refused(api, run_id, datasets):
    assert error_of(api.post("runs/log-inputs", run_id=run_id, datasets=datasets)) == BAD


def test_models_in_and_out_may_be_linked_again(api, run_id):
    for step in (3, 4):
        assert api.post("runs/log-inputs", run_id=run_id, models=[{"model_id": "m-in"}]).status_code == 200
        answer = api.post("runs/outputs", run_id=run_id, models=[{"model_id": "m-out", "step": step}])
        assert answer.status_code == 200

    run = get(api, run_id)
    assert run["inputs"]["model_inputs"] == [{"model_id": "m-in"}]
    assert run["outputs"]["model_outputs"] == [{"model_id": "m-out", "step": 3}]


def test_no_outputs_are_no_error(api, run_id):
    assert api.post("runs/outputs", run_id=run_id, models=[]).status_code == 200


@pytest.mark.parametrize("models", [None, [{}], [{"model_id": ""}], [{"model_id": "x" * 257}], [{"model_id": 5}], "x"])
def test_an_output_that_is_none_is_refused(api, run_id, models):
    assert error_of(api.post("runs/outputs", run_id=run_id, models=models)) == BAD


# log-model of 2.x clients -----------------------------------------------------------------------------------


def model_json(path="model", **fields):
    flavors = {"sklearn": {"config": {"big": 1}, "code": "x"}, "python_function": {}}
    return json.dumps(
        {"artifact_path": path, "flavors": flavors, "utc_time_created": "2026-05-03", "run_id": "r", **fields}
    )


def test_log_model_appends_to_the_history_once(api, run_id):
    for path in ("a", "a", "b"):
        answer = api.post("runs/log-model", run_id=run_id, model_json=model_json(path, signature={"inputs": []}))
        assert answer.status_code == 200

    models = json.loads(pairs_of(api, run_id, "tags")["mlflow.log-model.history"])
    assert [model["artifact_path"] for model in models] == ["a", "b"]
    assert models[0]["flavors"] == {"sklearn": {"code": "x"}, "python_function": {}}


def test_the_history_may_be_longer_than_a_tag(api, run_id):
    for n in range(50):
        api.post("runs/log-model", run_id=run_id, model_json=model_json(f"{n}/" + "x" * 240))

    assert len(json.loads(RunTag.objects.get(key="mlflow.log-model.history").value)) == 50


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", "{}", '{"artifact_path": "m"}', model_json(flavors=[]), "[" * 5000]
)
def test_a_model_that_is_none_is_refused(api, run_id, text):
    assert error_of(api.post("runs/log-model", run_id=run_id, model_json=text)) == BAD


def test_a_history_that_somebody_broke_is_a_clear_refusal(api, run_id):
    api.post("runs/set-tag", run_id=run_id, key="mlflow.log-model.history", value="x" * 10)

    assert error_of(api.post("runs/log-model", run_id=run_id, model_json=model_json())) == BAD
