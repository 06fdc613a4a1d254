"""Lineage as nodes and edges, from each of its ends."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.actions import policies, transitions
from tests.factories import make_logged_model, make_model, make_run
from tracker.models import Run

DATASET = {"name": "seams.csv", "digest": "abc"}


@pytest.fixture
def chain(api):
    """A dataset that a run used, whose logged model became version 1, which stands in Staging as @best, and a run that used it."""
    run = make_run(by=api.user, name="training")
    api.post(
        "runs/log-inputs", run_id=run.run_id, datasets=[{"dataset": {**DATASET, "source_type": "local", "source": "x"}}]
    )
    logged = make_logged_model(by=api.user, name="forest", source_run=run)
    model = make_model("seams", by=api.user)
    made = api.post(
        "model-versions/create", name="seams", source=f"models:/{logged.model_id}", model_id=logged.model_id
    )
    assert made.status_code == 200
    version = model.versions.get()
    transitions.move(version, "stage", "Staging", by=api.user)
    transitions.move(version, "alias", "best", by=api.user)
    using = make_run(by=api.user, name="evaluation")
    api.post("runs/log-inputs", run_id=using.run_id, models=[{"model_id": logged.model_id}])
    return {"run": run, "logged": logged, "version": version, "using": using}


def lineage(api, path, **query):
    answer = api.get(f"/api/v1/{path}", **query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    names = {node["id"]: node["name"] for node in found["nodes"]}
    assert not found["is_cut"]
    return sorted((names[edge["from"]], names[edge["to"]]) for edge in found["edges"])


FORWARD = [
    ("forest", "evaluation"),
    ("forest", "seams/1"),
    ("seams/1", "Staging"),
    ("seams/1", "best"),
    ("training", "forest"),
]


def test_from_the_data_on(api, chain):
    assert lineage(api, "experiments/0/datasets/lineage", **DATASET) == sorted([*FORWARD, ("seams.csv", "training")])


@pytest.mark.parametrize("of", ["run", "logged"])
def test_from_the_middle_both_ways(api, chain, of):
    row = chain[of]
    path = f"runs/{row.run_id}" if isinstance(row, Run) else f"logged-models/{row.model_id}"

    assert lineage(api, f"{path}/lineage") == sorted([*FORWARD, ("seams.csv", "training")])


def test_from_a_version_back(api, chain):
    back = [
        ("forest", "seams/1"),
        ("seams.csv", "training"),
        ("seams/1", "Staging"),
        ("seams/1", "best"),
        ("training", "forest"),
    ]

    assert lineage(api, "models/seams/versions/1/lineage") == back


def test_what_one_may_not_see_is_not_in_it(api, chain, api_as, member):
    chain["run"].experiment.__class__.objects.filter(pk=0).update(is_private=True)

    nodes = api_as(member).get("/api/v1/models/seams/versions/1/lineage").json()["nodes"]

    assert {node["kind"] for node in nodes} == {"model_version", "stage", "alias"}


def test_a_dataset_that_nobody_logged_is_not_found(api, db):
    answer = api.get("/api/v1/experiments/0/datasets/lineage", name="x", digest="y")

    assert answer.status_code == 404


def test_its_queries_do_not_grow_with_the_graph(api, chain, django_assert_max_num_queries):
    for number in range(5):
        run = make_run(by=api.user, name=f"r{number}")
        api.post("runs/log-inputs", run_id=run.run_id, models=[{"model_id": chain["logged"].model_id}])

    with django_assert_max_num_queries(40):
        assert lineage(api, f"runs/{chain['run'].run_id}/lineage")


def test_versions_take_no_query_each(api, chain, django_assert_num_queries):
    def register():
        model = chain["logged"].model_id
        made = api.post("model-versions/create", name="seams", source=f"models:/{model}", model_id=model)
        assert made.status_code == 200

    path = f"/api/v1/logged-models/{chain['logged'].model_id}/lineage"
    register()
    with CaptureQueriesContext(connection) as of_two:
        api.get(path)
    # the next request empties what was captured
    num_queries = len(of_two)
    register()
    register()

    with django_assert_num_queries(num_queries):
        nodes = api.get(path).json()["nodes"]

    assert sum(node["kind"] == "model_version" for node in nodes) == 4


def test_a_stage_that_a_policy_adds_is_named_as_such(api, chain):
    model = chain["version"].model
    policies.set(model, "stage", "Canary", wire_stage="Staging", num_approvals=0, by=api.user)
    transitions.move(chain["version"], "stage", "Canary", by=api.user)

    stands_at = [end for start, end in lineage(api, "models/seams/versions/1/lineage") if start == "seams/1"]

    assert stands_at == ["Canary", "best"]
