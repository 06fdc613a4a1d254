import errno
import threading
from contextlib import ExitStack

import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection, transaction

from api.errors import respond_to
from core.errors import Unavailable
from core.sql import waiting_at_most
from tests.factories import make_run
from tracker.lookups import hold_run
from tracker.models import Experiment, Metric


class FromPostgreSQL(Exception):
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


def said_by(kind, words="", sqlstate=None):
    error = kind(words)
    error.__cause__ = FromPostgreSQL(sqlstate) if sqlstate else None
    return error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (said_by(OperationalError, "database is locked"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "database or disk is full"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "disk I/O error"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "couldn't get a connection after 30.00 sec"), 503, "TEMPORARILY_UNAVAILABLE"),
        (
            said_by(OperationalError, "connection failed: sorry, too many clients already"),
            503,
            "TEMPORARILY_UNAVAILABLE",
        ),
        (said_by(OperationalError, "deadlock detected", "40P01"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "could not serialize", "40001"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "lock not available", "55P03"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "could not extend file", "53100"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "terminating", "57P01"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "server closed", "08006"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(InterfaceError, "the connection is closed"), 503, "TEMPORARILY_UNAVAILABLE"),
        (Unavailable("busy"), 503, "TEMPORARILY_UNAVAILABLE"),
        (OSError(errno.ENOSPC, "no space"), 503, "TEMPORARILY_UNAVAILABLE"),
        (OSError(errno.EFBIG, "too large"), 503, "TEMPORARILY_UNAVAILABLE"),
        (said_by(OperationalError, "index row size 3000", "54000"), 400, "INVALID_PARAMETER_VALUE"),
        (said_by(OperationalError, "too many SQL variables"), 400, "INVALID_PARAMETER_VALUE"),
        (said_by(OperationalError, "Expression tree is too large"), 400, "INVALID_PARAMETER_VALUE"),
        (said_by(DataError, "value too long"), 400, "INVALID_PARAMETER_VALUE"),
        (OverflowError("Python int too large"), 400, "INVALID_PARAMETER_VALUE"),
        (said_by(IntegrityError, "FOREIGN KEY constraint failed"), 404, "RESOURCE_DOES_NOT_EXIST"),
        (said_by(IntegrityError, "violates", "23503"), 404, "RESOURCE_DOES_NOT_EXIST"),
        (said_by(IntegrityError, "UNIQUE constraint failed"), 409, "RESOURCE_CONFLICT"),
        (said_by(OperationalError, "no such table"), 500, "INTERNAL_ERROR"),
        (ValueError("a mistake of ours"), 500, "INTERNAL_ERROR"),
    ],
)
def test_what_went_wrong_has_its_code(error, status, code):
    answer = respond_to(error)

    assert answer.status_code == status
    assert f'"error_code":"{code}"' in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_mistake_of_ours_is_not_told_to_the_caller():
    assert "secret" not in respond_to(ValueError("secret")).text


@pytest.fixture
def held(transactional_db):
    """held(run): somebody else holds the run until the test ends, and we wait for a moment only."""
    done, threads = threading.Event(), []

    def hold(run):
        holds = threading.Event()

        def keep():
            with transaction.atomic():
                hold_run(run.pk)
                holds.set()
                done.wait(20)
            connection.close()

        threads.append(threading.Thread(target=keep))
        threads[-1].start()
        assert holds.wait(20)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '100ms'")
        patience.enter_context(waiting_at_most(100))

    with ExitStack() as patience:
        yield hold
    done.set()
    for thread in threads:
        thread.join()
    connection.close()
    if connection.vendor == "postgresql":
        # its sessions go back to the pool as they are, and the next test would wait for a moment only, too
        connection.close_pool()


def test_a_run_that_stays_held_is_a_503_that_says_when_to_come_back(held, api, admin):
    run = make_run(by=admin)
    held(run)

    answer = api.post("runs/log-metric", run_id=run.run_id, key="m", value=1, timestamp=1)

    assert (answer.status_code, answer.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1
    assert not Metric.objects.exists()


def test_reading_does_not_wait_for_a_writer(held, api, admin):
    run = make_run(by=admin)
    held(run)

    assert api.get("runs/get", run_id=run.run_id).status_code == 200


@pytest.mark.parametrize(
    ("call", "data", "holder"),
    [
        ("log-metric", {"key": "m", "value": 1, "timestamp": 1}, "batches.hold_run_to_log"),
        ("log-parameter", {"key": "p", "value": "1"}, "params.hold_run_to_log"),
        ("set-tag", {"key": "t", "value": "1"}, "tags.hold_run"),
        ("outputs", {"models": [{"model_id": "m-1"}]}, "inputs.hold_run"),
    ],
)
def test_a_run_that_is_purged_meanwhile_is_not_found(transactional_db, api, admin, monkeypatch, call, data, holder):
    run = make_run(by=admin)

    def purge(pk):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM tracker_run WHERE id = %s", [pk])

    monkeypatch.setattr(f"tracker.actions.{holder}", purge)

    answer = api.post(f"runs/{call}", run_id=run.run_id, **data)

    assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_an_experiment_that_is_deleted_meanwhile_gets_no_run(api, admin, monkeypatch):
    from tracker.actions import runs

    count = runs._count_new_run

    def delete_first(pk, start_time_ms):
        api.post("experiments/delete", experiment_id=str(pk))
        count(pk, start_time_ms)

    monkeypatch.setattr("tracker.actions.runs._count_new_run", delete_first)

    answer = api.post("runs/create", experiment_id="0")

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert Experiment.objects.get(pk=0).num_runs == 0


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("runs/get/", "Assay has no call GET /api/2.0/mlflow/runs/get/. Addresses of calls end without a slash."),
        ("experiments/list", "It is one of MLflow 1.x: clients from 2.0 on are served."),
        ("traces/search", "Tracing, evaluation and gateways are not part of it."),
    ],
)
def test_a_call_that_is_not_there_is_named_with_what_may_be_meant(client, path, says):
    answer = client.get(f"/api/2.0/mlflow/{path}")

    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert answer.json()["message"].endswith(says)
