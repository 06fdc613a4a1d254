"""What the tray of the runs table offers: a page that says what would happen, then the same address again, confirmed."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import Level
from pages.experiment_head import head
from tracker.actions import selections
from tracker.lookups import experiment_by_id
from tracker.models import Experiment

MAX_LISTED = 100
MAX_TARGETS = 500


def run_ids(post) -> list[str]:
    """Return the ids that a form names: one field a box without scripts, all in one field with them."""
    named = post.getlist("run") + post.get("runs", "").split(",")
    return list(dict.fromkeys(run_id for run_id in named if run_id and len(run_id) <= 64 and "\0" not in run_id))


class TagForm(forms.Form):
    """A key and its value for all selected runs."""

    key = forms.CharField(max_length=250)
    value = forms.CharField(max_length=8000, required=False)


class MoveForm(forms.Form):
    """Where to, by name; only experiments in which one may edit."""

    to = forms.CharField(
        max_length=500, label="To the experiment", widget=forms.TextInput({"list": "targets", "autocomplete": "off"})
    )

    def __init__(self, *args, user, leaving: Experiment, **kwargs):
        super().__init__(*args, **kwargs)
        self.targets = Experiment.objects.editable_by(user).active().exclude(pk=leaving.pk)

    @property
    def names(self):
        return self.targets.order_by("-last_activity_ms").values_list("name", flat=True)[:MAX_TARGETS]

    def clean_to(self) -> Experiment:
        target = self.targets.filter(name=self.cleaned_data["to"]).first()
        if target is None:
            raise forms.ValidationError("There is no such experiment that you may edit.")
        return target


@require_POST
def selection_tag(request, pk):
    """POST /experiments/ID/selection/tag"""
    page = Selection(request, pk, Level.LOG, "Tag")
    form = TagForm(request.POST if page.is_confirmed else None)
    if not page.is_confirmed or not form.is_valid():
        return page.ask("experiments/selection_tag.html", form=form)
    num = selections.tag(page.ids, form.cleaned_data["key"], form.cleaned_data["value"], by=request.user)
    return page.done(f"{num_of_runs(num)} tagged {form.cleaned_data['key']}.")


@require_POST
def selection_move(request, pk):
    """POST /experiments/ID/selection/move: everything that a run has goes with it; its address stays."""
    page = Selection(request, pk, Level.EDIT, "Move")
    form = MoveForm(request.POST if page.is_confirmed else None, user=request.user, leaving=page.experiment)
    if not page.is_confirmed or not form.is_valid():
        return page.ask("experiments/selection_move.html", form=form)
    target = form.cleaned_data["to"]
    num = selections.move(page.ids_with_children(), target, by=request.user)
    return page.done(f"{num_of_runs(num)} moved to {target.name}.", clears=True)


@require_POST
def selection_delete(request, pk):
    """POST /experiments/ID/selection/delete: into the trash, from which they can be restored."""
    page = Selection(request, pk, Level.LOG, "Delete")
    if not page.is_confirmed:
        return page.ask("experiments/selection_delete.html")
    num = selections.delete(page.ids_with_children(), by=request.user)
    return page.done(f"{num_of_runs(num)} moved to the trash.", clears=True)


@require_POST
def selection_restore(request, pk):
    """POST /experiments/ID/selection/restore: nothing is lost by it, so nobody is asked."""
    page = Selection(request, pk, Level.LOG, "Restore")
    num = selections.restore(page.ids_with_children(always=True), by=request.user)
    return page.done(f"{num_of_runs(num)} restored.", clears=True)


class Selection:
    """The runs that a form names, and the two pages around doing something with them."""

    def __init__(self, request, pk: int, level: Level, verb: str):
        self.request = request
        self.experiment = experiment_by_id(str(pk), user=request.user, level=level)
        self.verb = verb
        self.ids = run_ids(request.POST)
        self.runs = selections.visible(self.ids, request.user)
        self.is_confirmed = request.POST.get("confirmed") == "1"

    def ids_with_children(self, *, always: bool = False) -> list[str]:
        if always or self.request.POST.get("with_children") == "1":
            return selections.with_descendants(self.runs)
        return self.ids

    def ask(self, template: str, **context):
        num_children = len(selections.with_descendants(self.runs)) - len(self.ids)
        shown = self.runs.order_by("-start_time_ms", "run_id")[:MAX_LISTED]
        context |= {
            **head(self.request, self.experiment, tab="runs"),
            "verb": self.verb,
            "runs": shown,
            "num_runs": len(self.ids),
            "num_unlisted": max(len(self.ids) - MAX_LISTED, 0),
            "num_children": num_children,
            "ids": ",".join(self.ids),
            "back": self.back,
        }
        status = 400 if self.is_confirmed else 200
        return render(self.request, template, context, status=status)

    @property
    def back(self) -> str:
        return self.request.POST.get("back", "")[:4000]

    @property
    def address(self) -> str:
        return f"{self.experiment.get_absolute_url()}?{self.back}".rstrip("?")

    def done(self, text: str, *, clears: bool = False):
        """Lead back to the table; runs that left it are selected no longer."""
        messages.success(self.request, text)
        return redirect(f"{self.address}#none-selected" if clears else self.address)


def num_of_runs(num: int) -> str:
    return f"{num} run{'' if num == 1 else 's'}"
