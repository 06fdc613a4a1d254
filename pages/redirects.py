"""Where to go after a form: back to the page that it was on, never to another host."""

from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def is_ours(page: str) -> bool:
    """Whether this is a page here: what begins with a / and is no host's."""
    return page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None)


def back(request, otherwise) -> HttpResponseRedirect:
    """Lead to what the form's `next` names, if that is one of our pages, or else to `otherwise`."""
    page = request.POST.get("next", "")
    return HttpResponseRedirect(page if is_ours(page) else resolve_url(otherwise))
