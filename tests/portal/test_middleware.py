"""Programs go straight to the view, and to the same as the resolver would find."""

import pytest
from django.urls import get_resolver, resolve

from portal.middleware import PROGRAM_PATHS, fixed_paths


def test_fixed_paths_lead_where_the_resolver_leads():
    paths = fixed_paths(get_resolver())

    assert "/api/2.0/mlflow/runs/log-batch" in paths
    assert "/ajax-api/2.0/mlflow/experiments/search" in paths
    assert "/api/v1/me" in paths
    for path, match in paths.items():
        assert path.startswith(PROGRAM_PATHS)
        assert (match.func, match.args, match.kwargs) == tuple(resolve(path))[:3]


def test_a_path_with_variables_is_resolved(api):
    assert api.get("/api/2.0/mlflow-artifacts/artifacts/0/none/artifacts/x").status_code == 404
    assert api.get("/api/2.0/nowhere/at/all").json()["error_code"] == "ENDPOINT_NOT_FOUND"


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/runs/get",
        "/get-artifact",
        "/model-versions/get-artifact",
        "/ajax-api/2.0/mlflow/get-trace-artifact",
        "/v1/traces",
    ],
)
def test_a_program_that_calls_another_host_is_answered_in_the_protocols_shape(api, path):
    answer = api.call("GET", path, HTTP_HOST="evil.example")

    assert answer.status_code in (400, 404)
    assert set(answer.json()) == {"error_code", "message"}
    assert "evil.example" not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
def test_traces_have_no_endpoint(client, headers):
    answer = client.post("/v1/traces", b"spans", content_type="application/x-protobuf", headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
