"""What every answer carries, whoever asked for what: the rules that browsers keep to."""

import io

import pytest

from tests.factories import make_experiment, make_run, make_token
from tracker.actions import artifacts

RULES = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "same-origin",
}


@pytest.fixture
def run(admin):
    run = make_run(make_experiment(by=admin), by=admin)
    artifacts.upload(run, "page.html", io.BytesIO(b"<script>alert(1)</script>"), by=admin)
    return run


def check(answer):
    carried = {name: answer.headers.get(name, "") for name in RULES}
    assert {name: rule in carried[name] for name, rule in RULES.items()} == dict.fromkeys(RULES, True), carried
    framed = answer.headers.get("X-Frame-Options", "") + answer.headers["Content-Security-Policy"]
    assert "DENY" in framed or "frame-ancestors 'none'" in framed or "sandbox" in framed


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/experiments",
        "/runs/{run}",
        "/experiments/{experiment}/runs.csv",
        "/series?runs={run}&key=x",
        "/search?q=x",
        "/nowhere",
        "/runs/unknown",
        "/account/appearance",
        "/admin/",
        "/api/2.0/mlflow/runs/get?run_id={run}",
        "/api/2.0/mlflow/runs/get?run_id=x",
        "/get-artifact?run_id={run}&path=page.html",
        "/ajax-api/2.0/mlflow/nowhere",
        "/health",
        "/version",
    ],
)
def test_a_browser_is_told_the_rules(client, admin, run, path):
    client.force_login(admin)

    check(client.get(path.format(run=run.run_id, experiment=run.experiment_id)))


@pytest.mark.parametrize("path", ["/sign-in", "/setup/x", "/", "/nowhere", "/api/2.0/mlflow/runs/get"])
def test_nobody_is_told_them_too(client, db, path):
    check(client.get(path))


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/runs/get?run_id={run}",
        "/api/2.0/mlflow/runs/get?run_id=x",
        "/api/2.0/mlflow/nowhere",
        "/api/v1/me",
        "/api/v1/runs.csv?experiment_id={experiment}",
        "/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/page.html",
    ],
)
@pytest.mark.parametrize("is_good", [True, False])
def test_a_program_s_answers_carry_them(client, admin, run, path, is_good):
    secret = make_token(admin)[1] if is_good else "assay_made_up"
    url = path.format(run=run.run_id, experiment=run.experiment_id)

    answer = client.get(url, headers={"Authorization": f"Bearer {secret}"})

    assert is_good or answer.status_code in (401, 404)
    check(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2fportal/settings.py",
        "/static/../portal/settings.py",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static//etc/passwd",
        "/media/x",
        "/.git/config",
        "/assay.db",
        "/assay-data/assay.db",
        "/secret-key",
        "/static/secret-key",
        "/.env",
    ],
)
def test_no_file_of_the_server_has_an_address(client, admin, path):
    client.force_login(admin)

    answer = client.get(path)

    assert answer.status_code == 404
