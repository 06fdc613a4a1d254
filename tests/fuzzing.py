"""Requests made from the tables of routes and their schemas, at and past limits: one of two right as far as a schema says
so, one wrong in a place or two."""

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
from api.v1.description import ERRORS
from api.v1.urls import V1
from tests.fuzz_world import Known

GOOD_TEXTS = ["a", "Two words", "é☃💎", "$HOME {{settings}} %(x)s", "x" * 250]
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
    ("/", [*urls.GET_ARTIFACT, *urls.GET_MODEL_ARTIFACT, *urls.SIGNED_PARTS, *urls.SIGNED_FILES]),
]
MLFLOW_ROUTES = [(prefix, route) for prefix, table in TABLES for route in table]
V1_ROUTES = [("/api/v1/", route) for route in V1]


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    body: bytes


@dataclass(frozen=True)
class Right:
    """How a request is made that nothing is wrong with."""

    known: dict[str, list]
    texts: tuple = tuple(GOOD_TEXTS)
    is_bent = False

    def mostly(self, right: st.SearchStrategy, wrong: st.SearchStrategy) -> st.SearchStrategy:
        return right

    def numbers(self, lowest: int, highest: int) -> st.SearchStrategy:
        return st.integers(lowest, highest)

    @property
    def any_text(self) -> st.SearchStrategy:
        return st.sampled_from(self.texts)


@dataclass(frozen=True)
class Bent(Right):
    """How one is made that may be wrong anywhere."""

    texts: tuple = tuple(TEXTS)
    is_bent = True

    def mostly(self, right: st.SearchStrategy, wrong: st.SearchStrategy) -> st.SearchStrategy:
        return st.integers(0, 7).flatmap(lambda dice: wrong if dice == 0 else right)

    def numbers(self, lowest: int, highest: int) -> st.SearchStrategy:
        limits = [edge + by for edge in (lowest, highest) for by in (-1, 0, 1)]
        return st.one_of(st.sampled_from([*NUMBERS, *limits]), st.integers(-5, 5), st.sampled_from(["5", 1.0]))

    @property
    def any_text(self) -> st.SearchStrategy:
        return st.one_of(st.sampled_from(self.texts), st.text(max_size=20))


def requests(routes: list[tuple[str, Route]], known: Known) -> st.SearchStrategy[tuple[Route, Request]]:
    """Return (route, request) pairs that are about what is known to be there."""
    ways = st.tuples(st.sampled_from(routes), st.sampled_from([Right, Bent]))
    return ways.flatmap(lambda way: st.tuples(st.just(way[0][1]), _request(*way[0], way[1](known.of(way[0][1])))))


def _request(prefix: str, route: Route, how: Right) -> st.SearchStrategy[Request]:
    path = _path(prefix + route.path, how)
    if route.schema is None:
        where = st.builds(
            lambda run_id, name: urlencode({"run_uuid": run_id, "path": name}, errors="replace"),
            st.sampled_from(how.known["run_id"]),
            how.any_text,
        )
        body = st.binary(max_size=50)
        return st.builds(lambda url, query, body: Request(route.method, f"{url}?{query}", body), path, where, body)
    arguments = _struct(route.schema, how)
    if route.method == "GET":
        query = arguments.map(lambda values: urlencode(_flat(values), doseq=True, errors="replace"))
        return st.builds(lambda url, text: Request("GET", f"{url}?{text}", b""), path, query)
    whole = arguments.map(lambda values: json.dumps(values).encode())
    broken = st.builds(lambda body, at: body[: at % (len(body) + 1)], whole, st.integers(0, 10_000))
    wrong = st.one_of(broken, st.binary(max_size=20), WRONG.map(lambda value: json.dumps(value).encode()))
    return st.builds(Request, st.just(route.method), path, how.mostly(whole, wrong))


def _path(pattern: str, how: Right) -> st.SearchStrategy[str]:
    """Return addresses for a Django path such as logged-models/<str:model_id>/tags."""
    head, _, rest = pattern.partition("<")
    if not rest:
        return st.just(head)
    parameter, _, tail = rest.partition(">")
    kind, name = parameter.split(":")
    # not the small ids, of which one is that of the token in use
    texts = st.integers(10**6, 2**64).map(str) if kind == "int" else st.sampled_from(TEXTS).filter(bool)
    values = how.mostly(st.sampled_from(how.known[name]), texts) if how.known.get(name) else texts
    encoded = values.map(lambda value: quote(str(value), safe="/" if kind == "anypath" else ""))
    return st.builds(lambda value, end: head + value + end, encoded, _path(tail, how))


def _struct(schema: type[msgspec.Struct], how: Right) -> st.SearchStrategy[dict]:
    required, optional = {}, {}
    for field in msgspec.structs.fields(schema):
        values = how.mostly(_values(inspect.type_info(field.type), field.encode_name, how), WRONG)
        # a run is named by the older of its two names, which are both optional, or by the newer
        is_needed = field.required or field.encode_name in ("run_id", "experiment_ids", "max_results")
        (required if is_needed else optional)[field.encode_name] = values
    return how.mostly(
        st.fixed_dictionaries(required, optional=optional), st.fixed_dictionaries({}, optional=required | optional)
    )


def _values(kind: inspect.Type, name: str, how: Right) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.ListType():
            return st.lists(_values(kind.item_type, name, how), min_size=0 if how.is_bent else 1, max_size=3)
        case inspect.StructType():
            return _struct(kind.cls, how)
        case inspect.Metadata():
            return _values(kind.type, name, how)
        case inspect.UnionType():
            return st.one_of([_values(each, name, how) for each in kind.types])
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.NoneType():
            return st.none()
    right = _plain_values(kind, how)
    return how.mostly(st.sampled_from(how.known[name]), right) if name in how.known else right


def _plain_values(kind: inspect.Type, how: Right) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StrType():
            return how.any_text
        case inspect.IntType():
            return how.numbers(kind.ge or 0, kind.le or 100)
        case inspect.FloatType():
            return st.one_of(st.sampled_from(FLOATS), st.floats(allow_nan=False, allow_infinity=False))
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateTimeType():
            times = ["2026-11-24T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00", "soon"]
            return st.sampled_from(times if how.is_bent else times[:1])
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
    if route.answer is not None and str(answer.status_code) not in ("200", *ERRORS):
        return f"{what}, which is not described"
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
