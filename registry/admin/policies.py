"""Policies: the site's defaults, and those of single models."""

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group

from core.admin import ActionForm, SiteAdmins, chip
from registry.actions import policies as policy_actions
from registry.models import StagePolicy


class PolicyForm(ActionForm):
    """What it takes to move a version; of every model where none is chosen."""

    approver_groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple({"class": "checks"}),
        help_text="Whose members may approve; without any, who manages the model.",
    )

    class Meta:
        model = StagePolicy
        fields = ["model", "kind", "target", *policy_actions.FIELDS[:-1], "approver_groups", "checks"]
        labels = {
            "num_approvals": "Approvals",
            "wire_stage": "Scripts see it as",
            "shown_as": "Shown as",
            "expires_after_days": "A request expires after",
            "requester_may_approve": "Who asked may approve",
            "archives_incumbent": "The incumbent is archived",
            "requires_comment": "A comment is asked for",
            "managers_may_bypass": "Managers may go past it",
            "locks_version": "The version is locked",
            "service_accounts_only": "Service accounts move",
            "opens_request": "A refused script opens the request",
        }
        help_texts = {
            "target": "A stage such as Production, an alias such as champion, or the name of a stage that this adds.",
            "wire_stage": "Of a stage that this adds: which of the four of MLflow's protocol it is there.",
            "expires_after_days": "Days; empty for never.",
            "checks": 'A list as JSON, such as [{"check": "description"}, {"check": "external", "name": "ci"}, '
            '{"check": "metric_vs_incumbent", "metric": "f1", "is_large_good": true, "margin": 0.01}].',
        }

    def act(self) -> StagePolicy:
        given = dict(self.cleaned_data)
        about = [given.pop(name, getattr(self.instance, name)) for name in ("model", "kind", "target")]
        groups = given.pop("approver_groups")
        given["checks"] = given["checks"] or []
        return policy_actions.set(*about, groups=groups, by=self.by, **given)


@admin.register(StagePolicy)
class StagePolicyAdmin(SiteAdmins):
    list_display = ["target", "kind", "of", "num_approvals", "managers_may_bypass", "updated_by", "updated_at"]
    list_filter = ["kind", "target", ("model", admin.EmptyFieldListFilter)]
    list_select_related = ["model", "updated_by"]
    search_fields = ["target", "model__name"]
    ordering = ["target", "pk"]
    form = PolicyForm
    fields = PolicyForm.Meta.fields

    def get_readonly_fields(self, request, obj=None):
        # what a policy is about is not changed, but another one made
        return ["model", "kind", "target"] if obj else []

    @admin.display(description="Of")
    def of(self, policy):
        return policy.model or chip("Every model", "accent")

    def delete_model(self, request, obj):
        policy_actions.remove(obj.model, obj.kind, obj.target, by=request.user)

    def delete_queryset(self, request, queryset):
        for policy in queryset:
            self.delete_model(request, policy)
