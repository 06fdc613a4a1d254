"""Somebody else's id, written into what is one's own: it is stored as any text would be, or refused, and opens nothing."""

import json
from urllib.parse import quote

import pytest

from tests.factories import make_experiment, make_model, make_run, make_version
from tests.test_access import SECRET

pytestmark = pytest.mark.django_db

NOWHERE = "m-" + "0" * 32


@pytest.fixture
def sid(world):
    return world.people["stranger"]


@pytest.fixture
def own(sid):
    return make_run(make_experiment("own", by=sid, is_private=True), by=sid)


def _model_json(run, model_id):
    described = {"artifact_path": "m", "flavors": {}, "utc_time_created": "2026-05-03", "run_id": run.run_id}
    return json.dumps({**described, "model_uuid": model_id, "model_id": model_id})


METRIC = {"key": "m", "value": 1, "timestamp": 1, "step": 0}
WRITES = {
    "as an input": lambda run, model_id: ("runs/log-inputs", {"models": [{"model_id": model_id}]}),
    "as an output": lambda run, model_id: ("runs/outputs", {"models": [{"model_id": model_id, "step": 1}]}),
    "in a description": lambda run, model_id: ("runs/log-model", {"model_json": _model_json(run, model_id)}),
    "of a metric": lambda run, model_id: ("runs/log-metric", {**METRIC, "model_id": model_id}),
    "of a batch": lambda run, model_id: ("runs/log-batch", {"metrics": [{**METRIC, "model_id": model_id}]}),
}


@pytest.mark.parametrize("way", WRITES)
def test_a_hidden_model_named_by_ones_run_is_not_shown(world, sid, own, api_as, client, way):
    api = api_as(sid)
    path, data = WRITES[way](own, world.model_id)

    answer = api.post(path, run_id=own.run_id, **data)

    assert answer.status_code in (200, 404)
    assert not SECRET.search(answer.content)
    assert not SECRET.search(api.get("runs/get", run_id=own.run_id).content)
    client.force_login(sid)
    for page in ("", "/lineage", "/activity", "/artifacts", "/code"):
        shown = client.get(f"/runs/{own.run_id}{page}")
        assert shown.status_code == 200
        assert not SECRET.search(shown.content), page
    assert api.get(f"logged-models/{world.model_id}").status_code == 404
    assert client.get(f"/logged-models/{world.model_id}").status_code == 404


@pytest.mark.parametrize("way", WRITES)
def test_a_hidden_model_and_one_that_never_was_are_answered_alike(world, sid, own, api_as, way):
    answers = []
    for model_id in (world.model_id, NOWHERE):
        path, data = WRITES[way](own, model_id)
        answer = api_as(sid).post(path, run_id=own.run_id, **data)
        answers.append((answer.status_code, answer.text.replace(model_id, "ID")))

    assert answers[0] == answers[1]


def test_who_manages_a_model_is_not_told_of_the_hidden_run_that_names_it(world, sid, own, api_as, client):
    assert api_as(sid).post("runs/log-inputs", run_id=own.run_id, models=[{"model_id": world.model_id}]).json() == {}
    client.force_login(world.people["manager"])

    for page in (f"/logged-models/{world.model_id}", f"/runs/{world.run_id}/lineage"):
        shown = client.get(page)

        assert shown.status_code == 200
        assert own.run_id not in shown.text
        assert own.name not in shown.text


VERSIONS = {
    "its files": {"source": "mlflow-artifacts:/{artifact_root}"},
    "its files, as of one's own run": {"source": "mlflow-artifacts:/{artifact_root}", "run_id": "{own}"},
    "a path of its run": {"source": "runs:/{run_id}/m", "run_id": "{run_id}"},
    "a logged model": {"source": "models:/{model_id}"},
    "a logged model, as of one's own run": {"source": "models:/{model_id}", "run_id": "{own}"},
    "a logged model by its id alone": {"source": "runs:/{own}/m", "run_id": "{own}", "model_id": "{model_id}"},
    "another version": {"source": "models:/{registered_name}/1"},
    "an alias": {"source": "models:/{registered_name}@champion"},
}


