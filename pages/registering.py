"""Registering a version from a run: which of its models or folders, and under which name."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import Conflict, InvalidValue
from pages.run_head import head
from registry import names
from registry.actions import model_versions, registered_models
from registry.lineage import versions_of_runs
from registry.models import RegisteredModel
from tracker import run_facts
from tracker.models import Artifact, Run

MAX_OFFERED = 500


class RegisterForm(forms.Form):
    """The name may be that of a model that is there, or a new one."""

    source = forms.ChoiceField(label="What", widget=forms.RadioSelect)
    name = forms.CharField(
        max_length=names.MAX_NAME,
        label="Model",
        widget=forms.TextInput({"list": "registered", "autocomplete": "off"}),
        help_text="One that is there gets its next version; a new name makes a new model.",
    )
    description = forms.CharField(
        required=False, max_length=names.MAX_DESCRIPTION, widget=forms.Textarea({"rows": 4}), help_text="Markdown"
    )

    def __init__(self, *args, sources: dict[str, str], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = list(sources.items())
        self.fields["source"].initial = next(iter(sources), None)


def sources(run: Run, *, user) -> dict[str, str]:
    """Return what of a run can be registered: address → label; its logged models, then folders with an MLmodel file."""
    found = {
        f"models:/{model.model_id}": f"{model.name} ({model.model_id})"
        for model in run_facts.models_out(run, user=user)
    }
    paths = Artifact.objects.filter(run=run, path__endswith="MLmodel").order_by("path").values_list("path", flat=True)
    for path in paths[:MAX_OFFERED]:
        folder, _, name = path.rpartition("/")
        if name == "MLmodel":
            found[f"runs:/{run.run_id}/{folder}".rstrip("/")] = f"{folder or 'all files'} (folder)"
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def run_register(request, run_id):
    """GET and POST /runs/ID/register"""
    context = head(request, run_id, tab="")
    run = context["run"]
    offered = sources(run, user=request.user)
    form = RegisterForm(request.POST or None, sources=offered, initial={"name": request.GET.get("name", "")[:256]})
    if request.method == "POST" and form.is_valid():
        try:
            version = _register(run, form.cleaned_data, request.user)
            messages.success(request, f"Registered as version {version.version} of {version.model.name}.")
            return redirect(version)
        except (Conflict, InvalidValue) as error:
            form.add_error(None, error.message)
    registrable = RegisteredModel.objects.registrable_by(request.user).active().order_by("-last_updated_time_ms")
    context |= {
        "form": form,
        "offered": offered,
        "registered_names": registrable.values_list("name", flat=True)[:MAX_OFFERED],
        "versions": versions_of_runs([run], user=request.user).get(run.pk, []),
    }
    return render(request, "runs/register.html", context, status=400 if form.errors else 200)


@transaction.atomic
def _register(run: Run, sent: dict, user):
    source = sent["source"]
    model_id = source.removeprefix("models:/") if source.startswith("models:/") else ""
    rows = RegisteredModel.objects.active().filter(name=sent["name"])
    model = rows.registrable_by(user).first()
    if model is None:
        if rows.visible_to(user).exists():
            raise InvalidValue("You may see that model, but not add versions to it. Choose another name.")
        model = registered_models.create(sent["name"], by=user)
    return model_versions.create(
        model,
        source=source,
        run_id=run.run_id,
        model_id=model_id,
        description=sent["description"].replace("\r\n", "\n"),
        by=user,
    )
