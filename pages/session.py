"""Signing in and out."""

from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY, clear_login
from allauth.account.models import Login
from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from accounts.credentials import MAX_USERNAME
from accounts.models import User
from pages import provider_sign_out
from pages.errors import error_page


class SignInForm(AuthenticationForm):
    """Django's; a service account has no sign-in, whatever stands in its row."""

    def clean(self):
        if len(self.cleaned_data.get("username", "")) > MAX_USERNAME:
            raise self.get_invalid_login_error()
        return super().clean()

    def confirm_login_allowed(self, user):
        super().confirm_login_allowed(user)
        if user.is_service:
            raise self.get_invalid_login_error()


@method_decorator([login_not_required, never_cache], name="dispatch")
class SignIn(auth_views.LoginView):
    """Django's own view: `next` stays on this host, the session's key changes, passwords leave no trace in errors."""

    template_name = "session/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get(self, request, *args, **kwargs):
        # whoever comes back here begins anew, with another name perhaps
        if LOGIN_SESSION_KEY in request.session:
            clear_login(request)
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        if not settings.ASSAY_PASSWORD_SIGN_IN:
            return error_page(request, 403, "Nobody signs in with a password here.", title="No passwords")
        return super().post(request, *args, **kwargs)

    def form_valid(self, form):
        """Go on to the second factor where there is one; django-allauth keeps what is proved so far in the session."""
        user = form.get_user()
        login = Login(user=user, redirect_url=self.get_success_url())
        return perform_password_login(self.request, {"username": user.get_username()}, login)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            **kwargs,
            has_admin=User.objects.filter(is_superuser=True).exists(),
            takes_passwords=settings.ASSAY_PASSWORD_SIGN_IN,
            provider=settings.ASSAY_OIDC_NAME if settings.ASSAY_OIDC_ISSUER else "",
            sends_mail=settings.ASSAY_SENDS_MAIL,
        )


@method_decorator([login_not_required, never_cache], name="dispatch")
class SignOut(auth_views.LogoutView):
    """Django's own view; who came by single sign-on is led on to the provider, to be signed out there as well."""

    def post(self, request, *args, **kwargs):
        where = provider_sign_out.address(request)
        answer = super().post(request, *args, **kwargs)
        if not where:
            return answer
        # a page, since form-action of our policy stops a redirect
        return render(request, "session/sign_out_there.html", {"where": where, "name": settings.ASSAY_OIDC_NAME})


class SignedOutParts:
    """Sends a page to the sign-in as a whole when a part of it is asked for and nobody is signed in any more.

    A redirect would put the sign-in page where the part belongs: browsers follow it before htmx sees it.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        sign_in_url = reverse("sign-in")
        if not request.headers.get("HX-Request") or not response.headers.get("Location", "").startswith(sign_in_url):
            return response
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = urlencode({"next": page.path + (f"?{page.query}" if page.query else "")})
        return HttpResponse(status=401, headers={"HX-Redirect": f"{sign_in_url}?{back}"})


sign_in = SignIn.as_view()
sign_out = SignOut.as_view()


def locked_out(request, original_response=None, credentials=None):
    """The page of django-axes: too many wrong passwords for one name from one address."""
    minutes = int(get_cool_off(request).total_seconds() // 60)
    return render(request, "session/locked_out.html", {"minutes": minutes}, status=429)
