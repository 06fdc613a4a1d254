"""Models and versions, of which some words change, their history, and who has which level: a grant to take back."""

from django import forms
from django.contrib import admin

from core.admin import ActionForm, ReadOnly, SiteAdmins, chip
from core.errors import InvalidValue
from registry import names
from registry.actions import grants, model_versions, registered_models
from registry.admin.rows import Rows
from registry.models import Alias, ModelGrant, ModelVersion, RegisteredModel, StageEvent

STAGES = {"Production": "good", "Staging": "gold", "Archived": "warn"}


class GrantRows(Rows):
    model = ModelGrant
    fields = readonly_fields = ["user", "group", "level", "granted_by", "granted_at"]


class AliasRows(Rows):
    model = Alias
    fields = readonly_fields = ["name", "version"]


class ModelForm(ActionForm):
    """What is changed of a model here: its name, what is said of it, and who knows of it."""

    class Meta:
        model = RegisteredModel
        fields = ["name", "description", "is_private"]
        labels = {"is_private": "Private"}
        help_texts = {"name": "Scripts that ask for the old name find nothing."}

    def clean_name(self) -> str:
        # here, since the page of a name that will not do has no address to lead to
        try:
            names.check_name(self.cleaned_data["name"])
        except InvalidValue as error:
            raise forms.ValidationError(error.message)
        return self.cleaned_data["name"]

    def act(self) -> RegisteredModel:
        given = self.cleaned_data
        held = registered_models.rename(self.instance, given["name"], by=self.by)
        held = registered_models.describe(held, given["description"].replace("\r\n", "\n"), by=self.by)
        grants.set_private(held, given["is_private"], by=self.by)
        return held


class VersionForm(ActionForm):
    """What is said of a version."""

    class Meta:
        model = ModelVersion
        fields = ["description"]

    def act(self) -> ModelVersion:
        given = self.cleaned_data["description"].replace("\r\n", "\n")
        return model_versions.describe(self.instance, given, by=self.by)


class Described(SiteAdmins):
    """What is made by scripts and on pages; here some words of it change while it is there."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        # pages say what goes along with it
        return False

    def has_change_permission(self, request, obj=None):
        return self.has_view_permission(request) and (obj is None or not obj.is_deleted)

    def get_readonly_fields(self, request, obj=None):
        return [name for name in self.fields if name not in self.form.Meta.fields]


@admin.register(RegisteredModel)
class RegisteredModelAdmin(Described):
    form = ModelForm
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
class ModelVersionAdmin(Described):
    form = VersionForm
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
