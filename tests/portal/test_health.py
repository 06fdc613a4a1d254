"""What load balancers and the client ask before they log in."""

import os
import socket
import threading
import time

import pytest
from django.core.files.storage import default_storage

from portal import health
from tests.servers import wait_until


@pytest.fixture(autouse=True)
def _no_redis(settings):
    settings.REDIS_URL = ""


def test_health_asks_nothing_of_anybody(client):
    # without the database's fixture a query would fail
    answer = client.get("/health")

    assert (answer.status_code, answer.content) == (200, b"OK")


def test_ready_names_the_parts_that_answer(client, db):
    answer = client.get("/ready")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "database": "ok", "storage": "ok"})


def test_ready_says_that_the_storage_fails(client, db, monkeypatch):
    def fail(name):
        raise OSError("no such bucket")

    monkeypatch.setattr(default_storage, "exists", fail)

    answer = client.get("/ready")

    assert (answer.status_code, answer.json()) == (503, {"ready": False, "database": "ok", "storage": "failing"})


def test_ready_says_that_the_database_fails(client):
    # the fixture that opens the database is not asked for, so opening it fails
    answer = client.get("/ready")

    assert (answer.status_code, answer.json()) == (503, {"ready": False, "database": "failing", "storage": "ok"})


def test_a_part_that_hangs_is_named_in_time_and_costs_one_thread(client, db, monkeypatch):
    let_go, asked = threading.Event(), []

    def hang(name):
        asked.append(name)
        let_go.wait(30)

    monkeypatch.setattr(default_storage, "exists", hang)
    monkeypatch.setattr(health, "PART_WAIT_S", 0.3)
    try:
        for _ in range(3):
            began_at = time.monotonic()
            answer = client.get("/ready")
            assert (answer.status_code, answer.json()["storage"]) == (503, "failing")
            assert time.monotonic() - began_at < 3
        assert len(asked) == 1
    finally:
        let_go.set()

    wait_until(lambda: client.get("/ready").status_code == 200)


@pytest.mark.needs("redis")
def test_ready_names_redis_where_it_is_set_up(client, db, settings):
    settings.REDIS_URL = os.environ["REDIS_URL"]

    answer = client.get("/ready")

    expected = {"ready": True, "degraded": False, "database": "ok", "storage": "ok", "broker": "ok"}
    assert (answer.status_code, answer.json()) == (200, expected)


def test_a_redis_that_hangs_degrades_and_takes_nobody_out(client, db, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began_at = time.monotonic()

        answer = client.get("/ready")

    expected = {"ready": True, "degraded": True, "database": "ok", "storage": "ok", "broker": "failing"}
    assert (answer.status_code, answer.json()) == (200, expected)
    # a load balancer takes who is silent for long for dead
    assert time.monotonic() - began_at < 4


def test_the_version_is_that_of_the_protocol(client):
    assert client.get("/version").content.decode() == health.MLFLOW_VERSION


@pytest.mark.parametrize("prefix", ["api", "ajax-api"])
def test_server_info_tells_the_client_what_it_may_use(client, prefix):
    info = client.get(f"/{prefix}/3.0/mlflow/server-info").json()

    assert info["store_type"] == "SqlStore"
    assert info["artifact_serving_enabled"] is True
    assert info["multipart_uploads_enabled"] is True
    assert info["workspaces_enabled"] is False


@pytest.mark.parametrize("path", ["/health", "/ready", "/version", "/api/3.0/mlflow/server-info"])
def test_they_are_for_reading(client, path):
    assert client.post(path).status_code in (403, 405)


@pytest.mark.parametrize("host", ["web:5000", "10.0.0.7:5000", "assay.default.svc"])
def test_probes_ask_by_whatever_name_they_know(client, db, settings, host):
    settings.ASSAY_METRICS_TOKEN = "geheim"

    for path in ("/health", "/ready", "/metrics"):
        answer = client.get(path, headers={"Host": host, "Authorization": "Bearer geheim"})
        assert answer.status_code == 200, path
    assert client.get("/metrics", headers={"Host": host}).status_code == 404


@pytest.mark.parametrize("path", ["/", "/sign-in", "/version", "/health/", "/api/2.0/mlflow/runs/get"])
def test_everything_else_is_refused_under_a_foreign_name(client, db, path):
    assert client.get(path, headers={"Host": "web:5000"}).status_code == 400
    assert client.post("/health", headers={"Host": "web:5000"}).status_code == 400
