"""An experiment's notes and settings: its name, its primary metric, its tags, how long runs stay, its end."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Level
from core.errors import Conflict, InvalidValue
from pages import quotas, retention
from pages.experiment_head import MAX_NOTE, NOTE_TAG, PRIMARY_IS_LARGE_TAG, PRIMARY_TAG, head
from tracker.actions import experiments
from tracker.actions.experiments import MAX_NAME
from tracker.lookups import experiment_by_id


class NoteForm(forms.Form):
    """The description, in Markdown."""

    note = forms.CharField(required=False, max_length=MAX_NOTE, label="Notes", widget=forms.Textarea({"rows": 18}))


@require_http_methods(["GET", "HEAD", "POST"])
def experiment_notes(request, pk):
    """GET and POST /experiments/ID/notes: the tag mlflow.note.content, which MLflow's own pages show, too"""
    level = Level.EDIT if request.method == "POST" else Level.VIEW
    experiment = experiment_by_id(str(pk), user=request.user, level=level)
    shown = head(request, experiment, tab="notes")
    form = NoteForm(request.POST or None, initial={"note": shown["description"]})
    if request.method == "POST" and form.is_valid():
        experiments.set_tag(experiment, NOTE_TAG, form.cleaned_data["note"], by=request.user)
        return redirect("experiment-notes", pk=pk)
    is_editing = shown["can_edit"] and (request.method == "POST" or "edit" in request.GET)
    context = {**shown, "form": form, "is_editing": is_editing}
    return render(request, "experiments/notes.html", context, status=400 if form.errors else 200)


class RenameForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_NAME, help_text="A / makes a folder. Scripts that name the old one make a new experiment."
    )


class PrimaryForm(forms.Form):
    """The metric that decides which run is best."""

    metric = forms.CharField(required=False, max_length=250, label="Primary metric")
    is_large_good = forms.TypedChoiceField(
        choices=[("true", "more is better ↑"), ("false", "less is better ↓")], label="Direction", initial="true"
    )


class TagForm(forms.Form):
    key = forms.CharField(max_length=250)
    value = forms.CharField(max_length=MAX_NOTE, required=False)


@require_GET
def experiment_settings(request, pk):
    """GET /experiments/ID/settings"""
    experiment = experiment_by_id(str(pk), user=request.user)
    return _settings_page(request, experiment)


def _settings_page(request, experiment, **forms_with_errors):
    shown = head(request, experiment, tab="settings")
    primary = shown["primary"]
    context = {
        **shown,
        **retention.summary(experiment, can_manage=shown["can_manage"]),
        **quotas.summary(experiment, user=request.user),
        "rename_form": RenameForm(initial={"name": experiment.name}),
        "primary_form": PrimaryForm(
            initial={"metric": primary[0], "is_large_good": str(primary[1]).lower()} if primary else None
        ),
        "tag_form": TagForm(),
        **forms_with_errors,
    }
    return render(request, "experiments/settings.html", context, status=400 if forms_with_errors else 200)


@require_POST
def experiment_rename(request, pk):
    """POST /experiments/ID/rename"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    form = RenameForm(request.POST)
    if form.is_valid():
        try:
            experiments.rename(experiment, form.cleaned_data["name"], by=request.user)
            messages.success(request, "Renamed.")
            return redirect("experiment-settings", pk=pk)
        except (Conflict, InvalidValue) as error:
            form.add_error("name", error.message)
    return _settings_page(request, experiment, rename_form=form)


@require_POST
def experiment_primary(request, pk):
    """POST /experiments/ID/primary: kept in the tags that AutoML writes."""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.EDIT)
    form = PrimaryForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, experiment, primary_form=form)
    metric = form.cleaned_data["metric"].strip()
    if metric:
        experiments.set_tag(experiment, PRIMARY_TAG, metric, by=request.user)
        experiments.set_tag(experiment, PRIMARY_IS_LARGE_TAG, form.cleaned_data["is_large_good"], by=request.user)
    else:
        for key in set(experiment.tags.values_list("key", flat=True)) & {PRIMARY_TAG, PRIMARY_IS_LARGE_TAG}:
            experiments.delete_tag(experiment, key, by=request.user)
    messages.success(request, "The primary metric is set." if metric else "There is no primary metric now.")
    return redirect("experiment-settings", pk=pk)


@require_POST
def experiment_tag(request, pk):
    """POST /experiments/ID/tag"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.EDIT)
    form = TagForm(request.POST)
    if form.is_valid():
        try:
            experiments.set_tag(experiment, form.cleaned_data["key"], form.cleaned_data["value"], by=request.user)
            return redirect("experiment-settings", pk=pk)
        except InvalidValue as error:
            form.add_error("key", error.message)
    return _settings_page(request, experiment, tag_form=form)


@require_POST
def experiment_untag(request, pk):
    """POST /experiments/ID/untag"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.EDIT)
    experiments.delete_tag(experiment, request.POST.get("key", "").replace("\0", ""), by=request.user)
    return redirect("experiment-settings", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def experiment_delete(request, pk):
    """GET and POST /experiments/ID/delete: into the trash with all of its runs"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    if request.method == "POST" and not experiment.is_deleted:
        experiments.delete(experiment, by=request.user)
        messages.success(request, f"{experiment.name} is in the trash.")
    if request.method == "POST" or experiment.is_deleted:
        return redirect("experiment-trash")
    return render(request, "experiments/delete.html", head(request, experiment, tab="settings"))
