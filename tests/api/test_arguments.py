"""What stands in a request, well formed or not: decoded as the protocol allows, or a 400 that says what is wrong."""

import json

import pytest

from api.arguments import explain
from tests.factories import make_run
from tracker.models import Run

BAD = (400, "INVALID_PARAMETER_VALUE")
RUNS = "/api/2.0/mlflow/runs/"


@pytest.fixture
def run_id(admin):
    return make_run(by=admin).run_id


@pytest.fixture
def send(api, client):
    """send(call, body, content_type): a request to the byte."""

    def send(call, body, content_type="application/json", **headers):
        body = body if isinstance(body, bytes) else body.encode()
        headers = {"Authorization": f"Bearer {api.secret}", **headers}
        return client.generic("POST", RUNS + call, body, content_type=content_type, headers=headers)

    return send


def error_of(answer):
    return answer.status_code, answer.json()["error_code"]


def params_of(run_id):
    return dict(Run.objects.get(run_id=run_id).params.values_list("key", "value"))


# Spellings that the protocol allows -------------------------------------------------------------------------


def test_null_is_absent(send, run_id):
    body = json.dumps({"run_id": run_id, "run_uuid": None, "params": None, "tags": [{"key": "k", "value": None}]})

    assert send("log-batch", body).status_code == 200
    assert Run.objects.get(run_id=run_id).tags.get().value == ""


@pytest.mark.parametrize("field", ["run_id", "key", "value", "timestamp"])
def test_a_required_null_is_missing(send, run_id, field):
    body = {"run_id": run_id, "key": "m", "value": 1, "timestamp": 1, field: None}

    answer = send("log-metric", json.dumps(body))

    assert error_of(answer) == BAD
    assert answer.json()["message"].startswith(f"Missing value for required parameter '{field}'.")


def test_names_may_be_in_camel_case(send, run_id):
    answer = send("update", json.dumps({"runId": run_id, "endTime": 5, "runName": "camel", "status": "FINISHED"}))

    run = Run.objects.get(run_id=run_id)
    assert answer.status_code == 200
    assert (run.name, run.end_time_ms, run.status) == ("camel", 5, "FINISHED")


def test_an_optional_name_in_camel_case_is_not_lost(send, run_id):
    send("update", json.dumps({"run_id": run_id, "endTime": 5}))

    assert Run.objects.get(run_id=run_id).end_time_ms == 5


def test_names_within_may_be_in_camel_case(send, run_id):
    dataset = {"name": "d", "digest": "1", "sourceType": "local", "source": "s"}

    send("log-inputs", json.dumps({"runId": run_id, "datasets": [{"dataset": dataset}]}))

    assert Run.objects.get(run_id=run_id).dataset_inputs.get().dataset.source_type == "local"


def test_camel_case_in_a_value_is_a_value(send, run_id):
    send("log-batch", json.dumps({"run_id": run_id, "params": [{"key": "runId", "value": "endTime"}]}))

    assert params_of(run_id) == {"runId": "endTime"}


def test_both_spellings_at_once_are_refused(send, run_id):
    answer = send("set-tag", json.dumps({"run_id": run_id, "runId": run_id, "key": "k"}))

    assert error_of(answer) == BAD
    assert "both 'run_id' and 'runId'" in answer.json()["message"]


def test_a_query_may_be_in_camel_case(api, run_id):
    assert api.get("runs/get", runId=run_id).status_code == 200


def test_a_request_may_be_json_within_json(send, run_id):
    body = json.dumps(json.dumps({"run_id": run_id, "key": "p", "value": "v"}))

    assert send("log-parameter", body).status_code == 200
    assert params_of(run_id) == {"p": "v"}


def test_unknown_names_are_passed_over(send, run_id):
    body = {"run_id": run_id, "key": "p", "value": "v", "new_in_5": {"a": [1, None]}}

    assert send("log-parameter", json.dumps(body)).status_code == 200


def test_of_a_name_twice_the_last_counts(send, run_id):
    send("log-parameter", f'{{"run_id": "{run_id}", "key": "p", "value": "1", "value": "2"}}')

    assert params_of(run_id) == {"p": "2"}


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"]
)
def test_json_may_say_that_it_is_utf_8(send, run_id, content_type):
    body = json.dumps({"run_id": run_id, "key": "p", "value": "é"}, ensure_ascii=False)

    assert send("log-parameter", body, content_type).status_code == 200
    assert params_of(run_id) == {"p": "é"}


# What is refused --------------------------------------------------------------------------------------------

