"""Logged models: MLflow 3's calls around log_model."""

import pytest

from accounts.access import Level, Scope
from core.models import AuditEvent
from tests.factories import grant, make_experiment, make_logged_model, make_run
from tracker.models import LoggedModel, LoggedModelMetric


@pytest.fixture
def run(admin):
    return make_run(by=admin)


@pytest.fixture
def model(admin, run):
    return make_logged_model(by=admin, source_run=run, name="furnace")


def path(model, rest=""):
    return f"logged-models/{model.model_id}{rest}"


def data_of(api, model):
    return api.get(path(model)).json()["model"]["data"]


def tags_of(api, model):
    tags = api.get(path(model)).json()["model"]["info"]["tags"]
    return {tag["key"]: tag["value"] for tag in tags}


def test_a_model_is_pending_until_its_files_are_there(api, run):
    answer = api.post(
        "logged-models",
        experiment_id="0",
        name="furnace",
        model_type="sklearn",
        source_run_id=run.run_id,
        params=[{"key": "depth", "value": "3"}],
        tags=[{"key": "a/b", "value": "c"}],
    )

    model = answer.json()["model"]
    model_id = model["info"]["model_id"]
    assert len(model_id) == 34
    assert model_id.startswith("m-")
    assert model["info"] | {"creation_timestamp_ms": 0, "last_updated_timestamp_ms": 0} == {
        "model_id": model_id,
        "experiment_id": "0",
        "name": "furnace",
        "creation_timestamp_ms": 0,
        "last_updated_timestamp_ms": 0,
        "artifact_uri": f"mlflow-artifacts:/0/models/{model_id}/artifacts",
        "status": "LOGGED_MODEL_PENDING",
        "model_type": "sklearn",
        "source_run_id": run.run_id,
        "status_message": "",
        "tags": [{"key": "a/b", "value": "c"}],
        "registrations": [],
    }
    assert model["data"] == {"params": [{"key": "depth", "value": "3"}], "metrics": []}
    assert api.get(f"logged-models/{model_id}").json()["model"] == model


def test_without_a_name_it_gets_one(api):
    model = api.post("logged-models", experiment_id="0").json()["model"]

    assert model["info"]["name"]
    assert "source_run_id" not in model["info"]


def test_names_need_not_differ(api, model):
    assert api.post("logged-models", experiment_id="0", name=model.name).status_code == 200


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", "x" * 501])
def test_a_name_that_no_uri_can_hold_is_refused(api, name):
    answer = api.post("logged-models", experiment_id="0", name=name)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_deleted_experiment_takes_no_models(api, admin):
    experiment = make_experiment(by=admin)
    api.post("experiments/delete", experiment_id=str(experiment.pk))

    assert api.post("logged-models", experiment_id=str(experiment.pk)).status_code == 400


@pytest.mark.parametrize(
    ("status", "stored"),
    [
        ("LOGGED_MODEL_READY", "LOGGED_MODEL_READY"),
        ("logged_model_upload_failed", "LOGGED_MODEL_UPLOAD_FAILED"),
        (2, "LOGGED_MODEL_READY"),
        ("1", "LOGGED_MODEL_PENDING"),
    ],
)
def test_finalizing_says_how_it_went(api, model, status, stored):
    answer = api.patch(path(model), model_id=model.model_id, status=status)

    assert answer.json()["model"]["info"]["status"] == stored
    assert LoggedModel.objects.get().last_updated_time_ms >= model.last_updated_time_ms


@pytest.mark.parametrize("status", ["READY", "", 0, 9, None, True])
def test_a_status_that_does_not_exist_is_refused(api, model, status):
    assert api.patch(path(model), status=status).status_code == 400


def test_params_come_in_batches_and_may_be_repeated(api, model):
    first, second = {"key": "depth", "value": "3"}, {"key": "alpha", "value": "0.1"}

    api.post(path(model, "/params"), params=[first])
    answer = api.post(path(model, "/params"), params=[first, second, second])

    assert answer.json() == {}
    assert data_of(api, model)["params"] == [second, first]


