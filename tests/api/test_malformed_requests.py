"""Requests that no client sends, at every door that reads a body: refused in the protocol's shape, and not repeated back."""

import json

import pytest

from tests.access_rules import RULES
from tests.factories import make_run
from tests.fuzzing import MLFLOW_ROUTES, V1_ROUTES

pytestmark = pytest.mark.django_db

# (method, address) of every call that takes JSON
READERS = [
    (
        route.method,
        prefix + route.path.replace("<int:", "<").partition("<")[0] + ("7" if "<int:" in route.path else "x"),
    )
    if "<" in route.path
    else (route.method, prefix + route.path)
    for prefix, route in [*MLFLOW_ROUTES, *V1_ROUTES]
    if route.method in ("POST", "PUT", "PATCH") and route.schema is not None and route.path.count("<") < 2
]
JSON = "application/json"
BODIES = {
    "nested lists": (b"[" * 5000, JSON),
    "nested objects": (b'{"a":' * 5000, JSON),
    "cut": (b'{"name": "a', JSON),
    "a list": (b"[]", JSON),
    "a text": (b'"a"', JSON),
    "nothing known": (b'{"\\u0000": 1}', JSON),
    "no UTF-8": (b'\xff{"name": "a"}', JSON),
    "half a character": (b'{"name": "\\ud800"}', JSON),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), JSON),
    "another charset": (b"{}", f"{JSON}; charset=nope"),
    "a form": (b"name=a", "application/x-www-form-urlencoded"),
    "no boundary": (b"--x", "multipart/form-data"),
    "markup for a type": (b"{}", "<script>alert(1)</script>"),
}


@pytest.fixture
def send(api, client):
    """send(method, address, body, content_type, …): a request to the byte."""

    def send(method, url, body=b"", content_type=JSON, **headers):
        headers = {"Authorization": f"Bearer {api.secret}", **headers}
        return client.generic(method, url, body, content_type=content_type, headers=headers)

    return send


@pytest.mark.parametrize("what", BODIES)
def test_no_call_reads_it(send, what):
    body, content_type = BODIES[what]

    for method, url in READERS:
        answer = send(method, url, body, content_type)

        # 404: there is no such thing as the address names
        assert answer.status_code in (400, 404), (method, url, answer.status_code, answer.content[:200])
        assert set(answer.json()) == {"error_code", "message"}
        assert b"<script>" not in answer.content


MARKUP = "<script>alert(1)</script>"
ADDRESSES = [
    f"/api/2.0/{MARKUP}",
    f"/ajax-api/2.0/mlflow/{MARKUP}",
    f"/api/v1/{MARKUP}",
    f"/get-artifact?run_id=x&path={MARKUP}",
]


@pytest.mark.parametrize(
    "path", [*ADDRESSES, "/api/2.0/mlflow/runs/get", "/api/v1/me", "/api/2.0/mlflow/experiments/get?experiment_id=x"]
)
@pytest.mark.parametrize(
    "header", ["Content-Type", "Accept", "User-Agent", "Origin", "X-Request-Id", "Referer", "If-None-Match", "Range"]
)
def test_no_header_and_no_address_comes_back_as_markup(send, path, header):
    for value in (MARKUP, f"text/html; {MARKUP}", "\r\nX-Evil: 1"):
        content_type = value if header == "Content-Type" else JSON
        answer = send("GET", path, content_type=content_type, **({} if header == "Content-Type" else {header: value}))

        assert answer.status_code < 500
        assert answer.headers["Content-Type"] == JSON
        assert "X-Evil" not in answer.headers
        assert MARKUP not in answer.text + str(dict(answer.headers))


@pytest.mark.parametrize(
    "rule",
    [rule for rule in RULES if rule.is_api and rule.method == "GET" and not rule.route.count("<")],
    ids=lambda rule: rule.pattern,
)
def test_a_query_of_what_nobody_asked_for_is_no_failure(send, rule):
    for query in (
        "a=" + "b" * 10_000,
        "&" * 900,
        "%00=%00",
        "run_id=%ff%fe",
        "run_id[]=1&run_id[x]=2",
        "max_results=9" + "9" * 5000,
    ):
        answer = send("GET", f"/{rule.pattern}?{query}")

        assert answer.status_code < 500 or rule.pattern == "ready", (query[:50], answer.status_code)


WRONG = [None, True, 5, 1.5, -(2**63) - 1, "x\0y", [], [[]], {}, {"a": 1}]


@pytest.mark.parametrize(
    ("prefix", "route"),
    [
        row
        for row in [*MLFLOW_ROUTES, *V1_ROUTES]
        if row[1].schema is not None and row[1].method != "GET" and not row[1].path.count("<")
    ],
    ids=lambda part: getattr(part, "path", ""),
)
def test_no_type_in_any_field_is_a_failure(send, admin, prefix, route):
    """Each field in turn holds each wrong value, the others a text; benchmarks/fuzz_api.py mixes them."""
    right = dict.fromkeys(route.schema.__struct_fields__, "1") | {"run_id": make_run(by=admin).run_id}

    for name in route.schema.__struct_fields__:
        for value in WRONG:
            answer = send(route.method, prefix + route.path, json.dumps({**right, name: value}).encode())

            assert answer.status_code < 500, (name, value, answer.content[:200])
