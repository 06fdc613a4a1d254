"""Experiments, who has which level on them, and what is cleaned up, for site admins; what people do with runs, they do in the pages."""

from django import forms
from django.contrib import admin

from core.admin import ActionForm, ReadOnly, SiteAdmins, chip
from core.errors import InvalidValue
from tracker.actions import clean_up, grants, quotas, retention, run_holds
from tracker.models import CleanupReport, Experiment, ExperimentGrant, Hold, RetentionPolicy, Run, StorageQuota
from tracker.retention import Rules


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


class RetentionForm(ActionForm):
    """For how long runs stay; of the site where no experiment is chosen."""

    class Meta:
        model = RetentionPolicy
        fields = ["experiment", *Rules.__dataclass_fields__, "is_daily"]
        labels = {"is_large_good": "More is better", "is_daily": "Carried out every day"}

    def act(self) -> RetentionPolicy:
        given = dict(self.cleaned_data)
        about, is_daily = given.pop("experiment", self.instance.experiment), given.pop("is_daily")
        lists = {name: given[name] or [] for name in ("statuses", "keep_tags")}
        for name, value in lists.items():
            if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
                raise InvalidValue(f"{name} is a list of texts, such as [“paper”].")
        return retention.set(about, Rules(**{**given, **lists}), is_daily=is_daily, by=self.by)


@admin.register(RetentionPolicy)
class RetentionPolicyAdmin(SiteAdmins):
    list_display = ["__str__", "trash_after_days", "purge_after_days", "is_daily", "updated_by", "updated_at"]
    list_select_related = ["experiment", "updated_by"]
    ordering = ["pk"]
    form = RetentionForm
    fields = RetentionForm.Meta.fields
    actions = ["look"]

    def get_readonly_fields(self, request, obj=None):
        # whose a policy is, is not changed, but another one made
        return ["experiment"] if obj else []

    @admin.action(description="Make a dry run")
    def look(self, request, queryset):
        self.each(request, queryset.select_related("experiment"), clean_up.look, "asked for")

    def delete_model(self, request, obj):
        retention.remove(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        for policy in queryset:
            self.delete_model(request, policy)


class QuotaForm(ActionForm):
    """How much an experiment should store; every one where none is chosen."""

    class Meta:
        model = StorageQuota
        fields = ["experiment", "limit_bytes"]
        labels = {"limit_bytes": "Limit in bytes"}

    def act(self) -> StorageQuota:
        about = self.cleaned_data.get("experiment", self.instance.experiment)
        return quotas.set(about, self.cleaned_data["limit_bytes"], by=self.by)


@admin.register(StorageQuota)
class StorageQuotaAdmin(SiteAdmins):
    list_display = ["__str__", "limit_bytes", "updated_by", "updated_at"]
    list_select_related = ["experiment", "updated_by"]
    search_fields = ["experiment__name"]
    ordering = ["pk"]
    form = QuotaForm
    fields = QuotaForm.Meta.fields

    def get_readonly_fields(self, request, obj=None):
        # whose a limit is, is not changed, but another one set
        return ["experiment"] if obj else []

    def delete_model(self, request, obj):
        quotas.remove(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        for quota in queryset:
            self.delete_model(request, quota)


@admin.register(CleanupReport)
class CleanupReportAdmin(ReadOnly):
    list_display = ["__str__", "state", "num_trash", "num_purge", "purge_bytes", "created_by", "created_at"]
    list_filter = ["state"]
    list_select_related = ["created_by"]
    search_fields = ["scope"]
    ordering = ["-pk"]
    actions = ["carry_out"]

    @admin.action(description="Carry out")
    def carry_out(self, request, queryset):
        self.each(request, queryset.select_related("experiment"), clean_up.carry_out, "under way")


class HoldForm(ActionForm):
    """What stays whatever a policy says: a run by its id, or an experiment."""

    run_id = forms.CharField(max_length=32, required=False, strip=True, help_text="Its id; empty for an experiment.")

    class Meta:
        model = Hold
        fields = ["kind", "run_id", "experiment", "reason"]

    def act(self) -> Hold:
        given = self.cleaned_data
        if bool(given["run_id"]) == bool(given["experiment"]):
            raise InvalidValue("Name either a run or an experiment.")
        about = given["experiment"] or Run.objects.visible_to(self.by).filter(run_id=given["run_id"]).first()
        if about is None:
            raise InvalidValue("There is no run of this id.")
        return run_holds.place(about, given["kind"], reason=given["reason"], by=self.by)


@admin.register(Hold)
class HoldAdmin(ReadOnly):
    form = HoldForm
    list_display = ["__str__", "kind", "reason", "created_by", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["run", "experiment", "created_by"]
    ordering = ["-pk"]
    actions = ["lift"]

    def has_add_permission(self, request, obj=None):
        return self.has_module_permission(request)

    def get_fields(self, request, obj=None):
        return ["kind", "run" if obj else "run_id", "experiment", "reason", *(["created_by"] if obj else [])]

    @admin.action(description="Lift")
    def lift(self, request, queryset):
        self.each(request, queryset.select_related("run", "experiment"), _lift, "lifted")


def _lift(hold: Hold, *, by) -> None:
    run_holds.lift(hold.run or hold.experiment, hold.kind, by=by)
