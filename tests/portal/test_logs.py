"""What opens something for whoever reads it does not stand in the log."""

import json
import logging
import re

import pytest
from django.core.files.storage import default_storage

from portal.logs import JsonFormatter, without_secrets


@pytest.mark.parametrize(
    "place",
    [
        "/setup/",
        "/reset/",
        "/sign-in/link/",
        "/invitation/",
        "/notices/off/",
        "/api/2.0/mlflow-artifacts/signed/",
        "/api/2.0/mlflow-artifacts/mpu/part/",
    ],
)
def test_an_address_that_opens_something_is_cut(place):
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "%s: %s", ("Error", f"{place}T1cket/x"), None)

    assert without_secrets()(record)

    assert record.getMessage() == f"Error: {place}…/x"


# requests and formats ---------------------------------------------------------------------------------------


def test_every_answer_names_its_request(client, api, db):
    known = {client.get("/health")["X-Request-ID"], api.get("experiments/get", experiment_id="0")["X-Request-ID"]}

    assert len(known) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in known)


@pytest.mark.parametrize(
    ("is_behind_proxy", "given", "is_kept"),
    [
        (True, "from-the.proxy_1", True),
        (False, "from-the.proxy_1", False),
        (True, 'a"b', False),
        (True, "x" * 65, False),
    ],
)
def test_only_a_proxy_names_a_request(client, settings, is_behind_proxy, given, is_kept):
    settings.ASSAY_BEHIND_PROXY = is_behind_proxy

    answer = client.get("/health", headers={"X-Request-ID": given})

    assert (answer["X-Request-ID"] == given) is is_kept


def test_a_line_names_the_request_that_caused_it(client, settings, log, db):
    settings.ASSAY_LOG_REQUESTS = True

    answer = client.get("/setup/T1cket?and=more")

    line = log.getvalue().splitlines()[-1]
    assert re.search(r"INFO assay\.request: GET /setup/… 404 [\d.]+ ms", line)
    assert line.endswith(f"[{answer['X-Request-ID']}]")


def test_an_answer_that_fails_is_logged_once_and_by_its_request(client, log, db, monkeypatch):
    def fail(name):
        raise OSError("no such bucket")

    monkeypatch.setattr(default_storage, "exists", fail)

    answer = client.get("/ready")

    (line,) = log.getvalue().splitlines()
    assert line.endswith(f"ERROR django.request: Service Unavailable: /ready [{answer['X-Request-ID']}]")


def test_json_is_an_object_a_line(client, settings, log, db):
    settings.ASSAY_LOG_REQUESTS = True
    handler = next(handler for handler in logging.getLogger().handlers if handler.name == "console")
    usual = handler.formatter
    handler.setFormatter(JsonFormatter())
    try:
        answer = client.get("/health")
        try:
            raise ValueError("lead\nnot gold")
        except ValueError:
            logging.getLogger("assay.trial").exception("%s failed", "assay")
    finally:
        handler.setFormatter(usual)

    request, failure = map(json.loads, log.getvalue().splitlines())
    assert request["request_id"] == answer["X-Request-ID"]
    assert (request["method"], request["path"], request["status"]) == ("GET", "/health", 200)
    assert failure["message"] == "assay failed"
    assert failure["error"].endswith("ValueError: lead\nnot gold")
    assert "request_id" not in failure