def test_a_param_keeps_its_value(api, model):
    api.post(path(model, "/params"), params=[{"key": "depth", "value": "3"}])

    answer = api.post(path(model, "/params"), params=[{"key": "new", "value": "1"}, {"key": "depth", "value": "4"}])

    assert answer.status_code == 400
    assert "Changing param values is not allowed" in answer.json()["message"]
    assert data_of(api, model)["params"] == [{"key": "depth", "value": "3"}]


def test_a_long_param_is_kept_whole_unlike_a_runs(api, model):
    api.post(path(model, "/params"), params=[{"key": "grid", "value": "x" * 7000}])

    assert len(data_of(api, model)["params"][0]["value"]) == 7000


def test_tags_are_written_over_and_the_last_counts(api, model):
    api.patch(path(model, "/tags"), tags=[{"key": "stage", "value": "draft"}])
    api.patch(path(model, "/tags"), tags=[{"key": "stage", "value": "x"}, {"key": "stage", "value": "final"}])

    assert tags_of(api, model) == {"stage": "final"}


@pytest.mark.parametrize("key", ["plain", "a/b/c", "mlflow.modelVersions", "with space", "snö"])
def test_the_key_of_a_tag_to_delete_stands_in_the_path(api, model, key):
    from urllib.parse import quote

    api.patch(path(model, "/tags"), tags=[{"key": key, "value": "x"}, {"key": "stays", "value": ""}])

    assert api.delete(path(model, f"/tags/{quote(key)}")).json() == {}
    assert tags_of(api, model) == {"stays": ""}
    assert api.delete(path(model, f"/tags/{quote(key)}")).status_code == 404


def test_a_deleted_model_is_found_only_by_who_asks_for_it(api, model):
    assert api.delete(path(model)).json() == {}
    assert api.delete(path(model)).json() == {}

    assert api.get(path(model)).status_code == 404
    assert api.get(path(model), allow_deleted="true").json()["model"]["info"]["name"] == "furnace"
    assert AuditEvent.objects.filter(action="loggedmodel.delete").count() == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda api, model: api.patch(path(model), status="LOGGED_MODEL_READY"),
        lambda api, model: api.post(path(model, "/params"), params=[]),
        lambda api, model: api.patch(path(model, "/tags"), tags=[]),
        lambda api, model: api.delete(path(model, "/tags/x")),
    ],
)
def test_a_deleted_model_does_not_change(api, model, call):
    api.delete(path(model))

    assert call(api, model).status_code == 404


def test_metrics_are_the_latest_of_each_key_and_dataset(api, model, run):
    def point(value, step, *, key="acc", is_nan=False, dataset="", timestamp_ms=1):
        digest = "d1" if dataset else ""
        LoggedModelMetric.objects.create(
            model=model, run=run, key=key, value=value, is_nan=is_nan, step=step, timestamp_ms=timestamp_ms,
            dataset_name=dataset, dataset_digest=digest,
        )  # fmt: skip

    point(0.9, step=2)
    point(0.5, step=1, timestamp_ms=99)
    point(0.7, step=2, dataset="test")
    point(0.0, step=0, key="loss", is_nan=True)

    metric = {"timestamp": 1, "model_id": model.model_id, "run_id": run.run_id}
    assert data_of(api, model)["metrics"] == [
        {"key": "acc", "value": 0.9, "step": 2, **metric},
        {"key": "acc", "value": 0.7, "step": 2, **metric, "dataset_name": "test", "dataset_digest": "d1"},
        {"key": "loss", "value": "NaN", "step": 0, **metric},
    ]


