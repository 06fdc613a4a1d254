from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.access import Level
from accounts.granted import Granted, GrantedQuerySet, GrantQuerySet
from core.fields import CodePointCharField, CodePointTextField


class ExperimentQuerySet(GrantedQuerySet):
    def loggable_by(self, user):
        return self.at_level(user, Level.LOG)

    def active(self):
        return self.filter(deleted_at=None)

    def deleted(self):
        return self.exclude(deleted_at=None)


class Experiment(Granted, models.Model):
    """A named collection of runs; its key is its id on the wire, and 0 is the one named Default."""

    DEFAULT_ID = 0

    name = CodePointCharField(max_length=500, unique=True, help_text="a / is a folder in pages")
    artifact_location = models.CharField(max_length=2048)
    is_private = models.BooleanField(default=False, help_text="only those with a grant know of it")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    creation_time_ms = models.BigIntegerField()
    last_update_time_ms = models.BigIntegerField(help_text="of its name or lifecycle; tags do not count")
    deleted_at = models.DateTimeField(null=True, blank=True)
    # denormalised by the actions on runs, so that lists count nothing
    num_runs = models.BigIntegerField(default=0, help_text="runs that are not deleted")
    last_activity_ms = models.BigIntegerField(default=0, help_text="start of the newest run")

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        indexes = [
            # the client's default order
            models.Index(fields=["-creation_time_ms", "id"], name="experiment_by_creation"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("experiment-detail", args=[self.pk])

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class ExperimentTag(models.Model):
    """A key and its value on an experiment."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="tags")
    key = CodePointCharField(max_length=250)
    value = CodePointTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["experiment", "key"], name="experiment_tag_key_once")]

    def __str__(self):
        return f"{self.key}={self.value}"


class ExperimentGrant(models.Model):
    """A level on one experiment, given to one user or one group."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="experiment_grants",
    )
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE, related_name="experiment_grants")
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    granted_at = models.DateTimeField(auto_now_add=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, group__isnull=False) | Q(user__isnull=False, group=None),
                name="grant_is_to_user_or_group",
            ),
            models.UniqueConstraint(
                fields=["user", "experiment"], condition=Q(user__isnull=False), name="grant_once_to_user"
            ),
            models.UniqueConstraint(
                fields=["group", "experiment"], condition=Q(group__isnull=False), name="grant_once_to_group"
            ),
        ]

    def __str__(self):
        return f"{self.user or self.group} may {self.get_level_display().lower()}"
