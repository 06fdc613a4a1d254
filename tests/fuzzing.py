"""Requests made from the tables of routes and their schemas: mostly right, wrong in a place or two, at and past limits."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from api import urls
from api.endpoint import Route
from api.v1.urls import V1
from tests.factories import make_experiment, make_logged_model, make_run, make_token

TEXTS = [
    "", " ", "a", "a/b", "../x", ".", "/", "a//b", "é☃💎", "\0", "a\nb", "\u202e", "'", '"', "`", "%", "%2f", "%00", "#", "?", ";", "\\",
    "' OR 1=1 --", "$HOME {{settings}} %(x)s", "x" * 250, "x" * 251, "x" * 500, "x" * 501, "x" * 6001, "x" * 8001, "0", "-1", "1e999", "null",
    "mlflow.runName", "mlflow.note.content", "metrics.a > 1", "tags.a = 'x' AND params.b LIKE '%'", "metrics.a DESC", "start_time", "name",
    "READY", "FINISHED", "ALL", "mlflow-artifacts:/x", "file:///etc", "2026-11-24T00:00:00Z", "eyJvZmZzZXQiOiAxfQ==",
]  # fmt: skip
NUMBERS = [0, 1, -1, 2, 100, 1000, 50_000, 50_001, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30]
FLOATS = [0.0, -0.0, 1.5, 5e-324, 1e308, -1e308, "NaN", "Infinity", "-Infinity", "1.5"]
WRONG = st.one_of(
    st.none(), st.booleans(), st.sampled_from(NUMBERS), st.sampled_from([1.5, -2.5e300]), st.sampled_from(TEXTS),
    st.lists(st.sampled_from([None, 1, "a", [], {}]), max_size=2), st.dictionaries(st.sampled_from(["key", "value", "a"]), st.integers(), max_size=2),
)  # fmt: skip

TABLES = [
    ("/api/2.0/mlflow/", urls.MLFLOW),
    ("/ajax-api/2.0/mlflow/", [*urls.AJAX_EXPERIMENTS, *urls.AJAX_METRICS, *urls.AJAX_ARTIFACTS]),
    ("/api/2.0/mlflow-artifacts/", urls.PROXY),
    ("/", [*urls.GET_ARTIFACT, *urls.SIGNED_PARTS, *urls.SIGNED_FILES]),
]
MLFLOW_ROUTES = [(prefix, route) for prefix, table in TABLES for route in table]
V1_ROUTES = [("/api/v1/", route) for route in V1]


def known_to(user) -> dict[str, list]:
    """Make what most requests are about; return values by the name of their field that name it."""
    experiment = make_experiment(by=user)
    run, model = make_run(experiment, by=user), make_logged_model(experiment, by=user)
    below = f"{experiment.pk}/{run.run_id}/artifacts"
    return {
        "run_id": [run.run_id],
        "run_ids": [run.run_id],
        "experiment_id": [str(experiment.pk)],
        "experiment_ids": [str(experiment.pk), "0"],
        "model_id": [model.model_id],
        "metric_key": ["loss", "acc"],
        "path": ["a.txt", f"{below}/a.txt", below],
        "folder": [below],
        "user": [user.username],
        "token_id": [make_token(user)[0].pk],
    }


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    body: bytes


def requests(routes: list[tuple[str, Route]], known: dict[str, list]) -> st.SearchStrategy[tuple[Route, Request]]:
    """Return (route, request) pairs; `known` are values by the name of their field, such as the ids of what is there."""
    return st.sampled_from(routes).flatmap(
        lambda row: st.tuples(st.just(row[1]), _request(*row, known)),
    )


def _request(prefix: str, route: Route, known: dict[str, list]) -> st.SearchStrategy[Request]:
    path = _path(prefix + route.path, known)
    if route.schema is None:
        return st.builds(Request, st.just(route.method), path, st.binary(max_size=50))
    arguments = _struct(route.schema, known)
    if route.method == "GET":
        query = arguments.map(lambda values: urlencode(_flat(values), doseq=True, errors="replace"))
        return st.builds(lambda url, text: Request("GET", f"{url}?{text}", b""), path, query)
    whole = arguments.map(lambda values: json.dumps(values).encode())
    broken = st.builds(lambda body, at: body[: at % (len(body) + 1)], whole, st.integers(0, 10_000))
    bodies = _mostly(
        whole, st.one_of(broken, st.binary(max_size=20), WRONG.map(lambda value: json.dumps(value).encode()))
    )
    return st.builds(Request, st.just(route.method), path, bodies)


def _path(pattern: str, known: dict[str, list]) -> st.SearchStrategy[str]:
    """Return addresses for a Django path such as logged-models/<str:model_id>/tags."""
    head, _, rest = pattern.partition("<")
    if not rest:
        return st.just(head)
    parameter, _, tail = rest.partition(">")
    kind, name = parameter.split(":")
    # not the small ids, of which one is that of the token in use
    texts = st.integers(10**6, 2**64).map(str) if kind == "int" else st.sampled_from(TEXTS).filter(bool)
    values = _mostly(st.sampled_from(known[name]), texts) if known.get(name) else texts
    encoded = values.map(lambda value: quote(str(value), safe="/" if kind == "anypath" else ""))
    return st.builds(lambda value, end: head + value + end, encoded, _path(tail, known))


def _mostly(right: st.SearchStrategy, wrong: st.SearchStrategy) -> st.SearchStrategy:
    return st.integers(0, 7).flatmap(lambda dice: wrong if dice == 0 else right)


def _struct(schema: type[msgspec.Struct], known: dict[str, list]) -> st.SearchStrategy[dict]:
    required, optional = {}, {}
    for field in msgspec.structs.fields(schema):
        values = _mostly(_values(inspect.type_info(field.type), field.encode_name, known), WRONG)
        (required if field.required or field.encode_name in known else optional)[field.encode_name] = values
    return _mostly(
        st.fixed_dictionaries(required, optional=optional), st.fixed_dictionaries({}, optional=required | optional)
    )


def _values(kind: inspect.Type, name: str, known: dict[str, list]) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.Metadata():
            return _values(kind.type, name, known)
        case inspect.UnionType():
            return st.one_of([_values(each, name, known) for each in kind.types])
        case inspect.StructType():
            return _struct(kind.cls, known)
        case inspect.ListType():
            return st.lists(_values(kind.item_type, name, known), max_size=3)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.StrType():
            return (
                st.sampled_from(known[name])
                if name in known
                else st.one_of(st.sampled_from(TEXTS), st.text(max_size=20))
            )
        case inspect.IntType():
            limits = [edge + by for edge in (kind.ge, kind.le) if edge is not None for by in (-1, 0, 1)]
            return st.one_of(st.sampled_from([*NUMBERS, *limits]), st.integers(-5, 5), st.sampled_from(["5", 1.0]))
        case inspect.FloatType():
            return st.one_of(st.sampled_from(FLOATS), st.floats(allow_nan=False, allow_infinity=False))
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.DateTimeType():
            return st.sampled_from(
                ["2026-11-24T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00", "soon"]
            )
        case inspect.DictType() | inspect.AnyType():
            return WRONG
    raise NotImplementedError(f"no values for {kind}")


def _flat(values: dict) -> dict:
    return {key: value if isinstance(value, list) else str(value) for key, value in values.items()}


def problem(request: Request, route: Route, answer: Any, read_body: Callable[[], bytes]) -> str:
    """Say what is wrong with an answer, nothing if it is as it must be: never a 5xx, every error in the protocol's shape."""
    what = f"{request.method} {request.url} {request.body[:500]!r} → {answer.status_code}"
    if answer.status_code >= 500:
        return what
    if answer.status_code in (304, 416) or request.method == "HEAD":
        return ""
    if answer.status_code >= 400:
        try:
            error = json.loads(read_body())
        except ValueError:
            return f"{what}, not JSON"
        is_right = isinstance(error, dict) and error.get("error_code") and isinstance(error.get("message"), str)
        return "" if is_right else f"{what} {error}"
    # an export streams lines of JSON, which no struct describes
    if route.answer is not None and answer.headers["Content-Type"] == "application/json":
        try:
            msgspec.json.decode(read_body(), type=route.answer)
        except msgspec.ValidationError as error:
            return f"{what}, not as described: {error}"
    return ""