def test_building_many_costs_as_many_queries_as_one(admin, run, django_assert_num_queries):
    from api import wire

    models = [make_logged_model(by=admin, source_run=run, params=[("a", "1")], tags=[("b", "2")]) for _ in range(5)]

    with django_assert_num_queries(4):
        built = wire.logged_models(models)

    assert [model["info"]["model_id"] for model in built] == [model.model_id for model in models]
    assert {model["info"]["source_run_id"] for model in built} == {run.run_id}


def test_its_files_are_listed_and_read(api, model):
    where = f"/api/2.0/mlflow-artifacts/artifacts/0/models/{model.model_id}/artifacts/data/model.pkl"
    api.client.generic("PUT", where, b"not a pickle", HTTP_AUTHORIZATION=f"Bearer {api.secret}")

    listed = api.get(path(model, "/artifacts/directories"), artifact_directory_path="data").json()
    read = api.get(f"/ajax-api/2.0/mlflow/{path(model)}/artifacts/files", artifact_file_path="data/model.pkl")

    assert listed == {
        "root_uri": model.artifact_uri,
        "files": [{"path": "data/model.pkl", "is_dir": False, "file_size": 12}],
    }
    assert b"".join(read) == b"not a pickle"


@pytest.mark.parametrize("model_id", ["m-" + "0" * 32, "../x", "%2e%2e", "x" * 300, "m-💎"])
def test_an_id_of_no_model_is_404(api, model_id):
    answer = api.get(f"logged-models/{model_id}")

    assert (answer.status_code, "RESOURCE_DOES_NOT_EXIST" in answer.text or "ENDPOINT" in answer.text) == (404, True)


# Access ---------------------------------------------------------------------------------------------------


@pytest.fixture
def secret_model(member):
    return make_logged_model(make_experiment("secret", by=member, is_private=True), by=member, name="furnace")


EVERY_CALL = [
    lambda api, model: api.get(path(model)),
    lambda api, model: api.get(path(model), allow_deleted="true"),
    lambda api, model: api.patch(path(model), status="LOGGED_MODEL_READY"),
    lambda api, model: api.delete(path(model)),
    lambda api, model: api.post(path(model, "/params"), params=[]),
    lambda api, model: api.patch(path(model, "/tags"), tags=[]),
    lambda api, model: api.delete(path(model, "/tags/x")),
    lambda api, model: api.get(path(model, "/artifacts/directories")),
    lambda api, model: api.get(f"/ajax-api/2.0/mlflow/{path(model)}/artifacts/files", artifact_file_path="x"),
    lambda api, model: api.post("logged-models", experiment_id=str(model.experiment_id)),
]


@pytest.mark.parametrize("call", EVERY_CALL)
def test_a_stranger_meets_nothing_of_a_private_model(api_as, stranger, secret_model, call):
    answer = call(api_as(stranger), secret_model)

    assert answer.status_code == 404
    assert "furnace" not in answer.text


@pytest.mark.parametrize("call", EVERY_CALL[2:7])
def test_who_may_see_does_not_write(api_as, stranger, secret_model, call):
    grant(secret_model.experiment, stranger, Level.VIEW)

    assert call(api_as(stranger), secret_model).status_code == 403


def test_a_model_does_not_come_from_somebody_elses_run(api_as, member, stranger):
    foreign = make_run(by=member)

    answer = api_as(stranger).post("logged-models", experiment_id="0", source_run_id=foreign.run_id)

    assert answer.status_code == 403
    assert not LoggedModel.objects.exists()


def test_only_its_maker_and_editors_delete(api_as, member, stranger):
    model = make_logged_model(make_experiment(by=member), by=member)
    api = api_as(stranger)

    assert api.delete(path(model)).status_code == 403
    grant(model.experiment, stranger, Level.EDIT)
    assert api.delete(path(model)).status_code == 200


def test_a_training_scripts_token_does_not_delete(api_as, admin, model):
    assert api_as(admin, scope=Scope.LOG).delete(path(model)).status_code == 403
    assert api_as(admin, scope=Scope.READ).patch(path(model), status=2).status_code == 403
