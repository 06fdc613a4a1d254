"""The first site administrator, made through the one-time link that `serve` prints."""

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actions import setup
from core.errors import InvalidValue, NotFound
from pages.errors import error_page


class TwicePasswordForm(forms.Form):
    """A new password, typed twice."""

    password = forms.CharField(
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text="At least twelve characters. A sentence is easier to keep than a word.",
    )
    again = forms.CharField(label="Password again", widget=forms.PasswordInput({"autocomplete": "new-password"}))

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("password") and cleaned.get("again") and cleaned["password"] != cleaned["again"]:
            self.add_error("again", "The two passwords differ.")
        return cleaned


class FirstAdminForm(TwicePasswordForm):
    username = forms.CharField(max_length=150, label="User name", widget=forms.TextInput({"autocomplete": "username"}))
    email = forms.EmailField(label="E-mail", required=False)
    field_order = ["username", "email", "password", "again"]


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_admin(request, token):
    if not setup.is_valid(token):
        return _used_up(request)
    form = FirstAdminForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = setup.create_first_admin(
                token,
                username=form.cleaned_data["username"],
                email=form.cleaned_data["email"],
                password=form.cleaned_data["password"],
            )
        except NotFound:
            # somebody else was quicker by a moment
            return _used_up(request)
        except InvalidValue as error:
            form.add_error(None, error.message)
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect("home")
    return render(request, "session/first_admin.html", {"form": form})


def _used_up(request):
    """Say the same of a link that was used, one that is too old, and one that never was."""
    if setup.is_needed():
        advice = "Start serve again where this Assay runs: it prints a new link while there is no administrator."
    else:
        advice = "There is an administrator already. Sign in, or ask that person for an account."
    return error_page(request, 404, "It works once, and not for ever.", title="This link is used up", advice=advice)
