"""What went wrong, as a page: what happened, what to do, who can help; the API has its own shape for the same errors."""

import logging
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import User
from core.errors import Conflict, DomainError, InvalidValue, NotAllowed, NotFound, Unavailable
from core.sql import is_busy
from pages import gone
from pages.context import theme_of
from pages.sharing import helpers, people
from pages.uploads import FileRefused
from tracker.lookups import experiment_by_id, run_by_id

log = logging.getLogger("assay.pages")

STATUS = {NotFound: 404, Conflict: 409, InvalidValue: 400, NotAllowed: 403, Unavailable: 503}


class Kind(NamedTuple):
    """How an error of one status is headed, and what to do where the error itself says nothing better."""

    icon: str
    title: str
    advice: str = ""


KINDS = {
    400: Kind("circle-alert", "That does not fit", "Go back, change it and send it again."),
    403: Kind("lock", "Not yours to do"),
    404: Kind(
        "compass", "Not here", "It does not exist, or it was not shared with you. Whoever manages it can share it."
    ),
    405: Kind("compass", "Nothing to see here", "This address takes what a form sends and has no page of its own."),
    409: Kind("git-merge", "It exists already", "Go back and choose another name, or look at what is there."),
    413: Kind(
        "circle-alert", "Too much at once", "Send less of it. Files go through the MLflow client, not through forms."
    ),
    429: Kind("hourglass", "Too many attempts", "Wait a few minutes, then try again."),
    502: Kind("circle-alert", "No answer from elsewhere", "Try again in a moment."),
    503: Kind("hourglass", "Busy just now", "Nothing was changed. Wait a moment, then reload this page."),
}


class DomainErrorPages:
    """Turns a domain error that a view lets through into a page with its message."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "\0" in request.path_info:
            # no name holds it, and PostgreSQL does not take it in a question, either
            return error_page(request, 404, "There is nothing at this address.")
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            page = error_page(request, 405, f"{request.path} cannot be opened.")
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return response

    def process_exception(self, request, error):
        if isinstance(error, DomainError):
            if isinstance(error, NotFound) and (page := gone.page_of(request)):
                return page
            status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
            page = error_page(request, status, error.message)
            if isinstance(error, Unavailable):
                page.headers["Retry-After"] = str(error.retry_after_s)
            return page
        if is_busy(error):
            log.warning("database: %s", error)
            return _away(request, "The database is busy, or cannot be reached.")
        if _is_of_redis(error):
            log.warning("redis: %s", error)
            # without it nobody's guesses can be counted, so that nobody is let in meanwhile
            return _away(request, "Attempts cannot be counted just now, since Redis does not answer.")
        return None


def _is_of_redis(error) -> bool:
    if not settings.REDIS_URL:
        return False
    from redis.exceptions import RedisError

    return isinstance(error, RedisError)


def _away(request, message: str) -> HttpResponse:
    page = _page_without_request(request, 503, KINDS[503].title, message, KINDS[503].advice)
    page.headers["Retry-After"] = "2"
    return page


def error_page(request, status: int, message: str, *, title: str = "", advice: str = "") -> HttpResponse:
    """Answer with the page of an error; a part that htmx asked for gets the message alone."""
    kind = KINDS[status]
    context = {
        "status": status,
        "icon_name": kind.icon,
        "title": title or kind.title,
        "message": message,
        "advice": advice or kind.advice,
        "helpers": _who_can_grant(request) if status == 403 else [],
        "layout": "base.html" if _is_signed_in(request) else "bare.html",
    }
    template = "errors/_message.html" if request.headers.get("HX-Request") else "errors/error.html"
    return render(request, template, context, status=status)


def _is_signed_in(request) -> bool:
    return hasattr(request, "user") and request.user.is_authenticated


def _who_can_grant(request) -> list[User]:
    """Return some who manage what the address names, as far as the reader may see it."""
    named = request.resolver_match.kwargs if request.resolver_match else {}
    try:
        if "run_id" in named:
            experiment = run_by_id(named["run_id"], user=request.user).experiment
        elif "pk" in named and request.path_info.startswith("/experiments/"):
            experiment = experiment_by_id(str(named["pk"]), user=request.user)
        else:
            return []
    except DomainError:
        return []
    held = experiment.grants.select_related("user", "group")
    return helpers(request.user, people(experiment, held))


# What Django answers by itself; portal/urls.py and the settings name these.


@login_not_required
def bad_request(request, exception) -> HttpResponse:
    """Malformed, too large, or sent to a name that this Assay does not go by; the page is then drawn without a session."""
    if isinstance(exception, FileRefused):
        return error_page(request, 413, str(exception))
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return error_page(request, 413, "That was more than a form may hold.")
    if isinstance(exception, DisallowedHost):
        message = f"This Assay is at {settings.ASSAY_URL}, and answers to no other name."
        advice = "Whoever runs it can let it answer to this one too, with the setting ASSAY_ALLOWED_HOSTS."
        return _page_without_request(request, 400, "Wrong address", message, advice)
    return _page_without_request(
        request, 400, "That was malformed", "The request was not understood.", "Go back and try it again."
    )


@login_not_required
def forbidden(request, exception) -> HttpResponse:
    return error_page(request, 403, str(exception) or "You may not do that.")


@login_not_required
def not_found(request, exception) -> HttpResponse:
    # the exception's own words are Django's, for programmers
    return error_page(request, 404, "There is nothing at this address.")


@login_not_required
def csrf_failure(request, reason="") -> HttpResponse:
    return error_page(
        request,
        403,
        "The form that this came from was opened long ago, in another session, or on another site.",
        title="The form was too old",
        advice="Go back, reload the page and send it again. Cookies must be allowed for this site.",
    )


@login_not_required
def too_many(request) -> HttpResponse:
    return error_page(request, 429, "That was tried too often in a short time.")


@login_not_required
def server_error(request) -> HttpResponse:
    """What nobody foresaw: drawn without session, user and database, any of which may be the reason."""
    when = timezone.now().strftime("%Y-%m-%d %H:%M:%S UTC")
    return _page_without_request(
        request,
        500,
        "That failed",
        "The fault is Assay's, not yours. What was saved before is safe.",
        f"Try it again. If it fails again, tell whoever runs this Assay; the reason stands in its log at {when}.",
    )


def _page_without_request(request, status: int, title: str, message: str, advice: str) -> HttpResponse:
    context = {
        "icon_name": "triangle-alert",
        "title": title,
        "message": message,
        "advice": advice,
        "layout": "bare.html",
        "frame": {"theme": theme_of(request)},
    }
    return HttpResponse(render_to_string("errors/error.html", context), status=status)
