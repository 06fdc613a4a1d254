"""Every failure of an endpoint in MLflow's shape: {"error_code": …, "message": …}.

The client decides by `error_code` (MLFLOW_CONTRACT 2.2): JSON without one is reported as INTERNAL_ERROR, and a 5xx
or 429 is retried for minutes, so what is permanent is never a 5xx.
"""

import logging

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions

from api.arguments import TooLarge
from core.errors import Conflict, DomainError, InvalidValue, NotAllowed, NotFound, Unavailable
from core.sql import is_busy

log = logging.getLogger("assay.api")

INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE"

DOMAIN = {
    NotFound: (404, "RESOURCE_DOES_NOT_EXIST"),
    Conflict: (400, "RESOURCE_ALREADY_EXISTS"),
    InvalidValue: (400, INVALID_PARAMETER_VALUE),
    NotAllowed: (403, "PERMISSION_DENIED"),
    Unavailable: (503, "TEMPORARILY_UNAVAILABLE"),
}

# What PostgreSQL says by code, and SQLite in words.
_FOREIGN_KEY = "23503"
_TOO_LARGE_FOR_AN_INDEX = "54000"
_LIMIT_WORDS = ("too many", "too large", "too big", "too complex")


class Unauthenticated(DomainError):
    """No credentials, or none that are good."""


class EndpointNotFound(DomainError):
    """The protocol has no such call here."""


def error_response(status: int, code: str, message: str, **headers: str) -> HttpResponse:
    body = orjson.dumps({"error_code": code, "message": message})
    return HttpResponse(
        body,
        status=status,
        content_type="application/json",
        headers={k.replace("_", "-"): v for k, v in headers.items()},
    )


def respond_to(error: Exception) -> HttpResponse:
    """Return the answer to an exception; what nobody foresaw is logged and answered as a 500."""
    for kind, (status, code) in DOMAIN.items():
        if isinstance(error, kind):
            headers = {"Retry_After": str(error.retry_after_s)} if isinstance(error, Unavailable) else {}
            return error_response(status, code, error.message, **headers)
    match error:
        case Unauthenticated():
            return error_response(401, "UNAUTHENTICATED", error.message, WWW_Authenticate='Basic realm="assay", Bearer')
        case EndpointNotFound():
            return error_response(404, "ENDPOINT_NOT_FOUND", error.message)
        case exceptions.MethodNotAllowed():
            # The client falls back from POST to GET only on this code.
            return error_response(404, "ENDPOINT_NOT_FOUND", "There is no such call with this method.")
        case TooLarge() | RequestDataTooBig():
            return error_response(413, INVALID_PARAMETER_VALUE, str(error) or "The request is too large.")
        case exceptions.Throttled():
            wait_s = str(int(error.wait or 1) + 1)
            return error_response(
                429,
                "REQUEST_LIMIT_EXCEEDED",
                f"Too many requests; try again in {wait_s} s.",
                Retry_After=wait_s,
            )
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return respond_to(Unauthenticated(str(error.detail)))
        case exceptions.PermissionDenied():
            return error_response(403, "PERMISSION_DENIED", str(error.detail))
        case PermissionDenied():
            return error_response(403, "PERMISSION_DENIED", str(error) or "Permission denied.")
        case Http404() | exceptions.NotFound():
            return error_response(404, "RESOURCE_DOES_NOT_EXIST", "Not found.")
        case SuspiciousOperation():
            return error_response(400, INVALID_PARAMETER_VALUE, "The request was refused as malformed.")
        case DataError() | OverflowError() | UnicodeEncodeError():
            log.exception("a value passed validation that the database refused")
            return error_response(400, INVALID_PARAMETER_VALUE, "A value is outside of what can be stored.")
        case IntegrityError() | OperationalError() | InterfaceError():
            return respond_to_database(error)
        case OSError() if error.errno in (28, 27, 122):  # ENOSPC, EFBIG, EDQUOT
            log.error("storage: %s", error)
            return respond_to(Unavailable("The storage is full; try again later.", retry_after_s=30))
        case exceptions.APIException():
            return error_response(error.status_code, "BAD_REQUEST", str(error.detail))
    return _unforeseen(error)


def respond_to_database(error: Exception) -> HttpResponse:
    """Return the answer where the database refused: gone meanwhile, changed meanwhile, too large, or try again."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    words = str(error).lower()
    if state == _FOREIGN_KEY or "foreign key" in words:
        return error_response(404, "RESOURCE_DOES_NOT_EXIST", "What this belongs to was deleted meanwhile.")
    if isinstance(error, IntegrityError):
        log.warning("unforeseen conflict: %s", error)
        return error_response(
            409, "RESOURCE_CONFLICT", "Somebody wrote the same at the same moment; look and try again."
        )
    if is_busy(error):
        log.warning("database: %s", error)
        return respond_to(Unavailable("The database is busy; try again."))
    if state == _TOO_LARGE_FOR_AN_INDEX or any(word in words for word in _LIMIT_WORDS):
        return error_response(400, INVALID_PARAMETER_VALUE, "A value is larger than what can be stored or searched.")
    return _unforeseen(error)


def _unforeseen(error: Exception) -> HttpResponse:
    log.error("unforeseen", exc_info=error)
    return error_response(
        500, "INTERNAL_ERROR", "Assay failed to answer; the administrator finds the reason in its log."
    )


def exception_handler(error, context):
    return respond_to(error)
