"""One's own account: password and appearance."""

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions import users
from pages.context import THEME_COOKIE, THEMES
from pages.errors import too_many
from pages.redirects import back

YEAR_S = 365 * 24 * 3600


class PasswordForm(PasswordChangeForm):
    """Django's, in our words; it does not take the focus, since the page has more than this."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        old, new, again = (self.fields[name] for name in ("old_password", "new_password1", "new_password2"))
        old.widget.attrs.pop("autofocus", None)
        old.label, new.label, again.label = "Password now", "New password", "New password again"
        new.help_text, again.help_text = "At least twelve characters. A sentence is easier to keep than a word.", ""


@require_http_methods(["GET", "HEAD", "POST"])
def account(request):
    if request.method == "POST" and not ratelimit.consume(request, action="change_password"):
        return too_many(request)
    form = PasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        users.set_password(request.user, form.cleaned_data["new_password1"], by=request.user)
        update_session_auth_hash(request, request.user)
        ratelimit.clear(request, action="change_password")
        messages.success(request, "Your password is changed. Other browsers are signed out; tokens go on working.")
        return redirect("account")
    # who comes by single sign-on alone has none to change
    has_password = settings.ASSAY_PASSWORD_SIGN_IN and request.user.has_usable_password()
    return render(
        request, "account/account.html", {"form": form, "themes": ["", *THEMES], "has_password": has_password}
    )


@require_POST
def appearance(request):
    """Keep the theme in a cookie, so that the first paint already has it; nothing chosen follows the system."""
    response = back(request, "account")
    theme = request.POST.get("theme", "")
    path = settings.SESSION_COOKIE_PATH
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR_S, path=path, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        response.delete_cookie(THEME_COOKIE, path=path)
    return response
