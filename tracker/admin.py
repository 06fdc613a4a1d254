"""Experiments and who has which level on them, for site admins; what people do with runs, they do in the pages."""

from django.contrib import admin

from core.admin import ReadOnly, chip
from tracker.actions import grants
from tracker.models import Experiment, ExperimentGrant


class GrantInline(admin.TabularInline):
    """Who has which level; given and taken back on the experiment's page for sharing."""

    model = ExperimentGrant
    fields = readonly_fields = ["user", "group", "level", "granted_by", "granted_at"]
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    has_change_permission = has_add_permission


@admin.register(Experiment)
class ExperimentAdmin(ReadOnly):
    list_display = ["name", "state", "num_runs", "created_by", "deleted_at"]
    list_filter = ["is_private", ("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["created_by"]
    search_fields = ["name"]
    ordering = ["-pk"]
    fields = ["id", "name", "is_private", "artifact_location", "created_by", "num_runs", "deleted_at"]
    inlines = [GrantInline]

    @admin.display(description="State")
    def state(self, experiment):
        if experiment.is_deleted:
            return chip("In the trash", "bad")
        return chip("Private", "gold") if experiment.is_private else chip("Team")


@admin.register(ExperimentGrant)
class ExperimentGrantAdmin(ReadOnly):
    list_display = ["experiment", "user", "group", "level", "granted_by", "granted_at"]
    list_display_links = None
    list_filter = ["level", "group"]
    list_select_related = ["experiment", "user", "group", "granted_by"]
    search_fields = ["experiment__name", "user__username", "group__name"]
    ordering = ["-pk"]
    actions = ["revoke"]

    @admin.action(description="Take back")
    def revoke(self, request, queryset):
        self.each(request, queryset.select_related("experiment"), _revoke, "taken back")


def _revoke(grant: ExperimentGrant, *, by) -> None:
    grants.revoke(grant.experiment, grant.pk, by=by)
