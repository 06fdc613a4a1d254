"""Which middleware a request meets: programs none, people all of it."""

import logging
import re
import secrets
import time
from functools import lru_cache

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.urls import ResolverMatch, get_resolver
from django.urls.resolvers import RoutePattern, URLResolver
from django.utils.log import log_response

from portal import logs

log = logging.getLogger("assay.request")

REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
PROGRAM_PATHS = ("/api/", "/ajax-api/", "/get-artifact", "/model-versions/get-artifact", "/v1/traces")
PROBES = ("/health", "/ready", "/metrics")
# a browser that was given credentials over Basic may be led here by any site, and shows what it gets
PROGRAM_RULES = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}


class ProgramHandler(BaseHandler):
    """Resolves and calls a view with no middleware around it but Django's conversion of exceptions."""

    def __init__(self):
        from django.core.handlers.exception import convert_exception_to_response

        self._view_middleware, self._template_response_middleware, self._exception_middleware = [], [], []
        self._middleware_chain = convert_exception_to_response(self._get_response)

    def resolve_request(self, request):
        """Find a path without variables by its name: walking the patterns took a fifth of a short call."""
        match = fixed_paths(get_resolver()).get(request.path_info)
        if match is None:
            return super().resolve_request(request)
        request.resolver_match = match
        return match


@lru_cache(maxsize=1)
def fixed_paths(resolver: URLResolver) -> dict[str, ResolverMatch]:
    """Return what the resolver would find for each path of programs that has no variables."""
    found = {}
    for path in map("/".__add__, _routes(resolver)):
        if path.startswith(PROGRAM_PATHS):
            # asked for here, so that the first of two patterns for one path wins, as it does there
            found[path] = resolver.resolve(path)
    return found


def _routes(resolver) -> list[str]:
    """Return the routes without variables below a resolver."""
    routes = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern.pattern, RoutePattern) and "<" not in (route := str(pattern.pattern)):
            below = _routes(pattern) if hasattr(pattern, "url_patterns") else [""]
            routes += [route + rest for rest in below]
    return routes


class ProgramDoor:
    """Answers API calls that carry credentials; sessions, CSRF and the like cost more than the answer itself.

    A call to the API without an Authorization header may be a browser's and goes the long way, where its session and
    its CSRF token are checked.
    """

    def __init__(self, get_response):
        self.long_way = get_response
        self.short_way = ProgramHandler().get_response

    def __call__(self, request):
        if "HTTP_AUTHORIZATION" in request.META and request.path_info.startswith(PROGRAM_PATHS):
            response = self.short_way(request)
            for name, rule in PROGRAM_RULES.items():
                response.headers.setdefault(name, rule)
            return response
        return self.long_way(request)


class Probes:
    """Lets what watches a process ask it by whatever name or address it found it at, such as that of a container.

    These answers neither name a host nor link to one. Everything else goes on to be refused under a foreign name.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info in PROBES and request.method in ("GET", "HEAD"):
            request.META["HTTP_HOST"] = "localhost"
        return self.get_response(request)


class RequestIds:
    """Gives each request an id, which its answer names and every line of the log that it causes.

    A proxy that stands before every request may have given it (X-Request-ID); nobody else is believed one.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.ASSAY_BEHIND_PROXY else ""
        known = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        noted, start = logs.request_id.set(known), time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = known
            if response.status_code >= 400:
                # Django does so, once, when all middleware is through, and the id forgotten
                log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
            if settings.ASSAY_LOG_REQUESTS:
                _log_request(request, response, start)
        finally:
            logs.request_id.reset(noted)
        return response


def _log_request(request, response, start: float) -> None:
    """Log one request when its answer begins; what a stream sends takes longer."""
    took_ms = round((time.perf_counter() - start) * 1000, 1)
    # without a query, which may hold what people search for, and without what opens something
    path = logs.cut_openings(request.path)
    facts = {"method": request.method, "path": path, "status": response.status_code, "took_ms": took_ms}
    log.info("%(method)s %(path)s %(status)s %(took_ms)s ms", facts, extra=facts)


class BrowserPolicies:
    """Headers that no library sets: which features of a browser our pages use (none)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        return response
