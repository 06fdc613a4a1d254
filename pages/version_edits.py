"""What people change on a version: description, tags, its end."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Level
from core.errors import InvalidValue
from pages.versions import version_head
from registry import names, policies
from registry.actions import model_versions
from registry.lookups import version_by_number, version_to_edit
from tracker.run_facts import HIDDEN_TAGS
from tracker.validation import MAX_KEY


class DescriptionForm(forms.Form):
    description = forms.CharField(max_length=names.MAX_DESCRIPTION, required=False, strip=False)


class TagForm(forms.Form):
    key = forms.CharField(max_length=MAX_KEY)
    value = forms.CharField(max_length=names.MAX_TAG_VALUE, required=False)


def clean(form: forms.Form) -> dict:
    """Return the form's values; raise InvalidValue with the first thing that is wrong."""
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise InvalidValue(f"{field.capitalize()}: {errors[0]}")
    return form.cleaned_data


def sent_description(request) -> str:
    """Return the Markdown of a form; browsers send \\r\\n, which would count twice towards the limit."""
    return clean(DescriptionForm(request.POST))["description"].replace("\r\n", "\n")


def sent_tag(request) -> tuple[str, str]:
    sent = clean(TagForm(request.POST))
    if sent["key"].startswith(HIDDEN_TAGS):
        raise InvalidValue("Tags that begin with mlflow. belong to the client.")
    return sent["key"], sent["value"]


@require_POST
def version_describe(request, name, number):
    version = version_to_edit(name, str(number), user=request.user)
    model_versions.describe(version, sent_description(request), by=request.user)
    return redirect(version)


@require_POST
def version_tag(request, name, number):
    version = version_to_edit(name, str(number), user=request.user)
    model_versions.set_tag(version, *sent_tag(request), by=request.user)
    return redirect(f"{version.get_absolute_url()}#tags")


@require_POST
def version_untag(request, name, number):
    version = version_to_edit(name, str(number), user=request.user)
    model_versions.delete_tag(version, sent_tag(request)[0], by=request.user)
    return redirect(f"{version.get_absolute_url()}#tags")


@require_http_methods(["GET", "HEAD", "POST"])
def version_delete(request, name, number):
    """GET and POST /models/NAME/versions/N/delete: off the wire; its history stays and its number is not given again."""
    version = version_by_number(name, str(number), user=request.user, level=Level.EDIT)
    if request.method == "POST":
        model_versions.delete(version, by=request.user)
        messages.success(request, f"Version {version.version} is deleted.")
        return redirect(version.model)
    context = version_head(request, name, number, tab="")
    context["protecting"] = policies.protection_of(version)
    return render(request, "versions/delete.html", context)
