"""API tokens, one's own and those of service accounts: made here, shown once, revoked here."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Scope
from accounts.actions import tokens
from accounts.models import ApiToken, User
from core.errors import NotFound
from tracker.models import Run

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "a year", "": "no end"}
SCOPES = [
    (Scope.LOG, "Log: what a training script does, never a delete"),
    (Scope.READ, "Read: look and download"),
    (Scope.FULL, "Full: everything that you may do"),
]
MAX_ENDED = 100


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=100, label="Where is it used?", widget=forms.TextInput({"placeholder": "laptop, CI, gpu-node-3"})
    )
    scope = forms.TypedChoiceField(
        choices=SCOPES, coerce=int, initial=Scope.LOG, label="What may it do?", widget=forms.RadioSelect
    )
    days = forms.ChoiceField(choices=LIFETIMES.items(), required=False, initial="90", label="Ends after")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request):
    """GET and POST /account/tokens"""
    return _page(request, request.user)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def service_token_list(request, username):
    """GET and POST /account/service/NAME/tokens: those of a service account, for site admins."""
    return _page(request, _service_account(request, username))


@require_POST
def token_revoke(request, token_id):
    """POST /account/tokens/ID/revoke"""
    token = get_object_or_404(ApiToken.objects.filter(user=request.user), pk=token_id)
    return _revoke(request, token, redirect("token-list"))


@require_POST
def service_token_revoke(request, username, token_id):
    """POST /account/service/NAME/tokens/ID/revoke"""
    token = get_object_or_404(_service_account(request, username).tokens, pk=token_id)
    return _revoke(request, token, redirect("service-token-list", username))


def _service_account(request, username: str) -> User:
    if not request.user.is_superuser:
        raise NotFound("There is nothing at this address.")
    return get_object_or_404(User.objects.filter(is_service=True, is_active=True), username=username)


def _page(request, owner: User):
    form = TokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        expires_at = timezone.now() + timedelta(days=int(days)) if days else None
        # answered and not redirected: the secret is in this one page and nowhere else
        made = tokens.create(
            owner,
            name=form.cleaned_data["name"],
            scope=Scope(form.cleaned_data["scope"]),
            expires_at=expires_at,
            by=request.user,
        )
        form = TokenForm()
    own = ApiToken.objects.filter(user=owner)
    usable = own.usable()
    context = {
        "form": form,
        "made": made,
        "is_first": made is not None and not Run.objects.filter(created_by=owner).exists(),
        "owner": owner,
        "tokens": usable,
        "ended": own.exclude(pk__in=usable)[:MAX_ENDED],
        "portal_url": settings.ASSAY_URL,
        "soon": timezone.now() + timedelta(days=7),
    }
    return render(request, "account/tokens.html", context)


def _revoke(request, token: ApiToken, back):
    tokens.revoke(token, by=request.user)
    messages.success(request, f"The token “{token.name}” is revoked. Whatever still uses it gets a 401 from now on.")
    return back
