"""Asking people in, for site admins; and joining by the link of an invitation."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import Group
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import links
from accounts.actions import invitations
from accounts.models import Invitation
from core.errors import Conflict, InvalidValue, NotFound
from pages.allauth_rules import BACKEND
from pages.errors import error_page
from pages.setup import TwicePasswordForm

MAX_SHOWN = 200


class InvitationForm(forms.Form):
    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput({"autocomplete": "off"}))
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"), required=False, widget=forms.CheckboxSelectMultiple
    )
    is_site_admin = forms.BooleanField(label="As a site administrator", required=False)


class JoinForm(TwicePasswordForm):
    username = forms.CharField(max_length=150, label="User name", widget=forms.TextInput({"autocomplete": "username"}))
    first_name = forms.CharField(max_length=150, required=False, widget=forms.TextInput({"autocomplete": "given-name"}))
    last_name = forms.CharField(max_length=150, required=False, widget=forms.TextInput({"autocomplete": "family-name"}))
    field_order = ["username", "first_name", "last_name", "password", "again"]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_list(request):
    """GET and POST /invitations: who is asked, with their links; POST asks somebody."""
    _check_is_admin(request)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = invitations.create(
                given["email"], given["groups"], is_site_admin=given["is_site_admin"], by=request.user
            )
        except (Conflict, InvalidValue) as error:
            form.add_error("email", error.message)
        else:
            way = "A mail is on its way" if settings.ASSAY_SENDS_MAIL else "Copy the link and send it"
            messages.success(request, f"{made.email} is invited. {way}.")
            return redirect("invitation-list")
    rows = list(Invitation.objects.select_related("invited_by").prefetch_related("groups")[:MAX_SHOWN])
    context = {
        "form": form,
        "has_groups": Group.objects.exists(),
        "invitations": [(row, links.to_join(row) if row.is_open else "") for row in rows],
        "sends_mail": settings.ASSAY_SENDS_MAIL,
    }
    return render(request, "session/invitations.html", context)


@require_POST
def withdraw(request, pk):
    """POST /invitations/ID/withdraw"""
    _check_is_admin(request)
    invitation = get_object_or_404(Invitation, pk=pk)
    invitations.withdraw(invitation, by=request.user)
    messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
    return redirect("invitation-list")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request, token):
    """GET and POST /invitation/TOKEN"""
    invitation = links.invitation(token)
    if invitation is None or not settings.ASSAY_PASSWORD_SIGN_IN:
        return _used_up(request)
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("username", "first_name", "last_name", "password")}
        try:
            user = invitations.accept(token, **given)
        except NotFound:
            return _used_up(request)
        except (Conflict, InvalidValue) as error:
            form.add_error(None, error.message)
        else:
            login(request, user, backend=BACKEND)
            return redirect("home")
    return render(request, "session/join.html", {"form": form, "invitation": invitation})


def _check_is_admin(request) -> None:
    if not request.user.is_superuser:
        raise NotFound("There is nothing at this address.")


def _used_up(request):
    return error_page(
        request,
        404,
        "It works once, for a week, and while who sent it has an account.",
        title="This invitation is used up",
        advice="Ask for another one. If you have an account already, sign in.",
    )
