"""Requests for transitions, with what they stand on, and the decision on them."""

import json

from django import forms
from django.contrib import admin, messages
from django.utils.html import format_html, format_html_join

from core.admin import ActionForm, SiteAdmins, chip
from core.errors import InvalidValue
from registry import checks, evidence, policies
from registry.actions import requests
from registry.admin.rows import Rows
from registry.models import Approval, TransitionRequest

REQUESTS = {"open": "accent", "applied": "good", "rejected": "bad", "cancelled": "", "expired": "warn"}
CHECKS = {"passed": "good", "failed": "bad", "pending": "warn"}


def _evidence(row: TransitionRequest) -> dict:
    """Return what an open request stands on now, what a closed one was decided on."""
    is_open = row.state == TransitionRequest.State.OPEN
    return evidence.of(row.version, row.kind, row.target) if is_open else row.evidence


class ApprovalRows(Rows):
    model = Approval
    fields = readonly_fields = ["by", "at", "comment", "holds"]

    @admin.display(description="On this evidence", boolean=True)
    def holds(self, approval):
        return approval.evidence_digest == evidence.digest(_evidence(approval.request))


class DecisionForm(ActionForm):
    """A decision on an open request, with a comment, on the evidence that the page showed."""

    decision = forms.ChoiceField(
        choices=[("", "Not yet"), ("approve", "Approve"), ("reject", "Reject")], required=False
    )
    answer = forms.CharField(label="Comment", required=False, widget=forms.Textarea({"rows": 3}))
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = TransitionRequest
        fields = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            row = self.instance
            self.initial["seen"] = evidence.digest(evidence.of(row.version, row.kind, row.target))

    def act(self) -> TransitionRequest:
        given = self.cleaned_data
        if given["decision"] == "approve":
            return requests.approve(self.instance, comment=given["answer"], seen_digest=given["seen"], by=self.by)
        if given["decision"] == "reject":
            if not given["answer"].strip():
                raise InvalidValue("Say in a comment why it is rejected.")
            return requests.reject(self.instance, comment=given["answer"], by=self.by)
        raise InvalidValue("Choose whether to approve or to reject it.")


@admin.register(TransitionRequest)
class TransitionRequestAdmin(SiteAdmins):
    list_display = ["__str__", "state_chip", "requested_by", "requested_at", "decided_by", "decided_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["version__model", "requested_by", "decided_by"]
    search_fields = ["version__model__name", "requested_by__username", "target"]
    form = DecisionForm
    shown = [
        *("version", "target", "state_chip", "requested_by", "requested_at", "reason", "expires_at"),
        *("what_changed", "check_results", "all_evidence"),
    ]
    closed = ["decided_by", "decided_at", "decision_comment"]
    # each is decided on its own page, on what it shows: there is no approving of many
    inlines = [ApprovalRows]

    def get_fields(self, request, obj=None):
        return [*self.shown, "decision", "answer", "seen"] if self._is_open(obj) else [*self.shown, *self.closed]

    def get_readonly_fields(self, request, obj=None):
        return [*self.shown, *self.closed]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        # it is part of the history
        return False

    def has_change_permission(self, request, obj=None):
        return self.has_view_permission(request) and (obj is None or self._is_open(obj))

    def _is_open(self, obj) -> bool:
        return obj is not None and TransitionRequest.objects.open().filter(pk=obj.pk).exists()

    @admin.display(description="State", ordering="state")
    def state_chip(self, row):
        return chip(row.get_state_display(), REQUESTS.get(row.state, ""))

    @admin.display(description="Why")
    def reason(self, row):
        return row.comment

    @admin.display(description="Changed since it was last looked at")
    def what_changed(self, row):
        if row.state != TransitionRequest.State.OPEN:
            return ""
        found = evidence.changes(row.evidence, evidence.of(row.version, row.kind, row.target))
        return format_html_join("", "<p>{}</p>", ((text,) for text in found)) if found else "Nothing"

    @admin.display(description="Checks")
    def check_results(self, row):
        policy = policies.of(row.version.model, row.kind, row.target)
        found = checks.results(policy, row.version)
        parts = ((chip(result.state, CHECKS[result.state]), result.name, result.reason) for result in found)
        return format_html_join("", "<p>{} {}: {}</p>", parts) if found else "The policy asks for none."

    @admin.display(description="Evidence")
    def all_evidence(self, row):
        return format_html("<pre>{}</pre>", json.dumps(_evidence(row), indent=2, ensure_ascii=False))

    def response_change(self, request, obj):
        row = TransitionRequest.objects.get(pk=obj.pk)
        waits = row.state == TransitionRequest.State.OPEN
        text = "Your approval is recorded; the request waits for more." if waits else f"The request is {row.state}."
        self.message_user(request, text, messages.SUCCESS)
        return self.response_post_save_change(request, obj)
