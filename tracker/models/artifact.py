from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.fields import CodePointCharField
from tracker.models.logged_model import LoggedModel
from tracker.models.run import Run


class BlobQuerySet(models.QuerySet):
    def unreferenced(self):
        """Blobs that no file needs: what they held was deleted or replaced."""
        return self.filter(artifacts=None)


class Blob(models.Model):
    """Bytes in storage under a random key; equal content is one blob, found by its sha256."""

    key = CodePointCharField(max_length=64, unique=True, null=True, help_text="null where the bytes are in pieces")
    size_bytes = models.BigIntegerField()
    sha256 = CodePointCharField(max_length=64, null=True, help_text="hex; null until the whole has been hashed")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BlobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sha256"], condition=Q(sha256__isnull=False), name="blob_content_once")
        ]

    def __str__(self):
        return self.key or f"blob {self.pk}, in pieces"

    @property
    def is_verified(self) -> bool:
        """Whether its hash is known; that of parts sent side by side is computed later."""
        return self.sha256 is not None


class ArtifactQuerySet(models.QuerySet):
    def below(self, folder: str):
        """Files in a folder and in its folders; "" is the root. A range that the index serves: 0 follows / in code points."""
        return self.filter(path__gt=f"{folder}/", path__lt=f"{folder}0") if folder else self

    def at_or_below(self, path: str):
        """The file at `path` and the files below it, if it is a folder."""
        return self.filter(Q(path=path) | Q(path__gt=f"{path}/", path__lt=f"{path}0")) if path else self


class Artifact(models.Model):
    """A file of a run or of a logged model, at a path below its root."""

    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="artifacts")
    model = models.ForeignKey(LoggedModel, null=True, on_delete=models.CASCADE, related_name="artifacts")
    path = CodePointCharField(max_length=1024, help_text="relative, /-separated, normalised")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="artifacts")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, help_text="of its present content")

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(run=None, model__isnull=False) | Q(run__isnull=False, model=None),
                name="artifact_has_one_owner",
            ),
            models.UniqueConstraint(
                fields=["run", "path"], condition=Q(run__isnull=False), name="artifact_once_in_run"
            ),
            models.UniqueConstraint(
                fields=["model", "path"], condition=Q(model__isnull=False), name="artifact_once_in_model"
            ),
        ]

    def __str__(self):
        return self.path
