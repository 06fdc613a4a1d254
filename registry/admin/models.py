"""Models, versions, their history, and who has which level: to look at, a grant to take back."""

from django.contrib import admin

from core.admin import ReadOnly, chip
from registry.actions import grants
from registry.admin.rows import Rows
from registry.models import Alias, ModelGrant, ModelVersion, RegisteredModel, StageEvent

STAGES = {"Production": "good", "Staging": "gold", "Archived": "warn"}


class GrantRows(Rows):
    model = ModelGrant
    fields = readonly_fields = ["user", "group", "level", "granted_by", "granted_at"]


class AliasRows(Rows):
    model = Alias
    fields = readonly_fields = ["name", "version"]


@admin.register(RegisteredModel)
class RegisteredModelAdmin(ReadOnly):
    list_display = ["name", "state", "last_version", "created_by", "deleted_at"]
    list_filter = ["is_private", ("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["created_by"]
    search_fields = ["name"]
    ordering = ["-pk"]
    fields = ["id", "name", "description", "is_private", "created_by", "last_version", "deleted_at"]
    inlines = [AliasRows, GrantRows]

    @admin.display(description="State")
    def state(self, model):
        if model.is_deleted:
            return chip("Deleted", "bad")
        return chip("Private", "gold") if model.is_private else chip("Team")


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnly):
    list_display = ["__str__", "stage_chip", "run_id", "created_by", "deleted_at"]
    list_filter = ["stage", ("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["model", "created_by"]
    search_fields = ["model__name", "run_id", "logged_model_id"]
    ordering = ["-pk"]
    fields = [
        *("model", "version", "stage_chip", "description", "source", "storage_location", "run_id"),
        *("logged_model_id", "created_by", "deleted_at"),
    ]

    @admin.display(description="Stage", ordering="stage")
    def stage_chip(self, version):
        return chip("Deleted", "bad") if version.is_deleted else chip(version.place, STAGES.get(version.stage, ""))


class CameTo(admin.SimpleListFilter):
    """The stage that versions came to; events of aliases name none, for which Django's filter has a link without words."""

    title = "stage they came to"
    parameter_name = "to_stage"

    def lookups(self, request, model_admin):
        return [*ModelVersion.Stage.choices, (StageEvent.DELETED, StageEvent.DELETED)]

    def queryset(self, request, queryset):
        return queryset.filter(to_stage=self.value()) if self.value() else queryset


@admin.register(StageEvent)
class StageEventAdmin(ReadOnly):
    list_display = ["at", "__str__", "moved_from", "actor", "mark", "request"]
    list_display_links = None
    list_filter = ["kind", CameTo, "is_bypass", "is_unreviewed"]
    list_select_related = ["version__model", "request__version__model"]
    search_fields = ["version__model__name", "actor", "alias"]
    ordering = ["-pk"]

    @admin.display(description="From")
    def moved_from(self, event):
        return event.from_stage or (f"version {event.from_version}" if event.from_version else "")

    @admin.display(description="Marks")
    def mark(self, event):
        if event.is_bypass:
            return chip("Policy bypassed", "bad")
        if event.is_unreviewed:
            return chip("Unreviewed", "warn")
        return chip("Side effect") if event.is_side_effect else ""


@admin.register(ModelGrant)
class ModelGrantAdmin(ReadOnly):
    list_display = ["model", "user", "group", "level", "granted_by", "granted_at"]
    list_display_links = None
    list_filter = ["level", "group"]
    list_select_related = ["model", "user", "group", "granted_by"]
    search_fields = ["model__name", "user__username", "group__name"]
    ordering = ["-pk"]
    actions = ["revoke"]

    @admin.action(description="Take back")
    def revoke(self, request, queryset):
        self.each(request, queryset.select_related("model"), _revoke, "taken back")


def _revoke(grant: ModelGrant, *, by) -> None:
    grants.revoke(grant.model, grant.pk, by=by)
