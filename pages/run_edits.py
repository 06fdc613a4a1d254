"""What people change on a run's page: name, notes, tags, trash, pins and legal holds."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import Level
from core.errors import InvalidValue
from tracker.actions import run_holds, runs, tags
from tracker.actions.run_holds import MAX_REASON
from tracker.lookups import run_by_id, run_to_delete
from tracker.models import Hold
from tracker.run_facts import HIDDEN_TAGS, NOTE_TAG
from tracker.validation import MAX_KEY, MAX_TAG_VALUE


class NameForm(forms.Form):
    name = forms.CharField(max_length=250)


class NoteForm(forms.Form):
    note = forms.CharField(max_length=MAX_TAG_VALUE, required=False, strip=False)


class TagForm(forms.Form):
    key = forms.CharField(max_length=MAX_KEY)
    value = forms.CharField(max_length=MAX_TAG_VALUE, required=False)


@require_POST
def run_rename(request, run_id):
    run = run_by_id(run_id, user=request.user, level=Level.LOG)
    runs.rename(run, _clean(NameForm(request.POST))["name"], by=request.user)
    return _back(request, run)


@require_POST
def run_note(request, run_id):
    """POST /runs/ID/note: Markdown; the tag mlflow.note.content, which MLflow's own page shows as well."""
    run = run_by_id(run_id, user=request.user, level=Level.LOG)
    # browsers send \r\n; two of them would count twice towards the limit
    note = _clean(NoteForm(request.POST))["note"].replace("\r\n", "\n")
    tags.set(run, NOTE_TAG, note, by=request.user)
    return _back(request, run)


@require_POST
def run_tag(request, run_id):
    run = run_by_id(run_id, user=request.user, level=Level.LOG)
    tag = _clean(TagForm(request.POST))
    _refuse_hidden(tag["key"])
    tags.set(run, tag["key"], tag["value"], by=request.user)
    return _back(request, run, "#tags")


@require_POST
def run_untag(request, run_id):
    run = run_by_id(run_id, user=request.user, level=Level.LOG)
    key = _clean(TagForm(request.POST))["key"]
    _refuse_hidden(key)
    tags.delete(run, key, by=request.user)
    return _back(request, run, "#tags")


@require_POST
def run_delete(request, run_id):
    run = run_to_delete(run_id, user=request.user)
    runs.delete(run, by=request.user)
    messages.success(request, f"“{run.name}” is in the trash. It can be restored from here or from its experiment.")
    return redirect(run)


@require_POST
def run_restore(request, run_id):
    run = run_to_delete(run_id, user=request.user)
    runs.restore(run, by=request.user)
    messages.success(request, f"“{run.name}” is back.")
    return redirect(run)


class HoldForm(forms.Form):
    kind = forms.ChoiceField(choices=Hold.Kind.choices)
    reason = forms.CharField(max_length=MAX_REASON, required=False)


@require_POST
def run_hold(request, run_id):
    """POST /runs/ID/hold: pin it, or put it under legal hold"""
    run = run_by_id(run_id, user=request.user)
    given = _clean(HoldForm(request.POST))
    run_holds.place(run, given["kind"], reason=given["reason"], by=request.user)
    return _back(request, run)


@require_POST
def run_lift(request, run_id):
    """POST /runs/ID/lift: take a pin or a legal hold off"""
    run = run_by_id(run_id, user=request.user)
    run_holds.lift(run, _clean(HoldForm(request.POST))["kind"], by=request.user)
    return _back(request, run)


def _clean(form: forms.Form) -> dict:
    """Return the form's values; raise InvalidValue with the first thing that is wrong."""
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise InvalidValue(f"{field.capitalize()}: {errors[0]}")
    return form.cleaned_data


def _refuse_hidden(key: str) -> None:
    if key.startswith(HIDDEN_TAGS):
        raise InvalidValue(
            "Tags that begin with mlflow. belong to the client; the name and the notes have fields of their own."
        )


def _back(request, run, fragment: str = ""):
    return redirect(run.get_absolute_url() + fragment)
