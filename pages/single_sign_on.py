"""Signing in at the OpenID provider, and linking what one is there to one's account."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.actions import identities
from core.errors import DomainError, NotFound
from pages import provider_sign_out
from pages.errors import error_page
from pages.redirects import is_ours

SIGN_IN, LINK = "login", "connect"
NO_SIGN_IN = "Nobody was signed in"


@login_not_required
@never_cache
@require_safe
def start(request):
    """GET /sign-in/single-sign-on: lead to the provider. A link and no form: form-action of our policy would stop the redirect."""
    openid = _openid()
    if openid is None:
        return redirect("sign-in")
    next_url = request.GET.get("next", "")
    try:
        where = openid.address_to_sign_in(request, process=SIGN_IN, next_url=next_url if is_ours(next_url) else "")
    except openid.Failed as error:
        return _page_of(request, error)
    return HttpResponseRedirect(where)


@login_not_required
@never_cache
@require_safe
def back(request):
    """GET /sign-in/single-sign-on/back: where the provider leads to, with a code."""
    openid = _openid()
    if openid is None:
        return redirect("sign-in")
    try:
        identity, state, way_out = openid.finish(request)
    except openid.Failed as error:
        return _page_of(request, error)
    try:
        if state["process"] == LINK:
            return _link(request, identity, state)
        return _sign_in(request, identity, state, way_out)
    except DomainError as error:
        return error_page(request, 403, error.message, title=NO_SIGN_IN)
    except IntegrityError:
        # somebody who came twice at once, or a name that was taken a moment ago
        return error_page(request, 409, "Two sign-ins came at once.", title=NO_SIGN_IN, advice="Sign in again.")


@never_cache
@require_POST
def link(request):
    """POST /account/security/link: lead to the provider, by a page, since form-action stops a redirect."""
    from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required

    openid = _openid()
    if openid is None:
        return redirect("mfa_index")
    raise_if_reauthentication_required(request, app="allauth.mfa")
    try:
        where = openid.address_to_sign_in(request, process=LINK, user_id=request.user.pk)
    except openid.Failed as error:
        return _page_of(request, error)
    return render(request, "session/go_on.html", {"where": where, "name": settings.ASSAY_OIDC_NAME})


@require_POST
def unlink(request):
    """POST /account/security/unlink"""
    identities.unlink(request.user, by=request.user)
    messages.success(request, "Single sign-on is not linked to your account any more.")
    return redirect("mfa_index")


def _sign_in(request, identity, state, way_out):
    from allauth.account.internal.flows.login import perform_login, record_authentication
    from allauth.account.models import Login

    user = identities.arrive(identity)
    record_authentication(request, user, "socialaccount", provider=identity.issuer, uid=identity.subject)
    answer = perform_login(request, Login(user=user, redirect_url=state.get("next")))
    # afterwards, since a session that was somebody else's is emptied; a second factor may still be to come
    provider_sign_out.remember(request, user, way_out)
    return answer


def _link(request, identity, state):
    if not request.user.is_authenticated or request.user.pk != state["data"]["user"]:
        raise NotFound("Somebody else is signed in now than when this began.")
    identities.link(request.user, identity)
    messages.success(request, f"You can sign in with {settings.ASSAY_OIDC_NAME} from now on.")
    return redirect("mfa_index")


def _openid():
    """Return the module that talks to the provider, None where none is named."""
    if not settings.ASSAY_OIDC_ISSUER:
        return None
    from pages import openid

    return openid


def _page_of(request, error):
    return error_page(request, error.status, error.message, title=NO_SIGN_IN, advice=error.advice)
