"""For how long the runs of an experiment stay: its policy in words, its form, a dry run, a legal hold."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Level
from core.errors import Conflict, InvalidValue
from pages.experiment_head import head
from tracker.actions import clean_up, retention, run_holds
from tracker.actions.retention import MAX_BEST, MAX_DAYS
from tracker.lookups import experiment_by_id
from tracker.models import CleanupReport, Experiment, Hold, RetentionPolicy
from tracker.retention import ENDED, Rules


class RetentionForm(forms.Form):
    """A policy as people fill it in."""

    trash_after_days = forms.IntegerField(
        min_value=0,
        max_value=MAX_DAYS,
        required=False,
        label="To the trash after",
        help_text="days since a run ended, by its own clock; empty: never",
    )
    statuses = forms.MultipleChoiceField(
        choices=[(status, status.capitalize()) for status in ENDED],
        required=False,
        label="Only runs that ended so",
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all that ended.",
    )
    purge_after_days = forms.IntegerField(
        min_value=0,
        max_value=MAX_DAYS,
        required=False,
        label="For good after",
        help_text="days in the trash; empty: never",
    )
    keep_best = forms.IntegerField(
        min_value=0, max_value=MAX_BEST, required=False, label="Keep the best", help_text="so many active runs"
    )
    keep_metric = forms.CharField(
        max_length=250, required=False, label="by the metric", help_text="its last value; NaN is never the best"
    )
    is_large_good = forms.TypedChoiceField(
        choices=[("true", "more is better ↑"), ("false", "less is better ↓")],
        coerce=lambda text: text == "true",
        empty_value=True,
        required=False,
        label="Direction",
    )
    keep_tags = forms.CharField(
        max_length=10_000,
        required=False,
        label="Keep runs with a tag",
        widget=forms.Textarea({"rows": 3}),
        help_text="One a line: a key, or key=value.",
    )
    is_daily = forms.BooleanField(
        required=False, label="Carry it out every day", help_text="Otherwise only when somebody asks for it."
    )

    @classmethod
    def of(cls, policy: RetentionPolicy | None) -> "RetentionForm":
        if policy is None:
            return cls()
        rules = Rules.of(policy).as_json()
        shown = {"keep_tags": "\n".join(policy.keep_tags), "is_large_good": str(policy.is_large_good).lower()}
        return cls(initial={**rules, **shown, "is_daily": policy.is_daily})

    def rules(self) -> Rules:
        given = {name: self.cleaned_data[name] for name in Rules.__dataclass_fields__}
        tags = [line.strip() for line in given["keep_tags"].splitlines() if line.strip()]
        return Rules(**{**given, "keep_tags": tags, "keep_best": given["keep_best"] or 0})


def in_words(policy: RetentionPolicy) -> list[str]:
    """Return what a policy says, a sentence for each thing."""
    rules = Rules.of(policy)
    which = " or ".join(status.lower() for status in rules.statuses)
    said = []
    if rules.trash_after_days is not None:
        said.append(
            f"Runs that ended{' ' + which if which else ''} go to the trash after {_days(rules.trash_after_days)}."
        )
    if rules.purge_after_days is not None:
        said.append(f"Runs in the trash are deleted for good after {_days(rules.purge_after_days)}.")
    if not said:
        said.append("Nothing goes by itself.")
    if rules.keep_best:
        arrow = "more" if rules.is_large_good else "less"
        said.append(f"The best {rules.keep_best} by {rules.keep_metric} stay ({arrow} is better).")
    if rules.keep_tags:
        said.append(f"Runs tagged {', '.join(rules.keep_tags)} stay.")
    said.append("Carried out every day." if policy.is_daily else "Carried out when somebody asks for it.")
    return said


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


def summary(experiment: Experiment, *, can_manage: bool) -> dict:
    """Return what the settings of an experiment show of it."""
    of = RetentionPolicy.objects.filter(experiment=experiment) | RetentionPolicy.objects.filter(experiment=None)
    found = {policy.experiment_id: policy for policy in of}
    own, policy = found.get(experiment.pk), found.get(experiment.pk) or found.get(None)
    reports = CleanupReport.objects.filter(experiment=experiment).select_related("job")
    return {
        "retention": own,
        "retention_words": in_words(policy) if policy else [],
        "report": reports.first() if can_manage else None,
        "legal_hold": experiment.holds.filter(kind=Hold.Kind.LEGAL).select_related("created_by").first(),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def experiment_retention(request, pk):
    """GET and POST /experiments/ID/retention: the experiment's own policy"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    policy = RetentionPolicy.objects.filter(experiment=experiment).first()
    form = RetentionForm(request.POST) if request.method == "POST" else RetentionForm.of(policy)
    if request.method == "POST" and form.is_valid():
        try:
            retention.set(experiment, form.rules(), is_daily=form.cleaned_data["is_daily"], by=request.user)
            messages.success(request, "The policy is set. A dry run says what it would take.")
            return redirect("experiment-settings", pk=pk)
        except (Conflict, InvalidValue) as error:
            form.add_error(None, error.message)
    context = {**head(request, experiment, tab="settings"), "form": form, "policy": policy}
    return render(request, "experiments/retention.html", context, status=400 if form.errors else 200)


@require_POST
def experiment_retention_remove(request, pk):
    """POST /experiments/ID/retention/remove: the site's policy holds then"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    for policy in RetentionPolicy.objects.filter(experiment=experiment).select_related("experiment"):
        retention.remove(policy, by=request.user)
        messages.success(request, "The experiment has no policy of its own now.")
    return redirect("experiment-settings", pk=pk)


@require_POST
def experiment_retention_look(request, pk):
    """POST /experiments/ID/retention/look: a dry run, which a job makes"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    policy = RetentionPolicy.objects.filter(experiment=experiment).select_related("experiment").first()
    if policy is None:
        raise InvalidValue(
            "The experiment has no policy of its own; a dry run of the site's is the site admins' to make."
        )
    return redirect(clean_up.look(policy, by=request.user))


@require_POST
def experiment_hold(request, pk):
    """POST /experiments/ID/hold: put it under legal hold, with a reason"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    run_holds.place(experiment, Hold.Kind.LEGAL, reason=request.POST.get("reason", ""), by=request.user)
    messages.success(request, f"{experiment.name} is under legal hold.")
    return redirect("experiment-settings", pk=pk)


@require_POST
def experiment_lift(request, pk):
    """POST /experiments/ID/lift: take the legal hold off"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    run_holds.lift(experiment, Hold.Kind.LEGAL, by=request.user)
    messages.success(request, f"{experiment.name} is under legal hold no more.")
    return redirect("experiment-settings", pk=pk)