@pytest.mark.parametrize("way", VERSIONS)
def test_nothing_hidden_is_registered_as_ones_own(world, sid, own, api_as, way):
    model = make_model("mine", by=sid)
    names = {**vars(world), "own": own.run_id}

    answer = api_as(sid).post(
        "model-versions/create", name="mine", **{key: text.format(**names) for key, text in VERSIONS[way].items()}
    )

    assert answer.status_code in (400, 403, 404)
    assert not SECRET.search(answer.content.replace(world.registered_name.encode(), b""))
    assert model.versions.count() == 0


# what the calls below ask for besides
REST = {
    "name": "doors",
    "version": "1",
    "alias": "a",
    "stage": "Staging",
    "comment": "hm",
    "path": "a",
    "metric_key": "m",
    "form": "csv",
}
ODD = ["../x", "a/b", ".", "..", "x" * 300, "💎", "%2f", "%252e%252e", "\0", "a\nb", "' OR 1=1 --"]


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "runs/get", "run_id"),
        ("POST", "runs/update", "run_id"),
        ("POST", "runs/delete", "run_id"),
        ("GET", "metrics/get-history", "run_id"),
        ("GET", "artifacts/list", "run_id"),
        ("GET", "experiments/get", "experiment_id"),
        ("POST", "experiments/delete", "experiment_id"),
        ("POST", "runs/create", "experiment_id"),
        ("POST", "logged-models", "experiment_id"),
        ("GET", "registered-models/get", "name"),
        ("DELETE", "registered-models/delete", "name"),
        ("PATCH", "registered-models/update", "name"),
        ("GET", "registered-models/alias", "alias"),
        ("POST", "registered-models/alias", "alias"),
        ("DELETE", "registered-models/alias", "alias"),
        ("GET", "model-versions/get", "version"),
        ("DELETE", "model-versions/delete", "version"),
        ("POST", "model-versions/transition-stage", "version"),
        ("GET", "model-versions/get-artifact", "version"),
        ("POST", "comments/create", "version"),
        ("PATCH", "comments/update", "id"),
        ("DELETE", "registry-webhooks/delete", "id"),
        ("POST", "runs/log-inputs", "run_id"),
        ("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", "experiment_ids"),
        ("GET", "webhooks/{odd}", ""),
        ("PATCH", "logged-models/{odd}/tags", ""),
        ("GET", "/api/v1/runs/{odd}/lineage", ""),
        ("GET", "/api/v1/models/doors/versions/{odd}/checks?to=Production", ""),
        ("GET", "/api/v1/requests/{odd}", ""),
        ("DELETE", "/api/v1/tokens/{odd}", ""),
        ("GET", "/models/{odd}", ""),
        ("GET", "/models/doors/versions/{odd}", ""),
        ("GET", "/artifacts/{odd}/zip", ""),
        ("GET", "/api/v1/experiments/{odd}/grants", ""),
        ("GET", "/api/v1/models/{odd}/grants", ""),
        ("GET", "/api/v1/runs", "experiment_id"),
        ("GET", "/api/v1/runs.csv", "experiment_id"),
        ("POST", "/api/v1/exports", "experiment_id"),
        ("GET", "/api/v1/exports/{odd}", ""),
        ("GET", "logged-models/{odd}", ""),
        ("GET", "/runs/{odd}", ""),
        ("GET", "/experiments/{odd}", ""),
        ("GET", "/logged-models/{odd}", ""),
        ("GET", "/account/service/{odd}/tokens", ""),
    ],
)
def test_an_odd_id_is_nobodys(api, client, method, path, name):
    client.force_login(api.user)
    make_version(make_model("doors", by=api.user), by=api.user)
    for odd in ODD:
        data = {**REST, name: [odd] if name.endswith("s") else odd} if name else {}

        answer = api.call(method, path.replace("{odd}", quote(odd) if odd != "%2f" else odd), data)

        # of a run that is not there a history has no points, as in MLflow
        is_empty = path == "metrics/get-history" and answer.json() == {}
        assert is_empty or answer.status_code in (301, 302, 400, 404, 405), odd


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_name_is_no_users(api, odd):
    experiment = make_experiment(by=api.user)

    answer = api.put(f"/api/v1/experiments/{experiment.pk}/grants", user=odd, level="view")

    assert answer.status_code in (400, 404)
    assert experiment.grants.exclude(user=api.user).count() == 0
