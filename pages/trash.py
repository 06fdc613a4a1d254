"""The trash of experiments: restore, free a name, delete for good."""

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Level
from pages.experiment_head import head
from pages.selections import Selection, num_of_runs
from tracker import experiment_list as listing
from tracker import keyset
from tracker.actions import experiments, purge
from tracker.keyset import Key
from tracker.lookups import experiment_by_id
from tracker.models import Experiment, Hold

SIZE = 50
# the last that was deleted stands first
ORDER = [Key("pk", int, True)]


@require_GET
def experiment_trash(request):
    """GET /experiments/trash: what one may see of what was deleted; buttons for what one manages; ?held=1: under legal hold."""
    deleted = Experiment.objects.visible_to(request.user).deleted()
    is_held = Exists(Hold.objects.filter(experiment=OuterRef("pk"), kind=Hold.Kind.LEGAL))
    rows = listing.matching(deleted, request.GET.get("q", "")[:500].replace("\0", "")).annotate(is_held=is_held)
    if request.GET.get("held"):
        rows = rows.filter(is_held=True)
    page = keyset.page(
        rows.select_related("created_by"),
        ORDER,
        size=SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    managed = set(
        Experiment.objects.manageable_by(request.user)
        .filter(pk__in=[row.pk for row in page.rows])
        .values_list("pk", flat=True)
    )
    context = {
        "rows": [(row, row.pk in managed) for row in page.rows],
        "q": request.GET.get("q", ""),
        "is_held_only": bool(request.GET.get("held")),
        "after": page.after,
        "before": page.before,
    }
    return render(request, "experiments/trash.html", context)


@require_POST
def experiment_restore(request, pk):
    """POST /experiments/ID/restore: with all of its runs"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    if experiment.is_deleted:
        experiments.restore(experiment, by=request.user)
        messages.success(request, f"{experiment.name} is back, with its runs.")
    return redirect(experiment)


@require_POST
def experiment_free_name(request, pk):
    """POST /experiments/ID/free-name"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    before = experiment.name
    name = purge.free_name(experiment, by=request.user)
    messages.success(request, f"“{before}” is free. The deleted experiment is called “{name}” now.")
    return redirect("experiment-trash")


class NameForm(forms.Form):
    """The name, typed once more by who means it."""

    name = forms.CharField(strip=False, widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, *args, experiment: Experiment, **kwargs):
        super().__init__(*args, **kwargs)
        self.experiment = experiment
        self.fields["name"].label = f"Type its name to confirm: {experiment.name}"

    def clean_name(self) -> str:
        if self.cleaned_data["name"].strip() != self.experiment.name.strip():
            raise forms.ValidationError("That is not its name.")
        return self.cleaned_data["name"]


@require_http_methods(["GET", "HEAD", "POST"])
def experiment_purge(request, pk):
    """GET and POST /experiments/ID/purge: what would go, then all of it"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    form = NameForm(request.POST or None, experiment=experiment)
    if request.method == "POST" and form.is_valid():
        purge.experiment(experiment, by=request.user)
        messages.success(request, f"{experiment.name} is deleted for good.")
        return redirect("experiment-trash")
    context = {
        **head(request, experiment, tab="settings"),
        "extent": purge.extent_of_experiment(experiment, by=request.user),
        "form": form,
    }
    return render(request, "experiments/purge.html", context, status=400 if form.errors else 200)


@require_POST
def selection_purge(request, pk):
    """POST /experiments/ID/selection/purge: runs of the trash, after a page that says what goes with them"""
    page = Selection(request, pk, Level.MANAGE, "Delete for good")
    ids = page.ids_with_children()
    if not page.is_confirmed:
        return page.ask("experiments/selection_purge.html", extent=purge.extent_of_runs(page.ids, by=request.user))
    num = purge.runs(ids, by=request.user)
    return page.done(f"{num_of_runs(num)} deleted for good.", clears=True)
