"""Ways in for who lost theirs: a new password by mail, and a link from the command line."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import links
from accounts.actions import resets
from accounts.addresses import client_address
from core.errors import InvalidValue, NotFound
from pages.errors import error_page
from pages.setup import TwicePasswordForm

# of one address in an hour, and of one caller: more would only fill somebody's box
MAX_AN_HOUR, MAX_BY_CALLER = 3, 20


class AskForm(forms.Form):
    email = forms.EmailField(label="Your e-mail address", widget=forms.EmailInput({"autocomplete": "email"}))


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request):
    """GET and POST /sign-in/forgotten: the answer is the same whether the address is somebody's or not."""
    if not (settings.ASSAY_SENDS_MAIL and settings.ASSAY_PASSWORD_SIGN_IN):
        messages.info(request, "No passwords are set by mail here. A site administrator can make a link for you.")
        return redirect("sign-in")
    form = AskForm(request.POST or None)
    is_asked = request.method == "POST" and form.is_valid()
    if is_asked and _may_ask(request, form.cleaned_data["email"]):
        resets.ask(form.cleaned_data["email"])
    return render(request, "session/forgotten.html", {"form": form, "is_asked": is_asked})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request, token):
    """GET and POST /reset/TOKEN"""
    user = links.reset_tokens.user(token)
    if user is None:
        return _used_up(request)
    form = TwicePasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            resets.reset(token, form.cleaned_data["password"])
        except NotFound:
            return _used_up(request)
        except InvalidValue as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "Your password is set. Sign in with it.")
            return redirect("sign-in")
    return render(request, "session/reset.html", {"form": form, "username": user.username})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request, token):
    """GET /sign-in/link/TOKEN asks, since programs open links by themselves; POST signs in, past the password alone."""
    from allauth.account.internal.flows.login import perform_login
    from allauth.account.models import Login

    user = links.sign_in_tokens.user(token)
    if user is None:
        return _used_up(request)
    if request.method == "POST":
        return perform_login(request, Login(user=user))
    return render(request, "session/sign_in_link.html", {"username": user.username})


def _may_ask(request, email: str) -> bool:
    from django.core.cache import cache

    for key, most in ((f"reset:{email.lower()}", MAX_AN_HOUR), (f"reset:{client_address(request)}", MAX_BY_CALLER)):
        cache.add(key, 0, 3600)
        if cache.incr(key) > most:
            return False
    return True


def _used_up(request):
    advice = "Ask for another one at the sign-in, or from a site administrator."
    return error_page(request, 404, "It works once, and not for ever.", title="This link is used up", advice=advice)
