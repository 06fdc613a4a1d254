"""What every admin page of Assay stands on, and those of background jobs and the audit log."""

import hmac
import json

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.utils.html import format_html
from django.utils.text import capfirst

from core import audit_pages, sealer
from core.actions import comments, jobs
from core.errors import DomainError
from core.models import AuditEvent, AuditSeal, Comment, CommentRevision, Job

CHIPS = {"queued": "accent", "running": "live", "done": "good", "failed": "bad", "cancelled": "warn"}


class ActionForm(forms.ModelForm):
    """A form whose answer goes through actions; what they refuse stands above its fields."""

    by = None  # who sends it

    def act(self):
        """Call the actions; return the object, which exists now. Raises DomainError."""
        raise NotImplementedError

    def _post_clean(self):
        # behind Django's own validation, and all of it or nothing
        super()._post_clean()
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.acted_on = self.act()
        except DomainError as error:
            self.add_error(None, error.message)

    def save(self, commit=True):
        self.save_m2m = lambda: None
        return self.acted_on


class SiteAdmins(admin.ModelAdmin):
    """Pages for site admins. They show; what changes something is an ActionForm or a button that calls an action."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def save_model(self, request, obj, form, change):
        """Nothing: the form's actions did it."""

    def save_related(self, request, form, formsets, change):
        """Nothing: the form's actions did it."""

    def construct_change_message(self, request, form, formsets, add=False):
        # what was done stands in the audit log; Django looks for rows that formsets saved, which are none
        return []

    def has_module_permission(self, request):
        return request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request, obj=None):
        return self.has_module_permission(request)

    has_add_permission = has_module_permission
    has_change_permission = has_delete_permission = has_view_permission

    def changelist_view(self, request, extra_context=None):
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def view_on_site(self, obj):
        """Lead to the page of the portal, without the detour by the Host header that is Django's."""
        return obj.get_absolute_url() if hasattr(obj, "get_absolute_url") else None

    def each(self, request, rows, act, done: str) -> None:
        """Call `act(row, by=…)` for each and tell what came of it; `done` such as "revoked"."""
        num_done = 0
        for row in rows:
            try:
                act(row, by=request.user)
                num_done += 1
            except DomainError as error:
                self.message_user(request, f"{row}: {error.message}", messages.ERROR)
        if num_done:
            self.message_user(request, f"{num_done} {done}.", messages.SUCCESS)


class ReadOnly(SiteAdmins):
    """Nothing is added, changed or deleted here."""

    def has_add_permission(self, request, obj=None):
        return False

    has_change_permission = has_delete_permission = has_add_permission


def chip(text: str, kind: str = "") -> str:
    return format_html('<span class="chip {}">{}</span>', kind, text)


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ["__str__", "status", "percent", "doing", "attempts", "created_by", "created_at", "finished_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["created_by"]
    search_fields = ["kind", "error"]
    actions = ["cancel", "retry", "dismiss"]

    @admin.display(description="State", ordering="state")
    def status(self, job):
        return chip(job.get_state_display(), CHIPS.get(job.state, ""))

    @admin.display(description="Progress")
    def percent(self, job):
        return f"{job.progress:.0%}" if job.state == Job.State.RUNNING else ""

    @admin.action(description="Cancel")
    def cancel(self, request, queryset):
        self.each(request, queryset, jobs.cancel, "cancelled")

    @admin.action(description="Try again")
    def retry(self, request, queryset):
        self.each(request, queryset, jobs.retry, "queued again")

    @admin.action(description="Dismiss failed ones")
    def dismiss(self, request, queryset):
        self.each(request, queryset, jobs.dismiss, "dismissed")


class KindFilter(admin.SimpleListFilter):
    """What kind of object the event is about."""

    title = "about"
    parameter_name = "object_kind"

    def lookups(self, request, model_admin):
        kinds = AuditEvent.objects.order_by("object_kind").values_list("object_kind", flat=True).distinct()
        return [(kind, kind) for kind in kinds]

    def queryset(self, request, queryset):
        return queryset.filter(object_kind=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ["at", "actor", "action", "object_kind", "object_text", "is_sealed"]
    list_display_links = ["at", "action"]
    list_filter = ["at", KindFilter]
    list_select_related = ["seal"]
    search_fields = ["actor", "action", "object_text", "object_id"]
    fields = [
        *("at", "actor", "actor_id", "token_id", "action"),
        *("object_kind", "object_id", "object_text", "page", "all_details", "seal_state"),
    ]

    @admin.display(description="Sealed", boolean=True)
    def is_sealed(self, event):
        return hasattr(event, "seal")

    @admin.display(description="Page")
    def page(self, event):
        """The page of what the event is about, or the one that says what became of it."""
        address = audit_pages.address_of(event)
        return format_html('<a href="{0}">{0}</a>', address) if address else "–"

    @admin.display(description="Details")
    def all_details(self, event):
        return format_html("<pre>{}</pre>", json.dumps(event.details, indent=2, ensure_ascii=False))

    @admin.display(description="Seal")
    def seal_state(self, event):
        """Whether this event and its seal fit the seal before it; `manage.py verify_audit` looks at the whole chain."""
        if not hasattr(event, "seal"):
            return chip("Not sealed yet", "warn")
        seal = event.seal
        before = AuditSeal.objects.filter(sequence=seal.sequence - 1).first()
        previous = before.mac if before else sealer.START
        if hmac.compare_digest(sealer.mac_of(event, seal.sequence, previous), seal.mac):
            return chip(f"Seal {seal.sequence} fits", "good")
        return chip(f"Seal {seal.sequence} does not fit: this event or its seal was altered", "bad")

    def changelist_view(self, request, extra_context=None):
        head = sealer.head()
        end = f"The chain of seals has {head.sequence} links, the last is {head.mac[:12]}" if head else "No seal yet"
        subtitle = f"{end}; manage.py verify_audit checks it from its beginning."
        return super().changelist_view(request, {"subtitle": subtitle, **(extra_context or {})})


class RevisionInline(admin.TabularInline):
    """What a comment said before."""

    model = CommentRevision
    fields = readonly_fields = ["text", "replaced_at"]
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    has_change_permission = has_add_permission


class CommentForm(ActionForm):
    """What a comment says."""

    class Meta:
        model = Comment
        fields = ["text"]

    def act(self) -> Comment:
        return comments.edit(self.instance, self.cleaned_data["text"].replace("\r\n", "\n"), by=self.by)


@admin.register(Comment)
class CommentAdmin(ReadOnly):
    form = CommentForm
    list_display = ["__str__", "author", "kind", "beginning", "created_at", "edited_at", "deleted_at"]
    list_filter = ["kind", ("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["author"]
    search_fields = ["text", "author__username"]
    ordering = ["-pk"]
    fields = ["author", "kind", "object_id", "text", "created_at", "edited_at", "deleted_at"]
    readonly_fields = [name for name in fields if name != "text"]
    inlines = [RevisionInline]

    def has_change_permission(self, request, obj=None):
        # nobody puts words into somebody else's mouth
        return self.has_view_permission(request) and (
            obj is not None and obj.author_id == request.user.pk and obj.deleted_at is None
        )

    @admin.display(description="Text")
    def beginning(self, comment):
        return comment.text[:100]


# admin.autodiscover looks for this module alone
from core import webhook_admin  # noqa: E402, F401
