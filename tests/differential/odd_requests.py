"""What is wrong with a request before anybody reads what it asks for: paths, methods, types, JSON (MLFLOW_CONTRACT 0, 2)."""

import json

from tests.differential.session import AJAX, MLFLOW, Session

UNKNOWN = [
    "nothing",
    "experiments",
    "experiments/list",
    "runs/nothing",
    "experiments/get/",
    "logged-models/m-1/nothing",
]
BODIES = {
    "nothing": b"",
    "an object": b"{}",
    "a list": b"[]",
    "a number": b"5",
    "a text": b'"a"',
    "null": b"null",
    "half an object": b"{",
    "no JSON": b"nonsense",
    "deep": b"[" * 5000,
    "UTF-16": '{"run_id": "x"}'.encode("utf-16"),
    "bad UTF-8": b'{"run_id": "\xff\xfe", "key": "k", "value": "v"}',
}
TYPES = [
    "application/json; charset=utf-8",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/json",
    "",
]


def odd_requests(s: Session) -> None:
    e = s.post("for requests", "experiments/create", name="diff requests").json["experiment_id"]
    run_id = s.post("for requests", "runs/create", experiment_id=e, start_time=5, run_name="r").json["run"]["info"][
        "run_id"
    ]
    for path in UNKNOWN:
        s.call("GET unknown", "GET", path)
        s.call("POST unknown", "POST", path, {})
    for method, path in (
        ("GET", "runs/create"), ("POST", "runs/get"), ("DELETE", "runs/get"), ("PUT", "runs/update"), ("PATCH", "runs/log-batch"),
        ("GET", "runs/log-metric"), ("POST", "experiments/get"), ("DELETE", "experiments/delete"),
    ):  # fmt: skip
        s.call(f"{method} instead", method, path, {})
    for what, raw in BODIES.items():
        s.call(f"body is {what}", "POST", "runs/set-tag", raw=raw)
    good = json.dumps({"run_id": run_id, "key": "typed", "value": "v"}).encode()
    for kind in TYPES:
        s.call(f"type is {kind or 'missing'}", "POST", "runs/set-tag", raw=good, headers={"Content-Type": kind})
    s.call("JSON within JSON", "POST", "runs/set-tag", raw=json.dumps(good.decode()).encode())
    s.post("null is absent", "runs/set-tag", run_id=run_id, run_uuid=None, key="null", value=None)
    s.post("both spellings", "runs/set-tag", run_id=run_id, runId=run_id, key="both", value="v")
    s.call(
        "a name twice",
        "POST",
        "runs/set-tag",
        raw=f'{{"run_id": "{run_id}", "key": "a", "key": "b", "value": "v"}}'.encode(),
    )
    s.get("of odd requests", "runs/get", run_id=run_id)
    s.call("arguments in the query", "POST", f"{MLFLOW}runs/set-tag?run_id={run_id}&key=q&value=v", {})
    s.call("arguments in the body of GET", "GET", "runs/get", {"run_id": run_id})
    s.get("twice in the query", "runs/get", run_id=["x", run_id])
    s.get("unknown in the query", "runs/get", run_id=run_id, what="x")
    s.call("GET unknown", "GET", f"{AJAX}nothing")
    s.post("NUL", "runs/set-tag", run_id=run_id, key="nul", value="a\0b")
    s.call(
        "a lone surrogate",
        "POST",
        "runs/set-tag",
        raw=f'{{"run_id": "{run_id}", "key": "s", "value": "\\ud800"}}'.encode(),
    )
    s.call("of 3.0", "GET", "/api/3.0/mlflow/nothing")
    s.call("health", "GET", "/health")
    s.call("version", "GET", "/version")
