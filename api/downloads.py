"""Answering with a file: as an attachment that no browser runs, whole or in ranges (tracker/delivery.py)."""

import mimetypes

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from tracker import delivery
from tracker.models import Artifact

# What a browser is to do with it, should it be made to show it: nothing.
SANDBOX = "sandbox; default-src 'none'"


def attachment(request, artifact: Artifact) -> HttpResponse | StreamingHttpResponse:
    """Return the answer to a GET or HEAD of a file: 200, 206, 304 or 416."""
    name = delivery.file_name(artifact)
    wanted = delivery.Wanted.of(request.method, request.headers)
    answer = delivery.deliver(artifact, wanted, mimetypes.guess_type(name)[0] or "application/octet-stream")
    return delivered(answer, name)


def delivered(answer: delivery.Delivery, name: str) -> HttpResponse | StreamingHttpResponse:
    """Return the response of what is handed over, as an attachment of this name."""
    if answer.parts is None:
        response = HttpResponse(status=answer.status, headers=answer.headers, content_type=answer.content_type)
    else:
        response = StreamingHttpResponse(
            answer.parts, status=answer.status, headers=answer.headers, content_type=answer.content_type
        )
        response._resource_closers.append(answer.release)
    if answer.status != 304:
        response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Security-Policy"] = SANDBOX
    return response
