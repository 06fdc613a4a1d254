"""The answer to calls that the protocol does not have, or that Assay leaves out."""

from django.contrib.auth.decorators import login_not_required
from django.views.decorators.csrf import csrf_exempt

from api.errors import EndpointNotFound, respond_to


@login_not_required
@csrf_exempt
def endpoint_not_found(request, *args, **kwargs):
    return respond_to(EndpointNotFound("Assay has no such call. Tracing, evaluation and gateways are not part of it."))
