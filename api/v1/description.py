"""The OpenAPI description of /api/v1, made from the table of routes: paths, schemas of request and answer, errors."""

import inspect

import msgspec
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from accounts.access import Scope

REF = "#/components/schemas/{name}"
ERROR = {
    "type": "object",
    "required": ["error_code", "message"],
    "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
}
ERRORS = {
    "400": "A value is not allowed",
    "401": "No credentials, or none that are good",
    "403": "Not allowed",
    "404": "It does not exist, or you may not know that it does",
    "409": "Somebody wrote the same at the same moment",
    "413": "The body is too large",
    "503": "Busy; try again after the seconds in Retry-After",
}


class StructSchema(AutoSchema):
    """Describes a route from its msgspec structs, where drf-spectacular would look for serializers."""

    @property
    def route(self):
        return self.view.routes[self.method]

    def get_operation_id(self):
        return f"{self.route.endpoint.__module__.rsplit('.', 1)[-1]}_{self.route.endpoint.__name__.rstrip('_')}"

    def get_tags(self):
        return [self.route.endpoint.__module__.rsplit(".", 1)[-1]]

    def get_description(self):
        scope = f"Needs a token of scope `{Scope(self.route.scope).name.lower()}` or wider."
        return f"{inspect.getdoc(self.route.endpoint) or ''}\n\n{scope}"

    def get_auth(self):
        return [{"bearer": []}]

    def _get_parameters(self):
        converters = {"int": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}}
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": converters.get(kind, {"type": "string"})}
            for kind, name in _path_parameters(self.route.path)
        ]
        if self.method == "GET":
            schema = self._schema_of(self.route.schema, inline=True)
            for name, described in schema.get("properties", {}).items():
                is_required = name in schema.get("required", [])
                parameters.append({"name": name, "in": "query", "required": is_required, "schema": described})
        return parameters

    def _get_request_body(self, direction="request"):
        if self.method == "GET" or not msgspec.structs.fields(self.route.schema):
            return None
        return {"required": True, "content": {"application/json": {"schema": self._schema_of(self.route.schema)}}}

    def _get_response_bodies(self, direction="response"):
        self._register("Error", ERROR)
        error = {"application/json": {"schema": {"$ref": REF.format(name="Error")}}}
        answer = {"application/json": {"schema": self._schema_of(self.route.answer)}}
        return {
            "200": {"description": "Done", "content": answer},
            **{status: {"description": text, "content": error} for status, text in ERRORS.items()},
        }

    def _schema_of(self, struct, *, inline=False) -> dict:
        (schema,), components = msgspec.json.schema_components([struct], ref_template=REF)
        for name, component in components.items():
            self._register(name, component)
        return components.get(struct.__name__, schema) if inline else schema

    def _register(self, name: str, schema: dict) -> None:
        self.registry.register_on_missing(
            ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema)
        )


def _path_parameters(path: str) -> list[tuple[str, str]]:
    """Return (converter, name) of each parameter of a Django path.

    >>> _path_parameters("tokens/<int:token_id>")
    [('int', 'token_id')]
    """
    parts = [part.split(">")[0] for part in path.split("<")[1:]]
    return [tuple(part.split(":")) if ":" in part else ("str", part) for part in parts]


def describe() -> dict:
    from api.v1.endpoint import urlpatterns
    from api.v1.urls import V1

    schema = SchemaGenerator(patterns=urlpatterns("api/v1/", V1)).get_schema(public=True)
    schema["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return schema
