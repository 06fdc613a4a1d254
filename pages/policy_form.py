"""The form of a policy: every setting of it, and its checks as rows, boxes and lists of names."""

from django import forms
from django.contrib.auth.models import Group

from registry.actions.policies import MAX_APPROVALS, MAX_DAYS
from registry.checks import MAX_NAME
from registry.models import ModelVersion, StagePolicy

# checks that are there or not
PLAIN = {
    "run_finished": "The source run finished and is not deleted",
    "artifacts": "Its files are there, their checksums known",
    "description": "It has a description",
    "signature": "It has a signature",
    "signature_compatible": "Its signature fits those who call the incumbent",
}
RULES = {
    "floor": "at least",
    "ceiling": "at most",
    "not_below": "not below the incumbent's, by more than",
    "not_above": "not above the incumbent's, by more than",
}
NUM_EMPTY = 2


class MetricForm(forms.Form):
    """One check of a metric; a row without a metric is none."""

    metric = forms.CharField(max_length=MAX_NAME, required=False)
    rule = forms.ChoiceField(choices=list(RULES.items()), required=False)
    number = forms.FloatField(required=False)

    def clean(self):
        cleaned = super().clean()
        is_bound = cleaned.get("rule") in ("floor", "ceiling")
        if cleaned.get("metric") and is_bound and cleaned.get("number") is None and "number" not in self.errors:
            self.add_error("number", "Give the value.")
        return cleaned

    def spec(self) -> dict:
        metric, rule, number = (self.cleaned_data.get(name) for name in ("metric", "rule", "number"))
        if rule in ("floor", "ceiling"):
            return {"check": "metric_threshold", "metric": metric, "is_large_good": rule == "floor", "value": number}
        spec = {"check": "metric_vs_incumbent", "metric": metric, "is_large_good": rule != "not_above"}
        return {**spec, "margin": number} if number else spec


def metric_row(spec: dict) -> dict | None:
    """Return a check as the row that shows it, None where it is not about a metric."""
    if spec["check"] == "metric_threshold":
        rule = "floor" if spec["is_large_good"] else "ceiling"
        return {"metric": spec["metric"], "rule": rule, "number": spec["value"]}
    if spec["check"] == "metric_vs_incumbent":
        rule = "not_below" if spec["is_large_good"] else "not_above"
        return {"metric": spec["metric"], "rule": rule, "number": spec.get("margin")}
    return None


MetricForms = forms.formset_factory(MetricForm, extra=NUM_EMPTY)


class PolicyForm(forms.Form):
    """The settings but for the metrics."""

    num_approvals = forms.IntegerField(min_value=0, max_value=MAX_APPROVALS, label="Approvals", help_text="0: none.")
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        required=False,
        label="By members of",
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: by who manages the model.",
    )
    requester_may_approve = forms.BooleanField(required=False, label="Who asks may approve it, too")
    requires_comment = forms.BooleanField(required=False, label="Asking and deciding take a comment")
    expires_after_days = forms.IntegerField(
        min_value=1, max_value=MAX_DAYS, required=False, label="A request expires after", help_text="days; empty: never"
    )
    archives_incumbent = forms.BooleanField(required=False, label="What was there is archived in the same moment")
    locks_version = forms.BooleanField(required=False, label="A version that is there cannot be edited")
    managers_may_bypass = forms.BooleanField(
        required=False, label="Who manages the model may go past this", help_text="Always marked in the history."
    )
    service_accounts_only = forms.BooleanField(
        required=False,
        label="Only service accounts move a version there",
        help_text="People ask and approve; a pipeline's call carries it out.",
    )
    opens_request = forms.BooleanField(required=False, label="A script that asks in vain opens the request")
    plain_checks = forms.MultipleChoiceField(
        choices=list(PLAIN.items()), required=False, label="Checks", widget=forms.CheckboxSelectMultiple
    )
    required_tags = forms.CharField(max_length=2000, required=False, help_text="Keys, with commas between them.")
    external = forms.CharField(
        max_length=5000,
        required=False,
        label="Reported from outside",
        widget=forms.Textarea({"rows": 3}),
        help_text="Names of checks that a pipeline reports, one a line.",
    )
    shown_as = forms.CharField(max_length=50, required=False, label="Pages call it", help_text="Empty: by its name.")
    wire_stage = forms.ChoiceField(
        choices=[("", "Choose one"), *ModelVersion.Stage.choices],
        required=False,
        label="Scripts see it as",
        help_text="They know the four stages of MLflow's protocol.",
    )

    def settings(self) -> dict:
        """Return what `policies.set` takes, but for the checks."""
        left_out = ("groups", "plain_checks", "required_tags", "external")
        return {name: value for name, value in self.cleaned_data.items() if name not in left_out}

    def specs(self) -> list[dict]:
        found = [{"check": name} for name in PLAIN if name in self.cleaned_data["plain_checks"]]
        if tags := _listed(self.cleaned_data["required_tags"].replace("\n", ",").split(",")):
            found.append({"check": "required_tags", "tags": tags})
        return found + [
            {"check": "external", "name": name} for name in _listed(self.cleaned_data["external"].split("\n"))
        ]


def _listed(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(text.strip() for text in texts if text.strip()))


def forms_of(policy: StagePolicy | None, data=None) -> tuple[PolicyForm, forms.BaseFormSet]:
    """Return the two forms of a policy, filled from it, or with `data` from what was sent."""
    if data is not None:
        return PolicyForm(data), MetricForms(data, prefix="metrics")
    policy = policy or StagePolicy()
    specs = policy.checks
    names = ("num_approvals", "requester_may_approve", "requires_comment", "expires_after_days", "archives_incumbent")
    names += (
        "locks_version",
        "managers_may_bypass",
        "service_accounts_only",
        "opens_request",
        "shown_as",
        "wire_stage",
    )
    initial = {name: getattr(policy, name) for name in names}
    initial["groups"] = list(policy.approver_groups.values_list("pk", flat=True)) if policy.pk else []
    initial["plain_checks"] = [spec["check"] for spec in specs if spec["check"] in PLAIN]
    initial["required_tags"] = ", ".join(tag for spec in specs for tag in spec.get("tags", []))
    initial["external"] = "\n".join(spec["name"] for spec in specs if spec["check"] == "external")
    rows = [row for spec in specs if (row := metric_row(spec))]
    return PolicyForm(initial=initial), MetricForms(initial=rows, prefix="metrics")
