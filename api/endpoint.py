"""What every endpoint of the protocol shares: a route in a table, and the view that serves it.

A route names method, path, endpoint, request schema and the token scope that it needs; there is no default for the
scope, so a route without a rule cannot be written. The view authenticates before it reads a body, decodes the body (or
the query of a GET) into the schema, calls `endpoint(request, body, **path)` and renders what comes back.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from rest_framework.views import APIView

from accounts.access import Scope
from api.arguments import decode_body, decode_query, read_body
from api.authentication import SessionAuthentication, TokenAuthentication, how_to_sign_in
from api.errors import Unauthenticated, respond_to
from core.errors import DomainError, InvalidValue, NotAllowed

MAX_BODY_BYTES = 4 * 1024 * 1024

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Millis = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# in the protocol an empty text is a missing one
RequiredText = Annotated[str, msgspec.Meta(min_length=1)]


class KeyValue(msgspec.Struct):
    key: RequiredText
    value: str = ""


class Nothing(msgspec.Struct):
    """The schema of a call without arguments."""


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    endpoint: Callable
    schema: type[msgspec.Struct] | None  # None: the endpoint reads the body itself, as a stream
    scope: Scope
    max_body_bytes: int = MAX_BODY_BYTES
    answer: type[msgspec.Struct] | None = None  # what comes back, for the description of /api/v1
    # `instead(request, body)` returns what a caller may do whose token has too small a scope
    instead: Callable | None = None


def caller_token_id(request) -> int | None:
    """Return the id of the API token that the caller used, None for a password or a session."""
    return request.auth.pk if request.auth else None


class EndpointView(APIView):
    """Serves the routes of one path."""

    authentication_classes = [TokenAuthentication, SessionAuthentication]
    routes: dict[str, Route] = {}

    @property
    def allowed_methods(self):
        return list(self.routes)

    def dispatch(self, request, *args, **kwargs):
        # APIView.dispatch without content negotiation, versions and parsers, none of which the protocol has
        self.args, self.kwargs = args, kwargs
        self.request = request = self.initialize_request(request, *args, **kwargs)
        self.headers = {}
        try:
            route = self.routes.get(request.method)
            if route is None:
                self.http_method_not_allowed(request)
            request._request.get_host()  # refuses a foreign Host header
            self.authorize(route, request)
            self.check_throttles(request)
            refuse_nul(kwargs)
            response = self.answer(route, request, **kwargs)
        except Exception as error:
            response = self.handle_exception(error)
        response["X-Content-Type-Options"] = "nosniff"
        self.response = response
        return response

    def authorize(self, route: Route, request) -> None:
        try:
            authorize(request, route.scope)
        except NotAllowed as refusal:
            if route.instead is None:
                raise
            with suppress(DomainError):
                refusal.message += f" {route.instead(request, read_arguments(request, route))}"
            raise refusal

    def answer(self, route: Route, request, **kwargs) -> HttpResponseBase:
        if route.schema is None:
            return render(route.endpoint(request, **kwargs))
        return render(route.endpoint(request, read_arguments(request, route), **kwargs))

    def handle_exception(self, error):
        return respond_to(error)


def authorize(request, scope: Scope) -> None:
    """Raise unless the caller is somebody, and the token's scope covers `scope`."""
    if not request.user.is_authenticated:
        raise Unauthenticated(f"Nobody is signed in. {how_to_sign_in()}")
    if request.auth is not None and request.auth.scope < scope:
        held, needed = Scope(request.auth.scope).name.lower(), scope.name.lower()
        raise NotAllowed(f"The token has scope {held}; this call needs a token with scope {needed}.")


def refuse_nul(path: dict[str, Any]) -> None:
    """Raise for a value in the path that PostgreSQL would refuse as text; those in bodies and queries are checked there."""
    if any(isinstance(value, str) and "\0" in value for value in path.values()):
        raise InvalidValue("The address holds the character NUL.")


def render(answer: Any) -> HttpResponseBase:
    if isinstance(answer, HttpResponseBase):
        return answer
    return HttpResponse(orjson.dumps(answer, default=msgspec.to_builtins), content_type="application/json")


def read_arguments(request, route: Route) -> msgspec.Struct:
    if request.method == "GET":
        return decode_query(request._request.GET, route.schema)
    body = read_body(request._request, route.max_body_bytes)
    if request.method == "DELETE" and not body and request._request.GET:
        # MLflow's client sends a body with DELETE, Databricks' a query
        return decode_query(request._request.GET, route.schema)
    return decode_body(body, route.schema, request.META.get("CONTENT_TYPE", ""))


def urlpatterns(prefix: str, routes: list[Route], view: type[EndpointView] = EndpointView) -> list:
    """Return one URL pattern a path, each with a view that serves all methods of that path."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, {})[route.method] = route
    return [
        path(f"{prefix}{where}", type(view.__name__, (view,), {"routes": methods}).as_view(routes=methods))
        for where, methods in by_path.items()
    ]
