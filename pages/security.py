"""One's second factors, and confirming who one is: django-allauth's views with our templates, under our addresses.

They are imported when they are first called: passkeys bring 10 MB that a server at rest does without.
"""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import MiddlewareNotUsed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import second_factors
from pages.errors import error_page

# what somebody may open who has to set up a second factor first
OPEN_WITHOUT = ("/account/security", "/sign-in", "/sign-out", "/account/appearance")


def later(path: str, *, needs: str = ""):
    """Return the view that `path` names, imported at its first call; who has no factor of the type that it `needs` is led back."""

    @never_cache
    def view(request, *args, **kwargs):
        if needs and not Authenticator.objects.filter(user_id=request.user.pk, type=needs).exists():
            return redirect("mfa_index")
        return import_string(f"allauth.{path}")(request, *args, **kwargs)

    return view


# before anybody is signed in
second_factor = login_not_required(later("mfa.base.views.authenticate"))
passkey_sign_in = login_not_required(later("mfa.webauthn.views.login_webauthn"))
# confirming
confirm = later("account.views.reauthenticate")
confirm_by_code = later("mfa.base.views.reauthenticate")
confirm_by_passkey = later("mfa.webauthn.views.reauthenticate_webauthn")
# setting up
app_add = later("mfa.totp.views.activate_totp")
app_remove = later("mfa.totp.views.deactivate_totp", needs="totp")
codes = later("mfa.recovery_codes.views.view_recovery_codes", needs="recovery_codes")
codes_new = later("mfa.recovery_codes.views.generate_recovery_codes")
passkey_add = later("mfa.webauthn.views.add_webauthn")
passkey_rename = later("mfa.webauthn.views.edit_webauthn")
passkey_remove = later("mfa.webauthn.views.remove_webauthn")


@never_cache
@require_safe
def security(request):
    """GET /account/security"""
    own = list(Authenticator.objects.filter(user=request.user).order_by("pk"))
    codes_row = next((row for row in own if row.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "app": next((row for row in own if row.type == Authenticator.Type.TOTP), None),
        "passkeys": [row for row in own if row.type == Authenticator.Type.WEBAUTHN],
        "codes": codes_row,
        "num_codes": len(codes_row.wrap().get_unused_codes()) if codes_row else 0,
        "is_missing": second_factors.is_missing(request.user),
        "provider": settings.ASSAY_OIDC_NAME if settings.ASSAY_OIDC_ISSUER else "",
        "identity": SocialAccount.objects.filter(user=request.user, provider=settings.ASSAY_OIDC_ISSUER).first(),
        "can_unlink": request.user.has_usable_password() and settings.ASSAY_PASSWORD_SIGN_IN,
    }
    return render(request, "account/security.html", context)


class SecondFactorFirst:
    """Leads whoever needs a second factor (ASSAY_REQUIRE_SECOND_FACTOR) and has none to where it is set up."""

    def __init__(self, get_response):
        if settings.ASSAY_REQUIRE_SECOND_FACTOR == "none":
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        if user.is_authenticated and not _is_open(request.path_info) and second_factors.is_missing(user):
            if request.path_info.startswith(("/api/", "/ajax-api/")):
                return error_page(request, 403, "Set up a second factor first, under Account, Sign-in and security.")
            return redirect(reverse("mfa_index"))
        return self.get_response(request)


def _is_open(path: str) -> bool:
    return path.startswith(OPEN_WITHOUT)
