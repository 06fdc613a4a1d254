"""What people change on a registered model: description, tags, name, its end."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Level
from core.errors import Conflict, InvalidValue
from pages.model_head import head, named
from pages.version_edits import sent_description, sent_tag
from registry import names, policies
from registry.actions import registered_models


class RenameForm(forms.Form):
    name = forms.CharField(
        max_length=names.MAX_NAME,
        help_text="At once and for everybody: scripts that ask for the old name find nothing.",
    )


@require_safe
def model_settings(request, name):
    """GET /models/NAME/settings"""
    return _page(request, named(request, name))


def _page(request, model, form: RenameForm | None = None):
    context = {
        **head(request, model, tab="settings"),
        "form": form or RenameForm(initial={"name": model.name}),
    }
    return render(request, "models/settings.html", context, status=400 if form else 200)


@require_POST
def model_describe(request, name):
    """POST /models/NAME/describe: Markdown"""
    model = named(request, name, Level.EDIT)
    registered_models.describe(model, sent_description(request), by=request.user)
    return redirect(model)


@require_POST
def model_tag(request, name):
    model = named(request, name, Level.EDIT)
    registered_models.set_tag(model, *sent_tag(request), by=request.user)
    return redirect(f"{model.get_absolute_url()}#tags")


@require_POST
def model_untag(request, name):
    model = named(request, name, Level.EDIT)
    registered_models.delete_tag(model, sent_tag(request)[0], by=request.user)
    return redirect(f"{model.get_absolute_url()}#tags")


@require_POST
def model_rename(request, name):
    """POST /models/NAME/rename"""
    model = named(request, name, Level.MANAGE)
    form = RenameForm(request.POST)
    if form.is_valid():
        try:
            held = registered_models.rename(model, form.cleaned_data["name"], by=request.user)
            messages.success(request, f"It is {held.name} now.")
            return redirect("model-settings", name=held.name)
        except (Conflict, InvalidValue) as error:
            form.add_error("name", error.message)
    return _page(request, model, form)


@require_http_methods(["GET", "HEAD", "POST"])
def model_delete(request, name):
    """GET and POST /models/NAME/delete: off the wire with its versions; rows and history stay, the name is free."""
    model = named(request, name, Level.MANAGE)
    if request.method == "POST":
        registered_models.delete(model, by=request.user)
        messages.success(request, f"{model.name} is deleted.")
        return redirect("model-list")
    versions = model.versions.active().order_by("-version")
    context = {
        **head(request, model, tab="settings"),
        "num_versions": versions.count(),
        "standing": [(one.version, held) for one in versions[:50] if (held := _protecting(one, model))],
    }
    return render(request, "models/delete.html", context)


def _protecting(version, model) -> list[str]:
    version.model = model
    return policies.protection_of(version)
