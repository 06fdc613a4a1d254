from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from core.fields import CodePointCharField, CodePointTextField
from registry.models.registered_model import RegisteredModel
from tracker.models import LoggedModel, Run


class ModelVersionQuerySet(models.QuerySet):
    def active(self):
        """Versions that exist on the wire: neither they nor their model are deleted."""
        return self.filter(deleted_at=None, model__deleted_at=None)

    def visible_to(self, user):
        return self.filter(model__in=RegisteredModel.objects.visible_to(user))

    def in_stage(self, stage: str):
        """Versions in a stage; of one of the wire, also those in stages that policies add and that show as it."""
        field = "stage" if stage in ModelVersion.Stage.values else "added_stage"
        return self.filter(**{field: stage})

    def latest_of_stages(self, *by):
        """Of versions that are there, the one with the highest number in each stage of each model; `by` tells apart more.

        They come by model and stage.
        """
        groups = ("model", "stage", *by)
        # a look into the index for each row; to rank whole rows costs three times as much
        same = ModelVersion.objects.filter(deleted_at=None, **{name: models.OuterRef(name) for name in groups})
        return self.filter(pk=models.Subquery(same.order_by("-version").values("pk")[:1])).order_by(*groups)


class ModelVersion(models.Model):
    """A numbered version of a registered model: what it was made from, where its files are, and the stage it is in."""

    class Stage(models.TextChoices):
        NONE = "None"
        STAGING = "Staging"
        PRODUCTION = "Production"
        ARCHIVED = "Archived"

    # the only one there is: files are in place before a version is registered
    STATUS = "READY"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    description = models.TextField(blank=True)
    source = CodePointTextField(help_text="as the client sent it")
    storage_location = models.TextField(help_text="where the files are, resolved when it was registered")
    run_id = CodePointCharField(max_length=256, blank=True, help_text="as text that outlives the run")
    logged_model_id = CodePointCharField(max_length=256, blank=True, help_text="model_id on the wire, as text")
    # what it stands on, which cannot be purged while the version is there
    source_run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="model_versions")
    source_model = models.ForeignKey(LoggedModel, null=True, on_delete=models.PROTECT, related_name="model_versions")
    run_link = models.TextField(blank=True)
    stage = CodePointCharField(max_length=10, choices=Stage.choices, default=Stage.NONE)
    added_stage = CodePointCharField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text="one that a policy adds, shown as `stage` on the wire",
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    token_id = models.BigIntegerField(null=True, help_text="the API token that registered it")
    creation_time_ms = models.BigIntegerField()
    last_updated_time_ms = models.BigIntegerField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="model_version_number_once"),
            models.CheckConstraint(
                condition=Q(stage__in=["None", "Staging", "Production", "Archived"]), name="model_version_stage"
            ),
        ]
        indexes = [
            # the latest of each stage
            models.Index(
                fields=["model", "stage", "-version"], condition=Q(deleted_at=None), name="model_version_by_stage"
            ),
            # the client's default order, and by age; partial as every search is, else SQLite prefers the one above
            models.Index(
                fields=["-last_updated_time_ms", "id"], condition=Q(deleted_at=None), name="model_version_by_update"
            ),
            models.Index(
                fields=["-creation_time_ms", "id"], condition=Q(deleted_at=None), name="model_version_by_creation"
            ),
            # what was registered from a run
            models.Index(fields=["run_id"], name="model_version_by_run"),
        ]

    def __str__(self):
        return f"{self.model} version {self.version}"

    def get_absolute_url(self):
        if self.model.is_deleted:
            return f"{self.model.get_absolute_url()}#v{self.version}"
        return reverse("version-detail", args=[self.model.name, self.version])

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def place(self) -> str:
        """The stage that it is in: one that a policy adds, else that of the wire."""
        return self.added_stage or self.stage

    def is_at(self, kind: str, target: str) -> bool:
        """Return whether it is in a stage, or an alias leads to it."""
        return self.place == target if kind == "stage" else self.aliases.filter(name=target).exists()


class ModelVersionTag(models.Model):
    """A key and its value on a model version."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="tags")
    key = CodePointCharField(max_length=250)
    value = CodePointTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "key"], name="model_version_tag_key_once")]

    def __str__(self):
        return f"{self.key}={self.value}"


class Alias(models.Model):
    """A name that leads to one version of a model, and may be moved to another."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="aliases")
    name = CodePointCharField(max_length=255)
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="alias_once_in_model")]

    def __str__(self):
        return self.name
