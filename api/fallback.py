"""The answer to calls that the protocol does not have, or that Assay leaves out."""

from urllib.parse import quote

from django.contrib.auth.decorators import login_not_required
from django.views.decorators.csrf import csrf_exempt

from api.errors import EndpointNotFound, respond_to

MAX_SHOWN = 200


@login_not_required
@csrf_exempt
def endpoint_not_found(request, *args, **kwargs):
    # as addresses are written, so that no markup in one comes back as it came
    call = f"{request.method} {quote(request.path[:MAX_SHOWN])}"
    return respond_to(EndpointNotFound(f"Assay has no call {call}. {_hint(request.path)}"))


def _hint(path: str) -> str:
    """Return what the author of a script mistook, as far as the path shows it.

    >>> _hint("/api/2.0/mlflow/runs/get/")
    'Addresses of calls end without a slash.'
    """
    if path.endswith("/"):
        return "Addresses of calls end without a slash."
    if path.endswith("/experiments/list") or "/preview/" in path:
        return "It is one of MLflow 1.x: clients from 2.0 on are served."
    return "Tracing, evaluation and gateways are not part of it."
