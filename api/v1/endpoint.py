"""The view of /api/v1: the protocol's view, with Idempotency-Key on every POST and a description by OpenAPI."""

from functools import partial

from django.http import HttpResponse
from rest_framework.schemas import DefaultSchema

from api import endpoint
from api.endpoint import EndpointView, Route, decode_body, read_body, render
from core import idempotency


class V1View(EndpointView):
    # the one that the settings name, loaded when somebody asks for the description
    schema = DefaultSchema()

    def __getattr__(self, name):
        # drf-spectacular asks a view for its `get`, `post`, …
        if name.upper() in self.routes:
            return self.routes[name.upper()].endpoint
        raise AttributeError(name)

    def answer(self, route: Route, request, **kwargs):
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None or request.method != "POST":
            return super().answer(route, request, **kwargs)
        body = read_body(request._request, route.max_body_bytes)
        arguments = decode_body(body, route.schema, request.META.get("CONTENT_TYPE", ""))
        with idempotency.once(request.user, key, request.path_info.encode() + b"\0" + body) as first:
            if first.answer is None:
                first.answer = render(route.endpoint(request, arguments, **kwargs)).content
        return HttpResponse(first.answer, content_type="application/json")


urlpatterns = partial(endpoint.urlpatterns, view=V1View)