MALFORMED = [
    "[" * 5000,
    '{"a":' * 5000,
    "{",
    "nonsense",
    "[]",
    "5",
    "true",
    "null",
    '"text"',
    '"{"',
    '"[1]"',
    json.dumps(json.dumps(json.dumps({"run_id": "x"}))),
    '{"run_id": "x", "key": "m", "timestamp": 1, "value": NaN}',
    '{"run_id": "x", "key": "m", "timestamp": 1, "value": Infinity}',
    '{"run_id": "x", "key": "m", "timestamp": 1, "value": 1e999}',
    '{"run_id": "x", "key": "m", "timestamp": 1, "value": -1e999}',
    '{"run_id": "x", "key": "m", "timestamp": 1, "value": ' + "9" * 5000 + "}",
    '{"run_id": "x", "key": "m", "value": 1, "timestamp": ' + "9" * 5000 + "}",
    '{"run_id": "x", "key": "m", "value": 1, "timestamp": 9223372036854775808}',
    '{"run_id": "\\ud800", "key": "m", "value": 1, "timestamp": 1}',
    '{"run_id": "a\\u0000b", "key": "m", "value": 1, "timestamp": 1}',
    '"{\\"run_id\\": \\"a\\\\u0000b\\", \\"key\\": \\"m\\", \\"value\\": 1, \\"timestamp\\": 1}"',
    b'{"run_id": "a\x00b", "key": "m", "value": 1, "timestamp": 1}',
    b'{"run_id": "\xff\xfe", "key": "m", "value": 1, "timestamp": 1}',
    b'{"run_id": "\xed\xa0\x80", "key": "m", "value": 1, "timestamp": 1}',
    '{"run_id": "x", "key": "m", "value": 1, "timestamp": 1}'.encode("utf-16"),
    "",
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_request_is_a_400(send, body):
    assert error_of(send("log-metric", body)) == BAD


@pytest.mark.parametrize("name", ["run_id", "key", "value", "timestamp", "step", "model_id"])
@pytest.mark.parametrize("value", [[], {}, [[]], {"a": 1}, False, "\0", 10**400])
def test_a_wrong_type_is_a_400_that_names_the_field(send, run_id, name, value):
    body = {"run_id": run_id, "key": "m", "value": 1, "timestamp": 1, "step": 1, name: value}

    answer = send("log-metric", json.dumps(body))

    assert error_of(answer) == BAD


def test_the_value_and_its_place_are_said(send, run_id):
    body = {
        "run_id": run_id,
        "metrics": [{"key": "m", "value": 1, "timestamp": 1}, {"key": "m", "value": "abc", "timestamp": 1}],
    }

    message = send("log-batch", json.dumps(body)).json()["message"]

    assert message.startswith("Invalid value \"abc\" for parameter 'metrics[1].value' supplied")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data", "application/jsonp"]
)
def test_what_does_not_say_json_is_refused(send, run_id, content_type):
    answer = send("set-tag", json.dumps({"run_id": run_id, "key": "k"}), content_type)

    assert error_of(answer) == BAD


@pytest.mark.parametrize("charset", ["nope", "utf-16", "latin-1"])
def test_what_is_not_utf_8_is_refused(send, run_id, charset):
    answer = send("set-tag", json.dumps({"run_id": run_id, "key": "k"}), f"application/json; charset={charset}")

    assert error_of(answer) == BAD


def test_a_body_that_is_too_large_is_a_413(send, run_id):
    answer = send("set-tag", json.dumps({"run_id": run_id, "key": "k", "value": "x" * 4 * 1024 * 1024}))

    assert error_of(answer) == (413, "INVALID_PARAMETER_VALUE")


def test_a_body_just_below_the_limit_is_taken(send, run_id):
    room = 4 * 1024 * 1024 - len(json.dumps({"run_id": run_id, "key": "k", "value": ""}))

    assert send("set-tag", json.dumps({"run_id": run_id, "key": "k", "value": "x" * room})).status_code == 200


def test_a_body_that_was_cut_short_is_refused(api, run_id):
    """The server hands over what came; only the length says that more was announced."""
    from io import BytesIO

    from django.test import RequestFactory

    from api.arguments import read_body
    from core.errors import InvalidValue

    request = RequestFactory().post("/", b"", content_type="application/json")
    request.META.update({"CONTENT_LENGTH": "100", "wsgi.input": BytesIO(b'{"run_id"')})
    request._stream = BytesIO(b'{"run_id"')

    with pytest.raises(InvalidValue, match="cut short"):
        read_body(request, 1000)


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "²"])
def test_a_length_that_is_no_number_is_refused(length):
    from django.test import RequestFactory

    from api.arguments import read_body
    from core.errors import InvalidValue

    request = RequestFactory().post("/", b"{}", content_type="application/json")
    request.META["CONTENT_LENGTH"] = length

    with pytest.raises(InvalidValue, match="Content-Length"):
        read_body(request, 1000)


def test_chunks_without_a_length_are_read(api, run_id):
    from io import BytesIO

    from django.test import RequestFactory

    from api.arguments import TooLarge, read_body

    request = RequestFactory().post("/")
    request.META.update({"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": BytesIO(b'{"a": 1}')})

    assert read_body(request, 100) == b'{"a": 1}'
    request.META["wsgi.input"] = BytesIO(b"x" * 101)
    with pytest.raises(TooLarge):
        read_body(request, 100)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "runs/create"), ("GET", "runs/create"), ("DELETE", "runs/get"), ("POST", "runs/get"),
                         ("POST", "runs/create/"), ("POST", "runs//create"), ("POST", "runs/createx"), ("GET", "nothing")],
)  # fmt: skip
def test_what_the_protocol_does_not_have_is_said_in_its_shape(api, method, path):
    assert error_of(api.call(method, path)) == (404, "ENDPOINT_NOT_FOUND")


@pytest.mark.parametrize("path", ["logged-models/m-%00", "logged-models/m-1/tags/a%00b"])
def test_nul_in_an_address_is_refused_on_every_database(api, path):
    assert error_of(api.delete(path)) == BAD


def test_a_message_cuts_a_long_value():
    message = explain("Expected `int`, got `str` - at `$.step`", {"step": "x" * 1000})

    assert len(message) < 500
