"""Users, service accounts, groups and tokens, for site admins."""

import copy
from functools import partial

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import AdminPasswordChangeForm, UsernameField
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.html import format_html

from accounts.actions import groups, identities, resets, second_factors, tokens, users
from accounts.models import ApiToken, User
from core.admin import ActionForm, ReadOnly, SiteAdmins, chip
from core.errors import DomainError

# of a selection; each is to be handed to one person
MAX_LINKS = 20
LABELS = {"is_superuser": "Site admin"}
HELP = {
    "username": "",
    "is_service": "For programs: it has tokens, no password, and no sign-in.",
    "is_superuser": "Sees and manages everything, this administration included.",
    "is_active": "Without it nobody signs in with this account, and its tokens end for good.",
}


def checks(rows, help_text="") -> forms.ModelMultipleChoiceField:
    """A list to tick, which needs no script."""
    widget = forms.CheckboxSelectMultiple({"class": "checks"})
    return forms.ModelMultipleChoiceField(rows, required=False, widget=widget, help_text=help_text)


class AddUserForm(ActionForm):
    """Somebody who signs in with a password, or a service account, which has none."""

    password = forms.CharField(
        required=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text="At least twelve characters. The person can change it; a service account has none.",
    )

    class Meta:
        model = User
        fields = ["username", "is_service", "password", "first_name", "last_name", "email", "is_superuser"]
        field_classes = {"username": UsernameField}
        labels, help_texts = LABELS, HELP

    def act(self) -> User:
        given = self.cleaned_data
        if given["is_service"]:
            return users.create_service_account(given["username"], by=self.by)
        others = {name: given[name] for name in users.FIELDS if name != "username"}
        return users.create(given["username"], given["password"], by=self.by, **others)


class ChangeUserForm(ActionForm):
    groups = checks(Group.objects.order_by("name"), "What is shared with a group is shared with its members.")

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "is_active", "is_superuser", "groups"]
        field_classes = {"username": UsernameField}
        labels, help_texts = LABELS, HELP

    def act(self) -> User:
        user, given = self.instance, self.cleaned_data
        users.change(user, by=self.by, **{name: given[name] for name in users.FIELDS})
        users.set_groups(user, given["groups"], by=self.by)
        if "is_active" in self.changed_data:
            (users.activate if given["is_active"] else users.deactivate)(user, by=self.by)
        return user


class PasswordForm(AdminPasswordChangeForm):
    """A new password for somebody who lost theirs."""

    def __init__(self, user, *args, by, **kwargs):
        super().__init__(user, *args, **kwargs)
        self.by = by
        self.fields.pop("usable_password", None)
        for name in ("password1", "password2"):
            self.fields[name].required = True
        self.fields["password1"].help_text = "At least twelve characters."

    def save(self, commit=True):
        users.set_password(self.user, self.cleaned_data["password1"], by=self.by)
        return self.user


