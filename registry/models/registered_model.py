from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.access import Level
from accounts.granted import Granted, GrantedQuerySet, GrantQuerySet
from core.fields import CodePointCharField, CodePointTextField


class RegisteredModelQuerySet(GrantedQuerySet):
    def registrable_by(self, user):
        """Models to which `user` may add versions: what the site's default allows by Log, a grant by Edit."""
        return self.at_level(user, Level.LOG)

    def active(self):
        return self.filter(deleted_at=None)

    def deleted(self):
        """Models that are off the wire, of which several may have had one name."""
        return self.exclude(deleted_at=None)


class RegisteredModel(Granted, models.Model):
    """A name under which versions of a model are registered; a deleted one keeps its rows and frees its name."""

    name = CodePointCharField(max_length=256)
    description = models.TextField(blank=True)
    is_private = models.BooleanField(default=False, help_text="only those with a grant know of it")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    token_id = models.BigIntegerField(null=True, help_text="the API token that created it")
    creation_time_ms = models.BigIntegerField()
    last_updated_time_ms = models.BigIntegerField()
    last_version = models.PositiveIntegerField(default=0, help_text="the highest number that was ever given")
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = RegisteredModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(deleted_at=None), name="registered_model_name_once"),
        ]
        indexes = [
            # lists by what changed last
            models.Index(fields=["-last_updated_time_ms", "id"], name="registered_model_by_update"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        # its name may be another model's by now
        return (
            reverse("deleted-model", args=[self.pk]) if self.is_deleted else reverse("model-detail", args=[self.name])
        )

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class RegisteredModelTag(models.Model):
    """A key and its value on a registered model."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="tags")
    key = CodePointCharField(max_length=250)
    value = CodePointTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="registered_model_tag_key_once")]

    def __str__(self):
        return f"{self.key}={self.value}"


class ModelGrant(models.Model):
    """A level on one registered model, given to one user or one group."""

    LEVELS = (Level.VIEW, Level.EDIT, Level.MANAGE)

    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="model_grants"
    )
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE, related_name="model_grants")
    level = models.PositiveSmallIntegerField(choices=[(level.value, level.label) for level in LEVELS])
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    granted_at = models.DateTimeField(auto_now_add=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, group__isnull=False) | Q(user__isnull=False, group=None),
                name="model_grant_is_to_user_or_group",
            ),
            models.CheckConstraint(condition=Q(level__in=[10, 30, 40]), name="model_grant_level"),
            models.UniqueConstraint(
                fields=["user", "model"], condition=Q(user__isnull=False), name="model_grant_once_to_user"
            ),
            models.UniqueConstraint(
                fields=["group", "model"], condition=Q(group__isnull=False), name="model_grant_once_to_group"
            ),
        ]

    def __str__(self):
        return f"{self.user or self.group} may {self.get_level_display().lower()}"