@admin.register(User)
class UserAdmin(SiteAdmins, auth_admin.UserAdmin):
    list_display = ["username", "display_name", "email", "kind", "state", "last_login", "date_joined"]
    list_filter = ["is_active", "is_superuser", "is_service", "groups"]
    fieldsets = [
        (None, {"fields": ["username", "password_state", "api_tokens"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Rights", {"fields": ["is_active", "is_superuser", "groups"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["password_state", "api_tokens", "last_login", "date_joined"]
    add_fieldsets = [(None, {"fields": AddUserForm.Meta.fields})]
    add_form, form = AddUserForm, ChangeUserForm
    add_form_template = None
    change_user_password_template = "admin/set_password.html"
    filter_horizontal = []
    actions = ["activate", "deactivate", "unlock", "reset_link", "remove_second_factors", "unlink_identity"]

    def has_delete_permission(self, request, obj=None):
        # what somebody did stays theirs; who leaves is deactivated
        return False

    @admin.display(description="Kind", ordering="is_service")
    def kind(self, user):
        if user.is_service:
            return "Service account"
        return chip("Site admin", "gold") if user.is_superuser else "Person"

    @admin.display(description="State", ordering="is_active")
    def state(self, user):
        return chip("Active", "good") if user.is_active else chip("Deactivated", "bad")

    @admin.display(description="Password")
    def password_state(self, user):
        if user.is_service:
            return "None: a service account carries tokens."
        address = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a href="{}">Set a new one</a>', address)

    @admin.display(description="Tokens")
    def api_tokens(self, user):
        """How many, and where they are looked at; those of a service account are made there too."""
        num = ApiToken.objects.usable().filter(user=user).count()
        if user.is_service and user.is_active:
            address = reverse("service-token-list", args=[user.username])
            return format_html('<a href="{}">{} in use, make or revoke them</a>', address, num)
        address = reverse("admin:accounts_apitoken_changelist")
        return format_html('<a href="{}?user__id__exact={}">{} in use</a>', address, user.pk, num)

    def user_change_password(self, request, id, form_url=""):
        own = copy.copy(self)
        own.change_password_form = partial(PasswordForm, by=request.user)
        return auth_admin.UserAdmin.user_change_password(own, request, id, form_url)

    @admin.action(description="Deactivate")
    def deactivate(self, request, queryset):
        self.each(request, queryset, users.deactivate, "deactivated")

    @admin.action(description="Activate")
    def activate(self, request, queryset):
        self.each(request, queryset, users.activate, "activated")

    @admin.action(description="Unlock after too many wrong passwords")
    def unlock(self, request, queryset):
        self.each(request, queryset, users.unlock, "may try again")

    @admin.action(description="Make a link to set a new password")
    def reset_link(self, request, queryset):
        """Show the links this once: each is for the person alone, works once, and for a day."""
        for user in queryset[:MAX_LINKS]:
            try:
                link = resets.link_for(user, by=request.user)
            except DomainError as error:
                self.message_user(request, f"{user.username}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, f"For {user.username}, once and within a day: {link}", messages.SUCCESS)

    @admin.action(description="Remove second factors, for who lost them")
    def remove_second_factors(self, request, queryset):
        self.each(request, queryset, second_factors.remove, "signs in with the password alone")

    @admin.action(description="Unlink single sign-on")
    def unlink_identity(self, request, queryset):
        self.each(request, queryset, identities.unlink, "is not linked any more")


class GroupForm(ActionForm):
    members = checks(User.objects.filter(is_active=True).order_by("username"))

    class Meta:
        model = Group
        fields = ["name", "members"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["members"].initial = self.instance.user_set.all()

    def act(self) -> Group:
        given = self.cleaned_data
        if not self.instance.pk:
            return groups.create(given["name"], given["members"], by=self.by)
        groups.rename(self.instance, given["name"], by=self.by)
        groups.set_members(self.instance, given["members"], by=self.by)
        return self.instance


admin.site.unregister(Group)
# django-allauth's own pages would change these past actions, and show secrets of second factors
for model in (Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)


@admin.register(Group)
class GroupAdmin(SiteAdmins):
    list_display = ["name", "people"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = ["name", "members"]
    form = GroupForm

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("user_set")

    @admin.display(description="Members")
    def people(self, group):
        return ", ".join(sorted(user.username for user in group.user_set.all())) or "nobody"

    def delete_model(self, request, obj):
        groups.delete(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        for group in queryset:
            groups.delete(group, by=request.user)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    list_display = ["name", "starts_with", "user", "scope", "state", "created_at", "last_used_at", "expires_at"]
    list_filter = ["scope", "revoked_at", ("user__is_service", admin.BooleanFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__username"]
    fields = ["name", "starts_with", "user", "scope", "created_at", "last_used_at", "expires_at", "revoked_at"]
    actions = ["revoke"]

    def lookup_allowed(self, lookup, value, request=None):
        # no asking for digests, a character at a time
        return "digest" not in lookup and super().lookup_allowed(lookup, value, request)

    @admin.display(description="Starts with", ordering="prefix")
    def starts_with(self, token):
        return format_html("<code>{}…</code>", token.prefix)

    @admin.display(description="State")
    def state(self, token):
        if token.revoked_at:
            return chip("Revoked")
        return chip("In use", "good") if token.is_usable and token.user.is_active else chip("Ended", "bad")

    @admin.action(description="Revoke")
    def revoke(self, request, queryset):
        self.each(request, queryset.select_related("user"), tokens.revoke, "revoked")
